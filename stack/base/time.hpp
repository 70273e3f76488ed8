// Time in the stack. The stack reads no clock: the embedder passes `now` in.
#pragma once

#include <chrono>
#include <cstdint>

namespace conker {

using namespace std::chrono_literals;

/// The clock of the stack, in microseconds since an arbitrary start. It has no now(): the embedder
/// says what time it is, and must never let it run backwards.
struct StackClock {
  using rep = std::int64_t;
  using period = std::micro;
  using duration = std::chrono::duration<rep, period>;
  using time_point = std::chrono::time_point<StackClock, duration>;
  static constexpr bool is_steady = true;
};

using Duration = StackClock::duration;
using Instant = StackClock::time_point;

/// A deadline that never comes.
inline constexpr Instant kNever = Instant::max();

/// A point in time in units of 1024 us, which timers and records keep: a quarter of the memory of
/// an Instant and no 64-bit division on a small chip. Comparison is modulo 2^32, so two ticks must
/// be less than 25 days apart: a Tick is for deadlines; a time in the past is a Mark.
class Tick {
 public:
  static constexpr int kShift = 10;

  constexpr Tick() = default;
  explicit constexpr Tick(std::uint32_t value) : value_(value) {}

  /// The last tick that has begun at `at`.
  static constexpr Tick floor(Instant at) {
    return Tick(static_cast<std::uint32_t>(at.time_since_epoch().count() >> kShift));
  }
  /// The first tick that begins at or after `at`: a deadline rounded up never fires early.
  static constexpr Tick ceil(Instant at) { return floor(at + Duration((1 << kShift) - 1)); }

  constexpr std::uint32_t value() const { return value_; }
  /// The time at which this tick begins, given a `now` less than 25 days away from it.
  constexpr Instant instant(Instant now) const {
    const std::int64_t ahead = static_cast<std::int32_t>(value_ - floor(now).value_);
    return Instant(Duration(((now.time_since_epoch().count() >> kShift) + ahead) << kShift));
  }

  /// This deadline, or `now` where the deadline has passed, however long after `then` that is.
  constexpr Tick kept(Instant then, Instant now) const {
    return instant(then) <= now ? floor(now) : *this;
  }

  /// The duration of `ticks` ticks.
  static constexpr Duration duration(std::uint32_t ticks) {
    return Duration(std::int64_t{ticks} << kShift);
  }

  constexpr Tick operator+(std::uint32_t ticks) const { return Tick(value_ + ticks); }
  constexpr std::int32_t operator-(Tick other) const {
    return static_cast<std::int32_t>(value_ - other.value_);
  }
  constexpr bool operator==(const Tick&) const = default;
  constexpr bool operator<(Tick other) const { return *this - other < 0; }
  constexpr bool operator<=(Tick other) const { return *this - other <= 0; }
  constexpr bool operator>(Tick other) const { return *this - other > 0; }
  constexpr bool operator>=(Tick other) const { return *this - other >= 0; }

 private:
  std::uint32_t value_ = 0;
};

/// When an event happened last, in the 32 bits of a Tick; initially never. A Mark has an age and no
/// order, so a time in the past cannot look like one to come. Ages are exact up to kOldest where
/// the owner calls keep() at least once in every kKeepEvery in which the stack is used, and are
/// kOldest or more from then on.
class Mark {
 public:
  static constexpr Duration kOldest = 24h * 25;  // RFC 7323, 5.5, asks for 24 days
  static constexpr Duration kKeepEvery = 24h * 12;

  constexpr Mark() = default;
  /// A mark of the present. (Zero means never: the first tick after a wrap counts as the one
  /// before.)
  constexpr Mark(Tick now) : value_(now.value() == 0 ? 0xffffffff : now.value()) {}

  constexpr bool never() const { return value_ == 0; }
  /// Ticks from the mark until now; the largest value where it is never.
  constexpr std::uint32_t age(Tick now) const {
    return never() ? 0xffffffff : now.value() - value_;
  }
  /// The age as a duration, in whole ticks.
  constexpr Duration age(Instant now) const { return Tick::duration(age(Tick::floor(now))); }
  /// Moves an old mark forward, so that its age stays at least kOldest. `then` is the last time
  /// that the stack was used before `now`.
  constexpr void keep(Instant then, Instant now) {
    if (never() || age(then) + (now - then) <= kOldest) return;
    *this = Tick::floor(now - kOldest);
  }
  constexpr bool operator==(const Mark&) const = default;

 private:
  std::uint32_t value_ = 0;
};

}  // namespace conker
