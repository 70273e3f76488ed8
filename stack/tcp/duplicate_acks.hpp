// Losses told by duplicate ACKs alone: fast retransmit, and recovery as NewReno has it (RFC 6582).
// What a connection does without SACK.
#pragma once

#include <algorithm>
#include <cstdint>

#include "stack/base/seq.hpp"
#include "stack/tcp/congestion.hpp"

namespace conker {

class DuplicateAcks {
 public:
  void start(Seq snd_una) {
    recover_ = snd_una;
    count_ = 0;
    recovering_ = false;
  }

  bool recovering() const { return recovering_; }
  /// Segments that may go beyond the window, one for each of the first two duplicates (RFC 3042).
  std::uint32_t extra_segments() const {
    return recovering_ ? 0 : std::min<std::uint32_t>(count_, 2);
  }

  /// Of `flight` bytes that are out, what was not sent that way: the most that a window is reduced
  /// by.
  std::uint32_t without_extra(std::uint32_t flight, std::uint32_t cwnd, std::uint16_t mss) const {
    const std::uint32_t beyond = flight > cwnd ? flight - cwnd : 0;
    return flight - std::min(beyond, extra_segments() * mss);
  }

  /// One more ACK for `una`, up to `nxt` was sent. Whether the segment at `una` is to be sent
  /// again, and the window reduced to `ssthresh`: begin() follows.
  bool on_duplicate(Seq una, Congestion& c, std::uint16_t mss) {
    if (recovering_) {
      c.cwnd = std::min(c.cwnd + mss, Congestion::kUnlimited);
      return false;
    }
    if (count_ < 255) ++count_;
    return count_ == 3 && una >= recover_;
  }
  void begin(Seq nxt, std::uint32_t ssthresh, Congestion& c, std::uint16_t mss) {
    c.ssthresh = ssthresh;
    c.cwnd = ssthresh + 3u * mss;
    recover_ = nxt;
    recovering_ = true;
  }

  /// snd_una moved by `acked` bytes to `una`, `flight` bytes are still out. Whether the segment
  /// there is to be sent again: the next hole.
  bool on_progress(Seq una, std::uint32_t acked, std::uint32_t flight, Congestion& c,
                   std::uint16_t mss) {
    count_ = 0;
    if (!recovering_) return false;
    if (una >= recover_) {  // a full acknowledgment (3.2, step 3)
      c.cwnd = std::min(c.ssthresh, std::max<std::uint32_t>(flight, mss) + mss);
      recovering_ = false;
      return false;
    }
    c.cwnd -= std::min(c.cwnd, acked);
    c.cwnd = std::max<std::uint32_t>(c.cwnd + (acked >= mss ? mss : 0), mss);
    return true;
  }

  /// The retransmission timer expired: up to `nxt` was sent.
  void on_timeout(Seq nxt) {
    recover_ = nxt;
    count_ = 0;
    recovering_ = false;
  }

 private:
  Seq recover_;
  std::uint8_t count_ = 0;
  bool recovering_ = false;
};

}  // namespace conker
