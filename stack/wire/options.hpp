// The form that options of IPv4 (RFC 791, 3.1) and TCP (RFC 9293, 3.2) share: a kind, and for all
// but two a length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/wire/bytes.hpp"

namespace conker {

/// Calls option(kind, bytes) for each option but padding; `bytes` are the whole option with kind
/// and length. False when a length is 0, 1 or past the end, or when option() returns false.
template <typename F>
constexpr bool parse_options(std::span<const std::byte> options, F&& option) {
  constexpr std::uint8_t kEndOfOptions = 0;
  constexpr std::uint8_t kNoOperation = 1;
  while (!options.empty()) {
    const std::uint8_t kind = get8(options, 0);
    if (kind == kEndOfOptions) return true;
    if (kind == kNoOperation) {
      options = options.subspan(1);
      continue;
    }
    if (options.size() < 2) return false;
    const std::size_t length = get8(options, 1);
    if (length < 2 || length > options.size()) return false;
    if (!option(kind, options.first(length))) return false;
    options = options.subspan(length);
  }
  return true;
}

}  // namespace conker
