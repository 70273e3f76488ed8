// Loss detection by duplicate ACKs alone, for connections without SACK: fast retransmit and NewReno
// recovery (RFC 6582).
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
  /// Limited transmit (RFC 3042): segments that may be sent beyond the window, one for each of the
  /// first two duplicate ACKs.
  std::uint32_t extra_segments() const {
    return recovering_ ? 0 : std::min<std::uint32_t>(count_, 2);
  }

  /// Of `flight` bytes in flight, those not sent by limited transmit: the flight size from which a
  /// window is reduced.
  std::uint32_t without_extra(std::uint32_t flight, std::uint32_t cwnd, std::uint16_t mss) const {
    const std::uint32_t beyond = flight > cwnd ? flight - cwnd : 0;
    return flight - std::min(beyond, extra_segments() * mss);
  }

  /// Processes a duplicate ACK of `una`. Returns whether the segment at `una` is lost, so that
  /// begin() must follow: it is retransmitted and the window reduced to `ssthresh`.
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

  /// Processes an ACK that moved SND.UNA by `acked` bytes to `una`, with `flight` bytes left in
  /// flight. Returns whether the segment there must be retransmitted: a partial ACK shows the next
  /// hole.
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

  /// Processes a retransmission timeout; `nxt` is SND.NXT.
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
