// Storage for the objects of the stack that a target builds anew for every input.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <span>

#include "tests/fuzz/found.hpp"

namespace conker::fuzz {

/// Zeroed storage, reused for every input; one for each `Which`.
template <int Which>
std::span<std::byte> storage(std::size_t bytes) {
  alignas(16) static std::array<std::byte, std::size_t{64} * 1024> all;
  check(bytes <= all.size(), "the storage is too small for the tables");
  std::memset(all.data(), 0, bytes);
  return std::span(all).first(bytes);
}

}  // namespace conker::fuzz
