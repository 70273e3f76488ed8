// The recovery of connections without SACK, and of those for whose scoreboard the pool has no
// chunk: losses told by duplicate ACKs (duplicate_acks.hpp) and by the retransmission timer (RFC
// 6298), round trips measured one at a time.
#pragma once

#include "stack/tcp/recovery.hpp"

namespace conker {

class DuplicateAckRecovery final : public Recovery {
 public:
  void on_sent(Connection& c, const Context& context, Seq begin, Seq end) const override;
  Reaction on_ack(Connection& c, const Context& context, const Ack& ack) const override;
  Range next_lost(const Connection&, const Context&) const override { return {}; }
  std::uint32_t window(const Connection& c, const Context&, std::uint32_t) const override {
    return c.congestion.cwnd + c.recovery.duplicates.extra_segments() * c.path.mss;
  }
  Duration wait(Connection& c, const Context& context, bool armed) const override {
    return armed ? Duration(0) : c.rto(context.settings);
  }
  Expiry on_timer(Connection&, const Context&) const override { return Expiry::kTimeout; }
  Range probe(const Connection&, const Context&) const override { return {}; }
  void on_probe_sent(Connection&, const Context&, bool) const override {}
  void on_timeout(Connection& c, const Context& context) const override;

 private:
  bool repairing(const Connection& c, const Context&) const override {
    return c.recovery.duplicates.recovering();
  }
  std::uint32_t reduced(Connection& c, const Context& context) const override;
  void on_progress(Connection& c, const Context& context, Seq ack) const;
};

}  // namespace conker
