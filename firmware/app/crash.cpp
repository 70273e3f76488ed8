#include "firmware/app/crash.hpp"

#include <cstdint>

#include "firmware/chip/panic.hpp"

namespace conker::app {
namespace {

[[gnu::noinline]] std::uint32_t descend(std::uint32_t levels) {
  volatile std::uint32_t here = levels;
  return levels == 0 ? 0 : descend(levels - 1) + here;
}

}  // namespace

void crash(Crash how) {
  switch (how) {
    case Crash::kAssertion:
      return chip::require(how != Crash::kAssertion, "an assertion that was asked for");
    case Crash::kNullWrite:
      *reinterpret_cast<volatile std::uint32_t*>(0) = 1;
      return;
    case Crash::kStackOverflow:
      descend(100'000);
      return;
    case Crash::kUndefined:
      asm volatile("udf #0");
      return;
  }
}

}  // namespace conker::app
