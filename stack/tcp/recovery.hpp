// Repairing losses with SACK. An interface, so that an image without it does not carry it: without
// one, and towards peers without SACK, a connection repairs by duplicate ACKs alone
// (duplicate_acks.hpp).
#pragma once

#include <cstdint>

#include "stack/base/chunk_pool.hpp"
#include "stack/base/counters.hpp"
#include "stack/tcp/connection.hpp"
#include "stack/tcp/sent_log.hpp"
#include "stack/wire/tcp.hpp"

namespace conker {

class Recovery {
 public:
  struct Context {
    ChunkPool& pool;
    Counters& counters;
    const CongestionControl& control;
    Instant now;
    Duration rto;  // of this connection, as it stands
  };
  /// [begin, end) in sequence numbers; empty when there is nothing.
  struct Range {
    Seq begin, end;
    bool empty() const { return begin == end; }
  };
  enum class Expiry : std::uint8_t { kNothing, kProbe, kTimeout };

  /// A segment has left; also when it was sent before.
  virtual void on_sent(Connection& c, const Context& context, Seq begin, Seq end) const = 0;
  /// An ACK, before snd_una moves to it. Moves the congestion window.
  virtual void on_ack(Connection& c, const Context& context, const TcpSegment& segment) const = 0;
  /// The next lost segment that the congestion window lets go.
  virtual Range next_lost(const Connection& c, const Context& context) const = 0;
  /// Bytes of new data that the congestion window lets go.
  virtual std::uint32_t allowance(const Connection& c, const Context& context) const = 0;
  /// How long the timer is to run while something is out; and what for, which on_timer() acts upon.
  virtual Duration wait(Connection& c, const Context& context) const = 0;
  /// The timer expired. kProbe: send what probe() says, or one new segment rather. kTimeout:
  /// on_timeout() follows.
  virtual Expiry on_timer(Connection& c, const Context& context) const = 0;
  virtual Range probe(const Connection& c, const Context& context) const = 0;
  virtual void on_probe_sent(Connection& c, const Context& context, bool resent) const = 0;
  virtual void on_timeout(Connection& c, const Context& context) const = 0;

 protected:
  ~Recovery() = default;
};

}  // namespace conker
