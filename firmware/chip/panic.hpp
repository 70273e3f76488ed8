// The end, when something that cannot be has happened: says what and where, and stops the machine.
#pragma once

#include <cstdint>
#include <source_location>
#include <string_view>

namespace conker::chip {

/// Exit codes of the emulator; a chip without a debugger restarts instead.
enum Exit : std::uint32_t {
  kExitDone = 0,
  kExitFailed = 1,  // what was asked for did not succeed
  kExitUsage = 2,   // what was asked for makes no sense
  kExitPanic = 3,
  kExitFault = 4,
};

/// Ends the emulator with this code.
[[noreturn]] void exit(Exit code);

/// "panic: WHAT, at FILE:LINE (FUNCTION)".
[[noreturn]] void panic(std::string_view what,
                        const std::source_location& where = std::source_location::current());

/// Panics unless the condition holds.
inline void require(bool condition, std::string_view what,
                    const std::source_location& where = std::source_location::current()) {
  if (!condition) [[unlikely]]
    panic(what, where);
}

/// From here on faults are told apart, flash cannot be written, and the stack cannot grow over its
/// end.
void arm_protection();

/// The most that the stack has held so far, and what it can hold. Bytes.
struct StackUse {
  std::uint32_t used, size;
};
StackUse stack_use();
/// What stack_use() looks for; before anything runs.
void paint_stack();

}  // namespace conker::chip
