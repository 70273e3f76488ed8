// The destination cache: what routes, addresses and neighbours say about a pair of addresses, one
// of this host and one of another, kept for the next packet between them (compare the Destination
// Cache of RFC 4861, 5.1).
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

/// An entry. Valid while the tables that it was made from are unchanged
/// (Interfaces::epoch()).
struct Destination {
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
class DestinationCache {
 public:
  DestinationCache(Arena& arena, std::uint32_t capacity)
      : places_(arena.take<Destination>(capacity == 0 ? 1 : capacity)) {}

  /// The entry for two addresses; null when the cache has none.
  const Destination* find(std::uint32_t local, std::uint32_t remote, std::uint32_t epoch) const {
    const Destination& destination = place(local, remote);
    return destination.local == local && destination.remote == remote && destination.epoch == epoch
               ? &destination
               : nullptr;
  }
  /// The pair's place, emptied where another pair had it.
  Destination& claim(std::uint32_t local, std::uint32_t remote, std::uint32_t epoch) {
    Destination& destination = place(local, remote);
    if (destination.local != local || destination.remote != remote || destination.epoch != epoch) {
      destination = Destination{};
      destination.local = local;
      destination.remote = remote;
      destination.epoch = epoch;
    }
    return destination;
  }

 private:
  // The hash needs no key: an attacker who fills all places only makes the next lookup an ordinary
  // one.
  Destination& place(std::uint32_t local, std::uint32_t remote) const {
    const std::uint32_t mixed = (local * 0x9e3779b9u) ^ (remote * 0x85ebca6bu);
    return places_[static_cast<std::size_t>((std::uint64_t{mixed} * places_.size()) >> 32)];
  }

  std::span<Destination> places_;
};

}  // namespace conker
