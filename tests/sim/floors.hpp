// The simulator's own table of the floors of the pool (stack/README.md, "The budget of chunks"):
// whatever the others hold, a use can have so many chunks.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "stack/base/chunk_pool.hpp"

namespace conker::sim {

/// Chunks of a pool of `capacity` that no other use can take from this one.
constexpr std::uint32_t promised_to(Use use, std::uint32_t capacity, std::uint32_t chunk_bytes) {
  constexpr std::uint32_t kPacket = 1500 + 2;  // with its length in front
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

/// What is wrong with a use of this pool; null when nothing is. Parts of the stack that are not
/// there have no floor.
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
