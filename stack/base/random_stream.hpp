// Numbers that nobody can foresee, from a key that nobody knows.
#pragma once

#include <array>
#include <cstdint>

#include "stack/base/siphash.hpp"

namespace conker {

/// SipHash of a counter: whoever does not know the key cannot tell the numbers from noise, also not from
/// those that it has seen.
class RandomStream {
 public:
  explicit RandomStream(const SipKey& key) : key_(key) {}

  std::uint64_t next() {
    const std::array<std::uint64_t, 1> message{counter_++};
    return siphash24(key_, message);
  }
  /// From 0 to limit - 1; limit is above 0 and small against 2^32, so that the skew does not matter.
  std::uint32_t below(std::uint32_t limit) {
    return static_cast<std::uint32_t>((next() & 0xffffffff) * std::uint64_t{limit} >> 32);
  }

 private:
  SipKey key_;
  std::uint64_t counter_ = 0;
};

}  // namespace conker
