#include "firmware/chip/uart.hpp"

#include "firmware/chip/clock.hpp"
#include "firmware/chip/registers.hpp"

namespace conker::chip {
namespace {

constexpr std::uint32_t kBaud = 115200;
constexpr std::uint32_t kBusy = 1u << 3, kTransmitFull = 1u << 5, kTransmitEmpty = 1u << 7;
// Tries for one character, which takes 87 us; then the hardware counts as missing.
constexpr std::uint32_t kTries = 100'000;

void put(char c) {
  for (std::uint32_t tries = 0; (kUartFlags.read() & kTransmitFull) != 0 && tries < kTries;
       ++tries) {
  }
  kUartData.write(static_cast<std::uint8_t>(c));
}

}  // namespace

void uart_start() {
  kRcgc1.set(1u << 0);  // UART0
  kRcgc2.set(1u << 0);  // port A
  kGpioAFunction.set(3);
  kGpioAEnable.set(3);
  kUartControl.write(0);
  // The divisor is in 64ths of 16 clocks.
  constexpr std::uint32_t kDivisor = (kCyclesPerSecond * 8 / kBaud + 1) / 2;
  kUartBaudInteger.write(kDivisor >> 6);
  kUartBaudFraction.write(kDivisor & 63);
  kUartLineControl.write(0x70);  // 8 bits, FIFO
  kUartControl.write(0x301);     // on, both ways
}

void uart_write(std::string_view text) {
  for (const char c : text) {
    if (c == '\n') put('\r');
    put(c);
  }
}

void uart_flush() {
  kUartFlags.wait_for(kTransmitEmpty, kTries);
  for (std::uint32_t tries = 0; (kUartFlags.read() & kBusy) != 0 && tries < kTries; ++tries) {
  }
}

}  // namespace conker::chip
