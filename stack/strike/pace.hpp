// When the cycles of a paced strike are due: evenly spaced, from the start on, without drift; or
// ever closer together, until the rate is reached.
#pragma once

#include <cstdint>

#include "stack/base/time.hpp"

namespace conker {

class Pace {
 public:
  /// What is this late is begun all the same: a turn may come later than its deadline. What is
  /// later is missed, and not made up for.
  static constexpr Duration kGrace = 1ms;
  /// The square of this, in microseconds, is still a number of 64 bits.
  static constexpr Duration kMaxRamp = 1h;

  Pace() = default;
  /// `rate` cycles a second, up to ten millions; 0: all are due at once. `ramp`: how long the rate
  /// grows from 0, in proportion to the time; up to kMaxRamp.
  Pace(std::uint32_t rate, Instant start, Duration ramp = Duration(0))
      : rate_(rate), ramp_(static_cast<std::uint64_t>(ramp.count())), due_(start), start_(start) {}

  bool paced() const { return rate_ != 0; }
  Instant due() const { return due_; }
  /// The next cycle was begun.
  void next() {
    if (rate_ == 0) return;
    skip_to(slot_ + 1);
    missed_ = slot_;
  }
  /// Passes over what was due before `time`; how many cycles that were.
  std::uint64_t pass(Instant time) {
    if (time <= due_) return 0;
    const std::uint64_t first = slot_at(time);
    const std::uint64_t missed = first - slot_;
    skip_to(first);
    return missed;
  }

  /// Slots are numbered from the start. From first_missed() to slot(), which is the next that is
  /// due, are those that were passed over since the last cycle was begun.
  std::uint64_t slot() const { return slot_; }
  std::uint64_t first_missed() const { return missed_; }
  /// These wait no longer.
  void forget_missed() { missed_ = slot_; }
  Instant due_of(std::uint64_t slot) const {
    const std::uint64_t evenly = slot / rate_ * kSecond + slot % rate_ * kSecond / rate_;
    return start_ + Duration(static_cast<std::int64_t>(
                        evenly >= ramp_ / 2 ? ramp_ / 2 + evenly : root(while_growing(slot))));
  }
  /// The first slot that is due at `time` or later.
  std::uint64_t slot_at(Instant time) const {
    if (time <= start_) return 0;
    const auto us = static_cast<std::uint64_t>((time - start_).count());
    if (us >= ramp_) {
      const std::uint64_t evenly = us - ramp_ / 2;
      return evenly / kSecond * rate_ + (evenly % kSecond * rate_ + kSecond - 1) / kSecond;
    }
    // us * us * rate / (2 * ramp), by numbers of 64 bits: up to eight slots too low.
    std::uint64_t slot = us * rate_ / (2 * kSecond) / 4 * us / ramp_ * 4;
    while (due_of(slot) < time) ++slot;
    return slot;
  }

 private:
  static constexpr std::uint32_t kSecond = 1'000'000;  // microseconds

  /// The square of the time, in microseconds, at which a slot of the ramp is due.
  std::uint64_t while_growing(std::uint64_t slot) const {
    const std::uint64_t scale = 2 * ramp_ * kSecond;
    return scale / rate_ * slot + scale % rate_ * slot / rate_;
  }
  static std::uint64_t root(std::uint64_t square) {
    std::uint64_t root = 0;
    for (std::uint64_t bit = std::uint64_t{1} << 62; bit != 0; bit >>= 2) {
      const bool fits = square >= root + bit;
      if (fits) square -= root + bit;
      root = root / 2 + (fits ? bit : 0);
    }
    return root;
  }
  void skip_to(std::uint64_t slot) {
    slot_ = slot;
    due_ = due_of(slot);
  }

  std::uint32_t rate_ = 0;
  std::uint64_t ramp_ = 0;  // microseconds
  std::uint64_t slot_ = 0, missed_ = 0;
  Instant due_{}, start_{};
};

}  // namespace conker
