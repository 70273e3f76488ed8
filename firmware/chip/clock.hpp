// What time it is, and being woken at a time.
#pragma once

#include <cstdint>

#include "stack/base/time.hpp"

namespace conker::chip {

inline constexpr std::uint32_t kCyclesPerSecond = 50'000'000;

/// The processor at 50 MHz, from the PLL; time begins.
void clock_start();

/// Microseconds since clock_start(). SysTick's counter is read and its difference added up: it
/// wraps every 335 ms, and its interrupt sees to it that no wrap is missed.
Instant clock_now();

/// An interrupt comes at `deadline`, or earlier: no alarm is further away than a second.
void alarm_at(Instant deadline);

}  // namespace conker::chip
