// How much may be in flight: the congestion window, and the algorithms that move it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "stack/base/seq.hpp"
#include "stack/base/time.hpp"
#include "stack/settings.hpp"

namespace conker {

/// The window of one connection, in bytes, and what its algorithm remembers.
struct Congestion {
  static constexpr std::uint32_t kUnlimited = 1u << 30;

  std::uint32_t cwnd = 0;
  std::uint32_t ssthresh = kUnlimited;
  std::array<std::uint32_t, 5> memory{};

  bool slow_start() const { return cwnd < ssthresh; }
};

/// The initial window of RFC 6928, section 2.
constexpr std::uint32_t initial_window(std::uint16_t mss) {
  return std::min<std::uint32_t>(10u * mss, std::max<std::uint32_t>(2u * mss, 14600));
}

/// An algorithm keeps nothing itself, so one object serves all connections.
class CongestionControl {
 public:
  /// `acked` bytes were newly acknowledged while the window was in use, and nothing is being
  /// repaired.
  virtual void on_ack(Congestion& c, std::uint32_t acked, std::uint16_t mss, Duration srtt,
                      Instant now) const = 0;
  /// An ACK up to `una`, before on_ack() and also where the window is not in use; everything before
  /// `nxt` has been sent. `rtt` is what it measured, 0 where nothing.
  virtual void on_round_trip(Congestion&, Seq /*una*/, Seq /*nxt*/, Duration /*rtt*/) const {}
  /// Something was lost, or marked on the way: the new ssthresh. `flight` bytes are out.
  virtual std::uint32_t reduce(Congestion& c, std::uint32_t flight, std::uint16_t mss,
                               Instant now) const = 0;
  /// Nothing was sent for longer than the retransmission timeout.
  virtual void after_idle(Congestion&) const {}

 protected:
  ~CongestionControl() = default;
};

/// Slow start with appropriate byte counting, L = 2 (RFC 3465, 2.2).
inline void slow_start(Congestion& c, std::uint32_t acked, std::uint16_t mss) {
  c.cwnd = std::min(c.cwnd + std::min<std::uint32_t>(acked, 2u * mss), Congestion::kUnlimited);
}

/// RFC 5681, 3.1, counting bytes (RFC 3465, 2.1).
class NewReno final : public CongestionControl {
 public:
  void on_ack(Congestion& c, std::uint32_t acked, std::uint16_t mss, Duration,
              Instant) const override {
    if (c.slow_start()) return slow_start(c, acked, mss);
    std::uint32_t& counted = c.memory[0];
    counted += acked;
    if (counted < c.cwnd) return;
    counted -= c.cwnd;
    c.cwnd = std::min(c.cwnd + mss, Congestion::kUnlimited);
  }
  std::uint32_t reduce(Congestion& c, std::uint32_t flight, std::uint16_t mss,
                       Instant) const override {
    c.memory[0] = 0;
    return std::max<std::uint32_t>(flight / 2, 2u * mss);  // (4)
  }
};

/// Those that there are: NewReno, and what the embedder has handed in.
class CongestionControls {
 public:
  void use(CongestionAlgorithm algorithm, const CongestionControl& control) {
    handed_in_[static_cast<std::size_t>(algorithm)] = &control;
  }
  const CongestionControl& of(CongestionAlgorithm algorithm) const {
    static constexpr NewReno kNewReno;
    const CongestionControl* handed_in = handed_in_[static_cast<std::size_t>(algorithm)];
    return handed_in != nullptr ? *handed_in : kNewReno;
  }

 private:
  std::array<const CongestionControl*, kCongestionAlgorithms> handed_in_{};
};

}  // namespace conker
