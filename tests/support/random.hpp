// Random numbers for tests: the same seed gives the same numbers.
#pragma once

#include <cstdint>
#include <random>

namespace conker::test {

class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}

  std::uint32_t operator()() { return static_cast<std::uint32_t>(engine_()); }
  /// A number from 0 to n - 1.
  std::uint32_t below(std::uint64_t n) { return static_cast<std::uint32_t>(engine_() % n); }

 private:
  std::mt19937 engine_;
};

}  // namespace conker::test
