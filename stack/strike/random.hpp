// Random numbers of a strike, by its seed.
#pragma once

#include <cstdint>

namespace conker {

/// From 0 to below `limit`, by xorshift64*, whose upper half is good and scaled without a division.
inline std::uint32_t random_below(std::uint64_t& state, std::uint32_t limit) {
  if (state == 0) state = 1;
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  const auto upper = static_cast<std::uint32_t>((state * 0x2545f4914f6cdd1d) >> 32);
  return static_cast<std::uint32_t>((std::uint64_t{upper} * limit) >> 32);
}

}  // namespace conker
