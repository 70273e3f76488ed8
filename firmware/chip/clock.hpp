// The clock (SysTick) and the alarm (timer 0) of the board.
#pragma once

#include <cstdint>

#include "stack/base/time.hpp"

namespace conker::chip {

inline constexpr std::uint32_t kCyclesPerSecond = 50'000'000;

/// Starts the PLL, for 50 MHz, and the clock.
void clock_start();

/// Microseconds since clock_start(), from differences of SysTick's counter, which wraps every 335
/// ms; its interrupt adds each wrap.
Instant clock_now();

/// Requests an interrupt at `deadline`, or earlier: after one second at the latest.
void alarm_at(Instant deadline);

}  // namespace conker::chip
