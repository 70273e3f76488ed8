#include "stack/strike/crossings.hpp"

namespace conker {

bool Crossings::keeps(const FourTuple& tuple, const TcpSegment& segment, Instant now) {
  const bool opens = segment.has(TcpFlags::kSyn) && !segment.has(TcpFlags::kAck);
  if (!opens || tuple.local != ours_.address || tuple.local_port != ours_.port) return false;
  if (!guests_.admits(tuple.remote)) {
    ++turned_away_;
    return false;
  }
  for (std::size_t i = 0; i < count_; ++i) {
    Waiting& waiting = waiting_[(first_ + i) % kMost];
    if (waiting.tuple != tuple) continue;
    waiting.at = now;
    return true;
  }
  if (count_ < kMost) waiting_[(first_ + count_++) % kMost] = {tuple, now};
  return true;
}

std::optional<FourTuple> Crossings::next(Instant now) {
  while (count_ != 0) {
    const Waiting& waiting = waiting_[first_];
    first_ = (first_ + 1) % kMost;
    --count_;
    if (now - waiting.at < kFresh) return waiting.tuple;
  }
  return std::nullopt;
}

}  // namespace conker
