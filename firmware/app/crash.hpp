// The verb crash: deliberate failures, to test that panics and faults are reported.
#pragma once

#include <cstdint>
#include <string_view>

namespace conker::app {

enum class Crash : std::uint8_t { kAssertion, kNullWrite, kStackOverflow, kUndefined };

constexpr std::string_view choices_of(Crash) {
  return "assertion|null|stack|undefined";
}

void crash(Crash how);

}  // namespace conker::app
