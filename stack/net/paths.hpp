// What was found out about a pair of addresses, one of ours and one of another host, kept for the
// next packet between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/arena.hpp"
#include "stack/base/time.hpp"
#include "stack/settings.hpp"
#include "stack/wire/ethernet.hpp"

namespace conker {

/// Good for as long as the tables it was made from are what they were (Interfaces::epoch()).
struct Path {
  std::uint32_t local = 0, remote = 0;  // IPv4
  std::uint32_t epoch = 0;
  std::uint32_t neighbour = 0;  // of the next hop
  Instant known_until{};        // the neighbour's link address, which stands in `ethernet`
  std::uint16_t mtu = 0;
  InterfaceId interface;
  bool accepted = false;  // packets from there to here are for us, and from a host
  bool routed = false;    // packets from here to there leave over `interface`
  bool ours = false;      // `local` is an address of ours, and `remote` is not
  std::array<std::byte, kEthernetHeader> ethernet{};
};

/// A cache with one place for each of a few groups of pairs: a newcomer takes the place of whoever
/// has it.
class Paths {
 public:
  Paths(Arena& arena, std::uint32_t capacity)
      : places_(arena.take<Path>(capacity == 0 ? 1 : capacity)) {}

  /// Null when nothing is known of the pair.
  const Path* find(std::uint32_t local, std::uint32_t remote, std::uint32_t epoch) const {
    const Path& path = place(local, remote);
    return path.local == local && path.remote == remote && path.epoch == epoch ? &path : nullptr;
  }
  /// The pair's place, with nothing in it unless something is known already.
  Path& claim(std::uint32_t local, std::uint32_t remote, std::uint32_t epoch) {
    Path& path = place(local, remote);
    if (path.local != local || path.remote != remote || path.epoch != epoch) {
      path = Path{};
      path.local = local;
      path.remote = remote;
      path.epoch = epoch;
    }
    return path;
  }

 private:
  // Whoever fills all places only makes the next lookup an ordinary one, so no key is needed.
  Path& place(std::uint32_t local, std::uint32_t remote) const {
    const std::uint32_t mixed = (local * 0x9e3779b9u) ^ (remote * 0x85ebca6bu);
    return places_[static_cast<std::size_t>((std::uint64_t{mixed} * places_.size()) >> 32)];
  }

  std::span<Path> places_;
};

}  // namespace conker
