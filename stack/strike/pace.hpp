// When the cycles of a paced strike are due: evenly spaced, from the start on, without drift.
#pragma once

#include <cstdint>

#include "stack/base/time.hpp"

namespace conker {

class Pace {
 public:
  /// What is this late is begun all the same: a turn may come later than its deadline. What is
  /// later is missed, and not made up for.
  static constexpr Duration kGrace = 1ms;

  Pace() = default;
  /// `rate` cycles a second, up to ten millions; 0: all are due at once.
  Pace(std::uint32_t rate, Instant start) : rate_(rate), due_(start), start_(start) {}

  bool paced() const { return rate_ != 0; }
  Instant due() const { return due_; }
  /// The next cycle was begun.
  void next() { skip_to(slot_ + 1); }
  /// Passes over what was due before `time`; how many cycles that were.
  std::uint64_t pass(Instant time) {
    if (time <= due_) return 0;
    // The first slot that is due at `time` or later.
    const auto us = static_cast<std::uint64_t>((time - start_).count());
    const std::uint64_t first =
        us / kSecond * rate_ + (us % kSecond * rate_ + kSecond - 1) / kSecond;
    const std::uint64_t missed = first - slot_;
    skip_to(first);
    return missed;
  }

 private:
  static constexpr std::uint32_t kSecond = 1'000'000;  // microseconds

  void skip_to(std::uint64_t slot) {
    if (rate_ == 0) return;
    slot_ = slot;
    due_ = start_ + Duration(static_cast<std::int64_t>(slot / rate_ * kSecond +
                                                       slot % rate_ * kSecond / rate_));
  }

  std::uint32_t rate_ = 0;
  std::uint64_t slot_ = 0;  // from the start
  Instant due_{}, start_{};
};

}  // namespace conker
