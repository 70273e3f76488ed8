#include "stack/verdict/isn.hpp"

#include <utility>

namespace conker::verdict {

std::optional<Broken> IsnHistory::add(const Endpoint& ours, Seq isn) {
  if (told_) return std::nullopt;
  const auto tell = [&](Rule rule, std::uint32_t expected, std::uint32_t seen) {
    told_ = true;
    return Broken{rule, expected, seen};
  };
  const std::optional<Seq> before = last_;
  // Those of one four-tuple follow a clock (RFC 6528, 3).
  const bool same_end = std::exchange(last_end_, ours) == ours;
  last_ = isn;
  if (!has_cookies_) {
    if (before == isn && ++repeats_ == kRepeatsTold) return tell(Rule::kIsnRepeats, 0, repeats_);
    // A number that came more than once keeps its place.
    Known& known = known_[isn.value() * 0x9e3779b1u >> 16];
    if (known.count != 0 && known.value == isn.value()) {
      if (++known.count == kReturnsTold) return tell(Rule::kIsnReturns, 1, known.count);
    } else if (known.count <= 1) {
      known = {isn.value(), 1};
    }
  }

  // Of numbers chosen at random one in 256 is less than 2^24 beyond the one before.
  if (before && !same_end && isn.value() - before->value() < kStep) ++steps_;
  if (before && !same_end && before->value() - isn.value() - 1 < kStep) ++steps_back_;
  if (++in_window_ < kWindow) return std::nullopt;
  const std::uint32_t steps = std::exchange(steps_, 0), back = std::exchange(steps_back_, 0);
  in_window_ = 0;
  has_cookies_ = back >= kCookiesBack;
  if (steps > kWindow / 2 && back < kWindow / 4) return tell(Rule::kIsnPredictable, 1, steps);
  return std::nullopt;
}

}  // namespace conker::verdict
