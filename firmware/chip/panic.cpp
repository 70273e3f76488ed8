#include "firmware/chip/panic.hpp"

#include <array>
#include <cstddef>

#include "firmware/chip/registers.hpp"
#include "firmware/chip/semihosting.hpp"
#include "firmware/chip/uart.hpp"

// Symbols of lm3s6965.ld.
extern "C" {
extern std::uint32_t guard_begin[], stack_begin[], stack_end[];
}

namespace conker::chip {
namespace {

constexpr std::uint32_t kPaint = 0xc0c0c0c0;

void put_hex(std::uint32_t value) {
  std::array<char, 10> text{'0', 'x'};
  for (std::size_t i = 0; i < 8; ++i) text[2 + i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15];
  uart_write({text.data(), text.size()});
}

std::string_view cause(std::uint32_t status, std::uint32_t hard) {
  if ((hard & 2) != 0) return "the vector table could not be read";
  if ((status & 0x10) != 0) return "stack overflow";
  if ((status & 0x02) != 0) return "access to protected memory";
  if ((status & 0x01) != 0) return "jump into protected memory";
  if ((status & 0x100) != 0) return "jump to where no memory is";
  if ((status & 0x600) != 0) return "access to where no memory is";
  if ((status & 0x1000) != 0) return "stack outside of memory";
  if ((status & 0x10000) != 0) return "undefined instruction";
  if ((status & 0x20000) != 0) return "jump out of Thumb code";
  if ((status & 0x1000000) != 0) return "unaligned access";
  if ((status & 0x2000000) != 0) return "division by zero";
  return "unknown cause";
}

/// The registers that the processor pushes at an exception.
struct ExceptionFrame {
  std::uint32_t r0, r1, r2, r3, r12, lr, pc, xpsr;
};

enum MpuAttributes : std::uint32_t {
  kEnable = 1,
  kNoAccess = 0,
  kReadOnly = 6u << 24,
  kExecuteNever = 1u << 28,
};

constexpr std::uint32_t size_of_region(unsigned log2_bytes) {
  return (log2_bytes - 1) << 1;
}

void protect(std::uint32_t region, std::uint32_t base, std::uint32_t attributes) {
  kMpuRegionNumber.write(region);
  kMpuRegionBase.write(base);
  kMpuRegionAttributes.write(attributes | kEnable);
}

}  // namespace

void exit(Exit code) {
  uart_flush();
  semihosting::exit(code);
}

void panic(std::string_view what, const std::source_location& where) {
  asm volatile("cpsid i" ::: "memory");
  uart_write("panic: ");
  uart_write(what);
  uart_write(", at ");
  uart_write(where.file_name());
  uart_write(":");
  std::array<char, 10> digits;
  std::size_t at = digits.size();
  std::uint32_t line = where.line();
  do {
    digits[--at] = static_cast<char>('0' + line % 10);
    line /= 10;
  } while (line != 0);
  uart_write({&digits[at], digits.size() - at});
  uart_write(" (");
  uart_write(where.function_name());
  uart_write(")\n");
  exit(kExitPanic);
}

void arm_protection() {
  kSystemHandlerControl.set(7u << 16);  // enables the memory management, bus and usage faults
  protect(0, reinterpret_cast<std::uint32_t>(guard_begin),
          kNoAccess | kExecuteNever | size_of_region(8));
  protect(1, 0, kReadOnly | size_of_region(18));
  kMpuControl.write(5);  // enabled, with the default memory map elsewhere
  asm volatile("dsb\n\tisb" ::: "memory");
}

// Fills from the stack's lower end up to this function's frame.
[[gnu::noinline]] void paint_stack() {
  const auto here = reinterpret_cast<std::uint32_t*>(__builtin_frame_address(0)) - 16;
  for (std::uint32_t* at = stack_begin; at < here; ++at) *at = kPaint;
}

StackUse stack_use() {
  const std::uint32_t* at = stack_begin;
  while (at < stack_end && *at == kPaint) ++at;
  const auto bytes = [](const std::uint32_t* from) {
    return static_cast<std::uint32_t>((stack_end - from) * sizeof(std::uint32_t));
  };
  return {bytes(at), bytes(stack_begin)};
}

/// Prints a fault and exits. The fault handler passes the previous stack pointer and resets the
/// stack: it never returns.
extern "C" [[noreturn, gnu::used]] void report_fault(const ExceptionFrame* frame) {
  const std::uint32_t status = kFaultStatus.read();
  uart_write("fault: ");
  uart_write(cause(status, kHardFaultStatus.read()));
  // After a stack overflow the processor could not push the frame.
  if (frame >= reinterpret_cast<const ExceptionFrame*>(stack_begin) && (status & 0x1010) == 0) {
    uart_write(", at pc ");
    put_hex(frame->pc);
    uart_write(" called from ");
    put_hex(frame->lr);
  }
  if ((status & 0x80) != 0) {
    uart_write(", address ");
    put_hex(kMemManageAddress.read());
  } else if ((status & 0x8000) != 0) {
    uart_write(", address ");
    put_hex(kBusFaultAddress.read());
  }
  uart_write(" (arm-none-eabi-addr2line -fCie ELF PC tells where)\n");
  exit(kExitFault);
}

}  // namespace conker::chip

extern "C" [[gnu::naked]] void fault_handler() {
  asm volatile(
      "mov r0, sp\n\t"
      "ldr r1, =stack_end\n\t"
      "mov sp, r1\n\t"
      "b report_fault\n\t"
      ".ltorg");
}
