// HyStart++ (RFC 9406): the initial slow start ends when round trips grow longer, before anything
// is lost.
#pragma once

#include "stack/base/seq.hpp"
#include "stack/tcp/congestion.hpp"

namespace conker {

/// A view of Congestion::memory, which is HyStart++'s as long as ssthresh was never set. Memory of
/// zeros is a connection that has sent nothing yet. Without SACK one segment a round trip is timed,
/// which is too few samples to judge by (N_RTT_SAMPLE): slow start then goes on until a loss.
class HyStart {
 public:
  explicit HyStart(Congestion& c) : c_(c) {}

  /// Whether `c` is in its initial slow start, or in the conservative one (CSS) that follows.
  static bool in_charge(const Congestion& c) { return c.ssthresh == Congestion::kUnlimited; }

  /// An ACK up to `una`, while everything before `nxt` has been sent; `rtt` is 0 where it measured
  /// nothing.
  void on_round_trip(Seq una, Seq nxt, Duration rtt);
  /// `acked` bytes were newly acknowledged while the window was in use.
  void grow(std::uint32_t acked, std::uint16_t mss);

 private:
  void begin_round(Seq nxt);
  void take_sample(Duration rtt);
  std::uint32_t& word(std::size_t name) { return c_.memory[name]; }

  Congestion& c_;
};

}  // namespace conker
