// Reset: from the vector table to run().
#include <algorithm>
#include <array>
#include <cstdint>

#include "firmware/chip/clock.hpp"
#include "firmware/chip/panic.hpp"
#include "firmware/chip/registers.hpp"
#include "firmware/chip/uart.hpp"

// Symbols of lm3s6965.ld.
extern "C" {
extern std::uint32_t stack_end[];
extern std::uint32_t data_load[], data_begin[], data_end[];
extern std::uint32_t bss_begin[], bss_end[];
}

/// The application, which the image defines.
[[noreturn]] void run();

extern "C" {

void fault_handler();
void systick_handler();
void timer_handler();
void ethernet_handler();

[[noreturn]] void reset_handler() {
  std::copy(data_load, data_load + (data_end - data_begin), data_begin);
  std::fill(bss_begin, bss_end, 0u);
  conker::chip::paint_stack();
  conker::chip::clock_start();
  conker::chip::uart_start();
  conker::chip::arm_protection();
  run();
}

[[noreturn]] void unexpected_handler() {
  conker::chip::panic("an interrupt that nobody asked for");
}

}  // extern "C"

namespace {

using Handler = void (*)();

constexpr std::size_t kSystemVectors = 16, kInterrupts = 44;

struct Vectors {
  std::uint32_t* stack;
  std::array<Handler, kSystemVectors - 1 + kInterrupts> handlers;
};

consteval Vectors make_vectors() {
  Vectors vectors{stack_end, {}};
  vectors.handlers.fill(unexpected_handler);
  const auto at = [&](std::size_t exception) -> Handler& {
    return vectors.handlers[exception - 1];
  };
  at(1) = reset_handler;
  at(3) = fault_handler;  // hard fault
  at(4) = fault_handler;  // memory management
  at(5) = fault_handler;  // bus
  at(6) = fault_handler;  // usage
  at(15) = systick_handler;
  at(kSystemVectors + conker::chip::kTimerInterrupt) = timer_handler;
  at(kSystemVectors + conker::chip::kEthernetInterrupt) = ethernet_handler;
  return vectors;
}

[[gnu::section(".vectors"), gnu::used]] constexpr Vectors kVectors = make_vectors();

}  // namespace
