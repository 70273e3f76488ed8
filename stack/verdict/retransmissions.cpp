#include "stack/verdict/retransmissions.hpp"

namespace conker::verdict {
namespace {

/// Segments of one timeout leave closer together.
constexpr Duration kAtOnce = 5ms;
/// A timeout of this length need not grow (RFC 6298, 2.5, has it bounded at 60 s at least).
constexpr Duration kLongest = 30s;

/// A timeout that doubles is this much longer at least, also where some retransmissions are lost:
/// after three in a row, by 16/15.
constexpr bool grows(Duration before, Duration after) {
  return after * 20 > before * 21;
}

std::uint32_t in_us(Duration time) {
  return static_cast<std::uint32_t>(time.count());
}

}  // namespace

std::optional<Broken> Retransmissions::add(Seq seq, std::uint32_t bytes, Seq head, bool silent,
                                           const Limits& limits, Instant now) {
  if (head != head_) *this = Retransmissions();
  head_ = head;
  if (seq <= head) {
    if (at_ != kNever && now - at_ < limits.least_rto) return std::nullopt;
    burst_ = silent ? bytes : 0;
    return timeout(now);
  }
  if (burst_ == 0 || now - at_ > kAtOnce) return std::nullopt;
  burst_ += bytes;
  if (burst_ <= limits.mss) return std::nullopt;
  return Broken{Rule::kSegmentsAtTimeout, limits.mss, burst_};
}

/// The rule is told where two timeouts in a row are no longer than the one before.
std::optional<Broken> Retransmissions::timeout(Instant now) {
  const Duration before = gap_;
  gap_ = at_ == kNever ? Duration(0) : now - at_;
  at_ = now;
  if (before == Duration(0) || before > kLongest) return std::nullopt;
  const bool same = !grows(before, gap_);
  const bool again = same && same_;
  same_ = same;
  if (!again) return std::nullopt;
  return Broken{Rule::kRtoNotBackedOff, in_us(before * 2), in_us(gap_)};
}

}  // namespace conker::verdict
