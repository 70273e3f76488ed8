// Time as the stack sees it: it never asks, `now` comes in.
#pragma once

#include <chrono>
#include <cstdint>

namespace conker {

using namespace std::chrono_literals;

/// The clock of the stack. It has no now(): whoever embeds the stack says what time it is.
/// Microseconds since an arbitrary start; it must never run backwards.
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

/// A point in time in units of 1024 us, which is what timers and records keep: a quarter of the
/// memory and no 64-bit division on a small chip. Compares around the wrap, so two ticks must be
/// less than 25 days apart: it is for deadlines, and what only looks back is a Mark.
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
  /// When this tick begins, given a `now` less than 25 days away from it.
  constexpr Instant instant(Instant now) const {
    const std::int64_t ahead = static_cast<std::int32_t>(value_ - floor(now).value_);
    return Instant(Duration(((now.time_since_epoch().count() >> kShift) + ahead) << kShift));
  }

  /// A deadline brought forward to `now` where that is later, however long after `then`.
  constexpr Tick kept(Instant then, Instant now) const {
    return instant(then) <= now ? floor(now) : *this;
  }

  /// So many ticks, as a time.
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

/// When something happened last, in the 32 bits of a Tick; never, to begin with. A mark has an age
/// and no order, so nothing past can look as if it were still to come. Ages are right up to kOldest
/// where the owner calls keep() at least every kKeepEvery that the stack is used, and say kOldest
/// or more from then on.
class Mark {
 public:
  static constexpr Duration kOldest = 24h * 25;  // RFC 7323, 5.5, asks for 24 days
  static constexpr Duration kKeepEvery = 24h * 12;

  constexpr Mark() = default;
  /// Of the present. (Zero means never: the first tick after a wrap counts as the one before.)
  constexpr Mark(Tick now) : value_(now.value() == 0 ? 0xffffffff : now.value()) {}

  constexpr bool never() const { return value_ == 0; }
  /// Ticks until now; the most there are where it was never.
  constexpr std::uint32_t age(Tick now) const {
    return never() ? 0xffffffff : now.value() - value_;
  }
  /// The same as a time, in whole ticks.
  constexpr Duration age(Instant now) const { return Tick::duration(age(Tick::floor(now))); }
  /// Brings an old one forward. `then` is the last time that the stack was used before `now`.
  constexpr void keep(Instant then, Instant now) {
    if (never() || age(then) + (now - then) <= kOldest) return;
    *this = Tick::floor(now - kOldest);
  }
  constexpr bool operator==(const Mark&) const = default;

 private:
  std::uint32_t value_ = 0;
};

}  // namespace conker
