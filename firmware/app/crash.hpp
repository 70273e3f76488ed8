// Failing on purpose, to see that it is noticed.
#pragma once

#include <cstdint>

namespace conker::app {

enum class Crash : std::uint8_t { kAssertion, kNullWrite, kStackOverflow, kUndefined };

void crash(Crash how);

}  // namespace conker::app
