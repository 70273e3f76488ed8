// The retransmission timeout (RFC 6298).
#pragma once

#include <algorithm>
#include <cstdint>

#include "stack/base/time.hpp"

namespace conker {

class Rtt {
 public:
  bool measured() const { return measured_; }
  Duration srtt() const { return Duration(srtt_); }
  Duration rttvar() const { return Duration(rttvar_); }
  /// The smallest sample in microseconds; 0 before the first.
  std::uint32_t least() const { return least_; }

  /// Takes a sample: of a segment that was sent only once, or whose echoed timestamp tells the
  /// transmission (Karn; RFC 6298, 3; RFC 7323, 4.1).
  void sample(Duration r) {
    const auto us = static_cast<std::uint32_t>(std::clamp<std::int64_t>(r.count(), 1, kLongest));
    if (least_ == 0 || us < least_) least_ = us;
    if (!measured_) {  // (2.2)
      srtt_ = us;
      rttvar_ = us / 2;
      measured_ = true;
    } else {  // (2.3), alpha = 1/8, beta = 1/4
      const std::uint32_t error = srtt_ > us ? srtt_ - us : us - srtt_;
      rttvar_ = rttvar_ - rttvar_ / 4 + error / 4;
      srtt_ = srtt_ - srtt_ / 8 + us / 8;
    }
    backoff_ = 0;
  }

  /// Backs off after a timeout (5.5), until the next sample: an ACK of a retransmission may be late
  /// or quick, and if it was late, the plain timeout would expire too early again, and for ever.
  void back_off() {
    if (backoff_ < 16) ++backoff_;
  }
  /// Ends the backoff where it says nothing about data: after the handshake (5.7), or when the
  /// peer's closed window has opened.
  void forget_backoff() { backoff_ = 0; }

  /// The timeout: `initial` before the first sample, then not below `least` nor above `most`.
  Duration timeout(Duration initial, Duration least, Duration most) const {
    Duration rto =
        measured_ ? srtt() + std::max(Duration(1000), 4 * rttvar()) : initial;  // G is 1 ms
    rto = std::max(rto, least);
    return std::min(rto * (std::int64_t{1} << backoff_), most);
  }

 private:
  static constexpr std::int64_t kLongest = 600'000'000;

  std::uint32_t srtt_ = 0;  // microseconds
  std::uint32_t rttvar_ = 0;
  std::uint32_t least_ = 0;
  std::uint8_t backoff_ = 0;
  bool measured_ = false;
};

}  // namespace conker
