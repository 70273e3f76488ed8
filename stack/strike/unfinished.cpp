#include "stack/strike/unfinished.hpp"

#include <algorithm>

namespace conker {

void Unfinished::add(const FourTuple& tuple, Seq iss, Seq irs, Instant now) {
  left_[counts_.left++ % kMost] = {tuple, iss, irs, now};
}

bool Unfinished::keeps(const FourTuple& tuple, const TcpSegment& segment, Instant now) {
  if (!segment.has(TcpFlags::kSyn) || !segment.has(TcpFlags::kAck)) return false;
  const bool kept = std::ranges::any_of(remembered(), [&](const Left& left) {
    return left.iss + 1 == segment.acknowledgment && left.tuple == tuple && now - left.at < kKept;
  });
  if (kept) ++counts_.repeated;
  return kept;
}

Unfinished::Watched Unfinished::watched(Instant now) const {
  Watched watched;
  for (const Left& left : remembered()) {
    if (now - left.at < kLongEnough) continue;
    if (watched.count == 0 || left.at < watched.at) {
      watched.tuple = left.tuple;
      watched.irs = left.irs;
      watched.at = left.at;
    }
    ++watched.count;
  }
  return watched;
}

}  // namespace conker
