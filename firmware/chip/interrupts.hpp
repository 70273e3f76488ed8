// Disabling interrupts, and sleeping until one is pending.
#pragma once

#include <cstdint>

namespace conker::chip {

/// Disables interrupt handlers, but not faults, during its lifetime.
class InterruptLock {
 public:
  InterruptLock() {
    asm volatile("mrs %0, primask" : "=r"(before_));
    asm volatile("cpsid i" ::: "memory");
  }
  ~InterruptLock() { asm volatile("msr primask, %0" ::"r"(before_) : "memory"); }
  InterruptLock(const InterruptLock&) = delete;
  InterruptLock& operator=(const InterruptLock&) = delete;

 private:
  std::uint32_t before_;
};

/// Sleeps until an interrupt is pending. Under an InterruptLock it is handled when the lock ends,
/// so that a condition tested before the sleep cannot change unnoticed.
inline void wait_for_interrupt() {
  asm volatile("dsb\n\twfi" ::: "memory");
}

}  // namespace conker::chip
