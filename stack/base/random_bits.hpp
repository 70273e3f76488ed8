// A random number generator that peers cannot predict: SipHash of a counter, with a secret key.
#pragma once

#include <array>
#include <cstdint>

#include "stack/base/siphash.hpp"

namespace conker {

class RandomBits {
 public:
  /// `purpose` is a number of its own for each generator, so that one key serves several.
  constexpr RandomBits(const SipKey& key, std::uint64_t purpose) : key_(key), purpose_(purpose) {}

  constexpr std::uint16_t next16() {
    if (left_ == 0) {
      const std::array<std::uint64_t, 2> message{purpose_, counter_++};
      pool_ = siphash24(key_, message);
      left_ = 4;
    }
    const auto bits = static_cast<std::uint16_t>(pool_ & 0xffff);
    pool_ >>= 16;
    --left_;
    return bits;
  }

  /// A number evenly from [0, limit), to within one part in 2^16.
  constexpr std::uint32_t below(std::uint32_t limit) {
    return static_cast<std::uint32_t>((std::uint64_t{next16()} * limit) >> 16);
  }

  /// A number that is always the same for the same words, and unpredictable to others.
  constexpr std::uint64_t hash(std::span<const std::uint64_t> words) const {
    return siphash24(key_, words);
  }

 private:
  SipKey key_;
  std::uint64_t purpose_;
  std::uint64_t counter_ = 0;
  std::uint64_t pool_ = 0;
  std::uint8_t left_ = 0;  // numbers in the pool
};

}  // namespace conker
