// HyStart++ (RFC 9406): ends the initial slow start when round trips grow longer, before a loss.
#pragma once

#include "stack/base/seq.hpp"
#include "stack/tcp/congestion.hpp"

namespace conker {

/// A view of Congestion::memory, which belongs to HyStart++ as long as ssthresh was never set. All
/// zeros is a connection that has sent nothing yet. Without SACK one segment per round trip is
/// timed, too few samples for a decision (N_RTT_SAMPLE): slow start then continues until a loss.
class HyStart {
 public:
  explicit HyStart(Congestion& c) : c_(c) {}

  /// Whether `c` is in its initial slow start, or in the conservative one (CSS) that follows.
  static bool in_charge(const Congestion& c) { return c.ssthresh == Congestion::kUnlimited; }

  /// Processes an ACK up to `una`; `nxt` is SND.NXT; `rtt` is 0 where the ACK gave no sample.
  void on_round_trip(Seq una, Seq nxt, Duration rtt);
  /// Grows the window for `acked` newly acknowledged bytes; only while the window was in use.
  void grow(std::uint32_t acked, std::uint16_t mss);

 private:
  void begin_round(Seq nxt);
  void take_sample(Duration rtt);
  std::uint32_t& word(std::size_t name) { return c_.memory[name]; }

  Congestion& c_;
};

}  // namespace conker
