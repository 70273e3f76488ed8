// Memory-mapped registers of the LM3S6965, as far as they are used. Names are the data sheet's.
#pragma once

#include <cstdint>

namespace conker::chip {

struct Register {
  std::uint32_t address;

  std::uint32_t read() const { return *at(); }
  void write(std::uint32_t value) const { *at() = value; }
  void set(std::uint32_t bits) const { write(read() | bits); }
  void clear(std::uint32_t bits) const { write(read() & ~bits); }
  /// Waits until any of these bits is set, for a limited number of tries, since hardware may be
  /// missing.
  bool wait_for(std::uint32_t bits, std::uint32_t tries) const {
    while ((read() & bits) == 0) {
      if (tries-- == 0) return false;
    }
    return true;
  }

 private:
  volatile std::uint32_t* at() const { return reinterpret_cast<volatile std::uint32_t*>(address); }
};

// System control: clocks.
inline constexpr Register kRis{0x400fe050};
inline constexpr Register kRcc{0x400fe060};
inline constexpr Register kRcgc1{0x400fe104};
inline constexpr Register kRcgc2{0x400fe108};

// Cortex-M3: interrupts, faults, SysTick, memory protection.
inline constexpr Register kSysTickControl{0xe000e010};
inline constexpr Register kSysTickReload{0xe000e014};
inline constexpr Register kSysTickCurrent{0xe000e018};
inline constexpr Register kInterruptEnable0{0xe000e100};
inline constexpr Register kInterruptEnable1{0xe000e104};
inline constexpr Register kInterruptPriorities40{0xe000e428};  // of 40 to 43, a byte each
inline constexpr Register kSystemHandlerControl{0xe000ed24};
inline constexpr Register kFaultStatus{0xe000ed28};
inline constexpr Register kHardFaultStatus{0xe000ed2c};
inline constexpr Register kMemManageAddress{0xe000ed34};
inline constexpr Register kBusFaultAddress{0xe000ed38};
inline constexpr Register kMpuControl{0xe000ed94};
inline constexpr Register kMpuRegionNumber{0xe000ed98};
inline constexpr Register kMpuRegionBase{0xe000ed9c};
inline constexpr Register kMpuRegionAttributes{0xe000eda0};

// UART0, on pins A0 and A1.
inline constexpr Register kGpioAFunction{0x40004420};
inline constexpr Register kGpioAEnable{0x4000451c};
inline constexpr Register kUartData{0x4000c000};
inline constexpr Register kUartFlags{0x4000c018};
inline constexpr Register kUartBaudInteger{0x4000c024};
inline constexpr Register kUartBaudFraction{0x4000c028};
inline constexpr Register kUartLineControl{0x4000c02c};
inline constexpr Register kUartControl{0x4000c030};

// Timer 0, whose half A is the alarm.
inline constexpr Register kTimerConfig{0x40030000};
inline constexpr Register kTimerMode{0x40030004};
inline constexpr Register kTimerControl{0x4003000c};
inline constexpr Register kTimerInterruptMask{0x40030018};
inline constexpr Register kTimerInterruptClear{0x40030024};
inline constexpr Register kTimerLoad{0x40030028};

// Ethernet MAC.
inline constexpr Register kMacRis{0x40048000};  // read: causes of the interrupt; write: acknowledge
inline constexpr Register kMacIm{0x40048004};
inline constexpr Register kMacRctl{0x40048008};
inline constexpr Register kMacTctl{0x4004800c};
inline constexpr Register kMacData{0x40048010};
inline constexpr Register kMacIa0{0x40048014};
inline constexpr Register kMacIa1{0x40048018};
inline constexpr Register kMacNp{0x40048034};
inline constexpr Register kMacTr{0x40048038};

// Numbers of interrupts in the NVIC.
inline constexpr unsigned kTimerInterrupt = 19;
inline constexpr unsigned kEthernetInterrupt = 42;

}  // namespace conker::chip
