#include "stack/verdict/isn_sequence.hpp"

#include <utility>

namespace conker::verdict {

std::optional<Broken> IsnSequence::add(const Endpoint& ours, Seq isn) {
  const std::optional<Seq> before = std::exchange(last_, isn);
  // Those of one four-tuple follow a clock (RFC 6528, 3).
  const bool same_end = std::exchange(last_end_, ours) == ours;
  if (!has_cookies_ && before == isn && ++repeats_ == kRepeatsTold)
    return Broken{Rule::kIsnRepeats, 0, repeats_};

  // Of numbers chosen at random one in 256 is less than 2^24 beyond the one before.
  if (before && !same_end && isn.value() - before->value() < kStep) ++steps_;
  if (before && !same_end && before->value() - isn.value() - 1 < kStep) ++steps_back_;
  if (++in_window_ < kWindow) return std::nullopt;
  const std::uint32_t steps = std::exchange(steps_, 0), back = std::exchange(steps_back_, 0);
  in_window_ = 0;
  has_cookies_ = back >= kCookiesBack;
  if (steps > kWindow / 2 && back < kWindow / 4) return Broken{Rule::kIsnPredictable, 1, steps};
  return std::nullopt;
}

}  // namespace conker::verdict
