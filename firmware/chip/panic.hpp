// Panics and exits: reports what failed and where, and stops the machine.
#pragma once

#include <cstdint>
#include <source_location>
#include <string_view>

namespace conker::chip {

/// Exit codes of the emulator.
enum Exit : std::uint32_t {
  kExitDone = 0,
  kExitFailed = 1,  // the command failed
  kExitUsage = 2,   // the command is invalid
  kExitPanic = 3,
  kExitFault = 4,
};

/// Ends the emulator with this code.
[[noreturn]] void exit(Exit code);

/// Prints "panic: WHAT, at FILE:LINE (FUNCTION)" and ends with kExitPanic.
[[noreturn]] void panic(std::string_view what,
                        const std::source_location& where = std::source_location::current());

/// Panics unless the condition holds.
inline void require(bool condition, std::string_view what,
                    const std::source_location& where = std::source_location::current()) {
  if (!condition) [[unlikely]]
    panic(what, where);
}

/// Enables separate fault handlers, write protection of flash, and a guard below the stack.
void arm_protection();

/// The most bytes of the call stack used so far, and its size.
struct StackUse {
  std::uint32_t used, size;
};
StackUse stack_use();
/// Fills the unused call stack with a pattern for stack_use(); called first.
void paint_stack();

}  // namespace conker::chip
