// SACK as sender (RFC 2018, 6675), losses found by time (RACK-TLP, RFC 8985), repaired at the rate
// of PRR (RFC 9937), needless timeouts noticed (F-RTO, RFC 5682).
#pragma once

#include "stack/tcp/recovery.hpp"

namespace conker {

/// Handed to the stack with Stack::use(). It keeps nothing itself: one object serves all
/// connections.
class SackRecovery final : public Recovery {
 public:
  void on_sent(Connection& c, const Context& context, Seq begin, Seq end) const override;
  Reaction on_ack(Connection& c, const Context& context, const Ack& ack) const override;
  Range next_lost(const Connection& c, const Context& context) const override;
  std::uint32_t window(const Connection& c, const Context& context,
                       std::uint32_t offset) const override;
  Duration wait(Connection& c, const Context& context, bool armed) const override;
  Expiry on_timer(Connection& c, const Context& context) const override;
  Range probe(const Connection& c, const Context& context) const override;
  void on_probe_sent(Connection& c, const Context& context, bool resent) const override;
  void on_timeout(Connection& c, const Context& context) const override;

 private:
  bool repairing(const Connection& c, const Context& context) const override;
  std::uint32_t reduced(Connection& c, const Context& context) const override;
};

}  // namespace conker
