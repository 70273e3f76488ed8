// How a connection finds out what was lost, and repairs it. Two ways, each an object that keeps
// nothing itself and serves all connections: by duplicate ACKs (duplicate_acks.hpp), which is
// always there, and by SACK (sack_recovery.hpp), which the embedder hands in, so that an image
// without it does not carry it. Which of them a flight of segments has is decided when its first
// one leaves (Held::begin_flight), and asked in one place (Held::recovery).
#pragma once

#include <cstdint>

#include "stack/base/chunk_pool.hpp"
#include "stack/base/counters.hpp"
#include "stack/tcp/connection.hpp"
#include "stack/tcp/scoreboard.hpp"
#include "stack/wire/tcp.hpp"

namespace conker {

class Recovery {
 public:
  struct Context {
    ChunkPool& pool;
    Counters& counters;
    const Settings& settings;
    const CongestionControls& controls;
    const Instant& now;

    const CongestionControl& control(const Connection& c) const {
      return controls.of(c.application.congestion);
    }
  };
  /// [begin, end) in sequence numbers; empty when there is nothing.
  struct Range {
    Seq begin, end;
    Resend why = Resend::kLost;
    bool empty() const { return begin == end; }
  };
  /// An ACK of no less than SND.UNA.
  struct Ack {
    const TcpSegment& segment;
    std::uint32_t window;  // SND.WND as it announces, bytes
    bool ece;              // it tells of a mark (RFC 3168)
  };
  /// What an ACK asks for.
  struct Reaction {
    bool output = false;         // something may have to be sent
    bool restart_timer = false;  // RFC 6298, 5.3; else wait() says when the timer is set
  };
  enum class Expiry : std::uint8_t { kNothing, kProbe, kTimeout };

  /// A segment leaves, before SND.NXT moves; also when it was sent before.
  virtual void on_sent(Connection& c, const Context& context, Seq begin, Seq end) const = 0;
  /// An ACK, while something is in flight, before SND.UNA moves to it. Moves the congestion window.
  virtual Reaction on_ack(Connection& c, const Context& context, const Ack& ack) const = 0;
  /// The next lost segment that the congestion window lets go.
  virtual Range next_lost(const Connection& c, const Context& context) const = 0;
  /// How far from SND.UNA the congestion window lets new data reach, where all that has gone
  /// reaches to `offset`.
  virtual std::uint32_t window(const Connection& c, const Context& context,
                               std::uint32_t offset) const = 0;
  /// How long the timer is to run while something is out; 0 where the one that is `armed` is right.
  /// What it runs for on_timer() acts upon.
  virtual Duration wait(Connection& c, const Context& context, bool armed) const = 0;
  /// The timer expired. kProbe: send what probe() says, or one new segment rather. kTimeout:
  /// on_timeout() follows.
  virtual Expiry on_timer(Connection& c, const Context& context) const = 0;
  virtual Range probe(const Connection& c, const Context& context) const = 0;
  virtual void on_probe_sent(Connection& c, const Context& context, bool resent) const = 0;
  virtual void on_timeout(Connection& c, const Context& context) const = 0;

  /// An ACK up to `ack` tells of a mark: as for a loss, once a window of data, and nothing is sent
  /// again (RFC 3168, 6.1.2).
  void on_ece(Connection& c, const Context& context, Seq ack) const {
    if (c.snd.all_acknowledged() || ack <= c.recovery.ecn_recover) return;
    c.recovery.ecn_recover = c.snd.nxt;
    c.pending.cwr = true;
    if (repairing(c, context)) return;  // it has been reduced already
    c.congestion.ssthresh = reduced(c, context);
    c.congestion.cwnd = c.congestion.ssthresh;
    context.counters.add(Count::ecn_reductions);
  }

 protected:
  ~Recovery() = default;

  virtual bool repairing(const Connection& c, const Context& context) const = 0;
  /// The ssthresh that a loss brings, reckoned from FlightSize (RFC 5681, (4)).
  virtual std::uint32_t reduced(Connection& c, const Context& context) const = 0;
};

}  // namespace conker
