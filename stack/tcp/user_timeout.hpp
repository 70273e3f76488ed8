// The user timeout option's 15 bits: seconds, or minutes where the upper bit is set (RFC 5482, 3).
#pragma once

#include <algorithm>
#include <cstdint>

#include "stack/base/time.hpp"

namespace conker {

inline constexpr std::uint16_t kUserTimeoutMinutes = 0x8000;

/// Encodes a timeout: at least a second, and at most what 15 bits of minutes hold.
constexpr std::uint16_t encode_user_timeout(Duration timeout) {
  constexpr std::int64_t kMost = kUserTimeoutMinutes - 1;
  const std::int64_t seconds = timeout / 1s;
  if (seconds <= kMost) return static_cast<std::uint16_t>(std::max<std::int64_t>(seconds, 1));
  return static_cast<std::uint16_t>(std::min(seconds / 60, kMost) | kUserTimeoutMinutes);
}

constexpr Duration decode_user_timeout(std::uint16_t option) {
  const std::int64_t n = option & (kUserTimeoutMinutes - 1);
  return (option & kUserTimeoutMinutes) != 0 ? n * Duration(1min) : n * Duration(1s);
}

}  // namespace conker
