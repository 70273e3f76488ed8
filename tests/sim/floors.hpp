// The simulator's own table of the floors of the pool (stack/README.md, "The budget of chunks"):
// the chunks that a use can have whatever the others hold.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "stack/base/chunk_pool.hpp"

namespace conker::sim {

/// The floor of a use in a pool of `capacity` chunks.
constexpr std::uint32_t promised_to(Use use, std::uint32_t capacity, std::uint32_t chunk_bytes) {
  constexpr std::uint32_t kPacket = 1500 + 2;  // with its length prefix
  const std::uint32_t packet = std::min((kPacket + chunk_bytes - 1) / chunk_bytes, capacity / 8);
  switch (use) {
    case Use::kReceive:
    case Use::kSend:
      return std::max(capacity / 8, 1u);
    case Use::kOutOfOrder:
    case Use::kScoreboard:
      return std::max(capacity / 64, capacity >= 16 ? 1u : 0u);
    case Use::kNeighbours:
    case Use::kFragments:
      return std::max(capacity / 32, packet);
    case Use::kDatagrams:
      return std::max(capacity / 16, packet);
  }
  return 0;
}

/// Checks the floor of a use of this pool; null when it is right. A part that the stack does not
/// have has no floor.
inline const char* check_floor(const ChunkPool& chunks, Use use) {
  static constexpr std::array<const char*, kUses> kFaults{
      "received data cannot have its floor of the chunks",
      "data to be sent cannot have its floor of the chunks",
      "data beyond holes cannot have its floor of the chunks",
      "scoreboards cannot have their floor of the chunks",
      "packets that wait for a neighbour cannot have their floor of the chunks",
      "fragments cannot have their floor of the chunks",
      "datagrams cannot have their floor of the chunks"};
  const std::uint32_t most = chunks.held(use) + chunks.available(use);
  const bool good = most >= promised_to(use, chunks.capacity(), chunks.chunk_bytes());
  return good ? nullptr : kFaults[static_cast<std::size_t>(use)];
}

}  // namespace conker::sim
