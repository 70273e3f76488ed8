#include "firmware/chip/clock.hpp"

#include <algorithm>

#include "firmware/chip/interrupts.hpp"
#include "firmware/chip/registers.hpp"

namespace conker::chip {
namespace {

constexpr std::uint32_t kCyclesPerMicrosecond = kCyclesPerSecond / 1'000'000;
constexpr std::uint32_t kReload = 0xffffff;
constexpr Duration kLongestAlarm = 1s;

// Bits of RCC.
constexpr std::uint32_t kBypass = 1u << 11, kPowerDown = 1u << 13, kUseDivider = 1u << 22;
constexpr std::uint32_t kMainOscillatorOff = 1u << 0, kSource = 3u << 4, kCrystal = 15u << 6,
                        kDivider = 15u << 23;
constexpr std::uint32_t kCrystal8MHz = 14u << 6;
constexpr std::uint32_t kDivideBy4 = 3u << 23;  // of the PLL's 200 MHz
constexpr std::uint32_t kPllLocked = 1u << 6;
constexpr std::uint32_t kPllTries = 100'000;

std::int64_t microseconds;
std::uint32_t cycles_left_over;  // of less than a microsecond
std::uint32_t last_count;

// Adds the cycles since the last call to the time. Interrupts must be disabled, or have a lower
// priority than the caller.
void count_up() {
  const std::uint32_t count = kSysTickCurrent.read();
  const std::uint32_t cycles = ((last_count - count) & kReload) + cycles_left_over;
  last_count = count;
  microseconds += cycles / kCyclesPerMicrosecond;
  cycles_left_over = cycles % kCyclesPerMicrosecond;
}

/// Starts the PLL in the data sheet's order: run without it, set it up, wait for its lock, run with
/// it.
void start_pll() {
  kRcc.set(kBypass);
  kRcc.clear(kUseDivider);
  kRcc.write((kRcc.read() & ~(kMainOscillatorOff | kSource | kCrystal | kPowerDown)) |
             kCrystal8MHz);
  kRcc.write((kRcc.read() & ~kDivider) | kDivideBy4 | kUseDivider);
  if (kRis.wait_for(kPllLocked, kPllTries)) kRcc.clear(kBypass);
}

}  // namespace

void clock_start() {
  start_pll();
  kSysTickReload.write(kReload);
  kSysTickCurrent.write(0);
  kSysTickControl.write(7);
  last_count = kSysTickCurrent.read();

  kRcgc1.set(1u << 16);  // timer 0
  kTimerControl.write(0);
  kTimerConfig.write(0);  // one timer of 32 bits
  kTimerMode.write(1);    // that runs once
  kTimerInterruptMask.write(1);
  kInterruptEnable0.write(1u << kTimerInterrupt);
}

Instant clock_now() {
  InterruptLock lock;
  count_up();
  return Instant(Duration(microseconds));
}

void alarm_at(Instant deadline) {
  const Duration ahead = std::clamp(deadline - clock_now(), Duration(1), kLongestAlarm);
  kTimerControl.write(0);
  kTimerInterruptClear.write(1);
  kTimerLoad.write(static_cast<std::uint32_t>(ahead.count()) * kCyclesPerMicrosecond);
  kTimerControl.write(1);
}

}  // namespace conker::chip

// SysTick's priority is above the Ethernet interrupt's, so that a long drain of the receiver misses
// no wrap of the counter.
extern "C" void systick_handler() {
  conker::chip::count_up();
}

extern "C" void timer_handler() {
  conker::chip::kTimerInterruptClear.write(1);
}
