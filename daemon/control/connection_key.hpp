// The id of a connection as a key of hash tables.
#pragma once

#include <cstdint>

#include "stack/tcp/types.hpp"

namespace conker::daemon {

using ConnectionKey = std::uint64_t;

constexpr ConnectionKey key_of(ConnectionId id) {
  return std::uint64_t{id.slot} << 32 | id.generation;
}
constexpr ConnectionId id_of(ConnectionKey key) {
  return {static_cast<std::uint32_t>(key >> 32), static_cast<std::uint32_t>(key)};
}

}  // namespace conker::daemon
