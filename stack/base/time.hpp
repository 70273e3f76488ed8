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

/// A point in time in units of 1024 us, which is what timers and records keep: a quarter of the memory and no
/// 64-bit division on a small chip. Compares around the wrap, so two ticks must be less than 25 days apart.
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

  /// So many ticks, as a time.
  static constexpr Duration duration(std::uint32_t ticks) { return Duration(std::int64_t{ticks} << kShift); }

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

}  // namespace conker
