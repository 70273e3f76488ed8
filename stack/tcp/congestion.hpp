// Congestion control: Reno (RFC 5681) with NewReno's recovery (RFC 6582).
#pragma once

#include <algorithm>
#include <cstdint>

#include "stack/base/seq.hpp"

namespace conker {

/// What the congestion control wants done after a segment.
enum class Resend : bool { kNo, kFirstUnacknowledged };

class NewReno {
 public:
  std::uint32_t cwnd() const { return cwnd_; }
  std::uint32_t ssthresh() const { return ssthresh_; }

  /// When the connection is established. The initial window is that of RFC 6928.
  void start(std::uint16_t mss, Seq snd_una) {
    cwnd_ = std::min<std::uint32_t>(10u * mss, std::max<std::uint32_t>(2u * mss, 14600));
    ssthresh_ = kUnlimited;
    recover_ = snd_una;
    duplicates_ = 0;
    recovering_ = false;
  }

  /// An ACK that moved snd_una by `acked` bytes to `una`, `flight` bytes are still out.
  Resend on_ack(std::uint32_t acked, Seq una, std::uint32_t flight, std::uint16_t mss) {
    duplicates_ = 0;
    if (recovering_) {
      if (una >= recover_) {  // a full acknowledgment (RFC 6582, 3.2 step 3)
        cwnd_ = std::min(ssthresh_, std::max<std::uint32_t>(flight, mss) + mss);
        recovering_ = false;
        return Resend::kNo;
      }
      cwnd_ -= std::min(cwnd_, acked);  // a partial one: the next hole
      cwnd_ = std::max<std::uint32_t>(cwnd_ + (acked >= mss ? mss : 0), mss);
      return Resend::kFirstUnacknowledged;
    }
    if (cwnd_ < ssthresh_) {
      cwnd_ += std::min<std::uint32_t>(acked, mss);  // slow start (RFC 5681, 3.1)
    } else {
      const std::uint32_t growth = static_cast<std::uint32_t>(mss) * mss / cwnd_;
      cwnd_ += std::max<std::uint32_t>(growth, 1);
    }
    cwnd_ = std::min(cwnd_, kUnlimited);
    return Resend::kNo;
  }

  /// A duplicate ACK (RFC 5681, 2) for `una`, up to `nxt` was sent.
  Resend on_duplicate(Seq una, Seq nxt, std::uint16_t mss) {
    if (recovering_) {
      cwnd_ = std::min(cwnd_ + mss, kUnlimited);
      return Resend::kNo;
    }
    if (++duplicates_ != 3 || una < recover_) return Resend::kNo;
    reduce(static_cast<std::uint32_t>(nxt - una), mss);
    cwnd_ = ssthresh_ + 3u * mss;
    recover_ = nxt;
    recovering_ = true;
    return Resend::kFirstUnacknowledged;
  }

  /// The retransmission timer expired (RFC 5681, 3.1); `again` when it already had for the same data.
  void on_timeout(Seq una, Seq nxt, std::uint16_t mss, bool again) {
    if (!again) reduce(static_cast<std::uint32_t>(nxt - una), mss);
    cwnd_ = mss;
    recover_ = nxt;
    recovering_ = false;
    duplicates_ = 0;
  }

 private:
  static constexpr std::uint32_t kUnlimited = 1u << 30;

  void reduce(std::uint32_t flight, std::uint16_t mss) {
    ssthresh_ = std::max<std::uint32_t>(flight / 2, 2u * mss);
  }

  std::uint32_t cwnd_ = 0;
  std::uint32_t ssthresh_ = kUnlimited;
  Seq recover_;
  std::uint8_t duplicates_ = 0;
  bool recovering_ = false;
};

}  // namespace conker
