// The path cache: what routes, addresses and neighbours say about a pair of addresses, one of this
// host and one of another, kept for the next packet between them (compare the Destination Cache of
// RFC 4861, 5.1).
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

/// A cached path. Valid while the tables that it was made from are unchanged (Interfaces::epoch()).
struct Path {
  std::uint32_t local = 0, remote = 0;  // IPv4 addresses
  std::uint32_t epoch = 0;
  std::uint32_t neighbour = 0;  // index of the next hop's entry in the neighbour cache
  Instant known_until{};        // end of validity of the neighbour's link address in `ethernet`
  std::uint16_t mtu = 0;
  InterfaceId interface;
  bool accepted = false;  // from `remote` to `local`: for this host, with a valid source
  bool routed = false;    // from `local` to `remote`: over `interface`
  bool ours = false;      // `local` is an address of this host, and `remote` is not
  std::array<std::byte, kEthernetHeader> ethernet{};
};

/// A cache with one place for each hash of a pair: a new pair replaces the one in its place.
class Paths {
 public:
  Paths(Arena& arena, std::uint32_t capacity)
      : places_(arena.take<Path>(capacity == 0 ? 1 : capacity)) {}

  /// The path between two addresses; null when the cache has none.
  const Path* find(std::uint32_t local, std::uint32_t remote, std::uint32_t epoch) const {
    const Path& path = place(local, remote);
    return path.local == local && path.remote == remote && path.epoch == epoch ? &path : nullptr;
  }
  /// The pair's place, emptied where another pair had it.
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
  // The hash needs no key: an attacker who fills all places only makes the next lookup an ordinary
  // one.
  Path& place(std::uint32_t local, std::uint32_t remote) const {
    const std::uint32_t mixed = (local * 0x9e3779b9u) ^ (remote * 0x85ebca6bu);
    return places_[static_cast<std::size_t>((std::uint64_t{mixed} * places_.size()) >> 32)];
  }

  std::span<Path> places_;
};

}  // namespace conker
