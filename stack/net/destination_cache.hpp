// The Destination Cache (RFC 4861, 5.1): what routes, addresses and neighbours say about another
// host's address, kept for the next packet from or to it, and the path MTU that one of its
// connections has learnt, for all of them (RFC 8201, 5.2).
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

/// An entry. All but its path MTU is valid while the tables that it was made from are unchanged
/// (Interfaces::epoch()).
struct Destination {
  IpAddress remote;
  IpAddress local;  // an address of this host that exchanged packets with `remote` lately
  std::uint32_t epoch = 0;
  std::uint32_t neighbour = 0;  // index of the next hop's entry in the neighbour cache
  Instant known_until{};        // end of validity of the neighbour's link address in `ethernet`
  std::uint16_t mtu = 0;        // of the link to the next hop, in bytes
  InterfaceId interface;
  bool accepted = false;  // `remote` is one other host, from which packets are accepted
  bool routed = false;    // packets to `remote` leave over `interface`
  std::array<std::byte, kEthernetHeader> ethernet{};
  std::uint16_t path_mtu = 0;  // the least MTU that was heard of, in bytes; 0: of none
  Instant path_mtu_until{};    // until when that is believed (RFC 1191, 6.3; RFC 8201, 4)
};

/// A cache with one place for each hash of an address: a new destination replaces the one in its
/// place. The whole address is compared, so an entry never stands for another destination.
class DestinationCache {
 public:
  DestinationCache(Arena& arena, std::uint32_t capacity)
      : places_(arena.take<Destination>(capacity == 0 ? 1 : capacity)) {}

  /// The entry of an address; null when the cache has none.
  const Destination* find(const IpAddress& remote, std::uint32_t epoch) const {
    const Destination& destination = place(remote);
    return destination.remote == remote && destination.epoch == epoch ? &destination : nullptr;
  }
  /// The path MTU that is known of an address, in bytes; 0 where none is.
  std::uint16_t path_mtu(const IpAddress& remote, Instant now) const {
    const Destination& destination = place(remote);
    const bool known = destination.remote == remote && now < destination.path_mtu_until;
    return known ? destination.path_mtu : std::uint16_t{0};
  }
  /// The address's place, emptied where another one had it.
  Destination& claim(const IpAddress& remote, std::uint32_t epoch) {
    Destination& destination = place(remote);
    if (destination.remote != remote || destination.epoch != epoch) {
      Destination fresh;
      if (destination.remote == remote) {
        fresh.path_mtu = destination.path_mtu;
        fresh.path_mtu_until = destination.path_mtu_until;
      }
      destination = fresh;
      destination.remote = remote;
      destination.epoch = epoch;
    }
    return destination;
  }

 private:
  // The hash needs no key: an attacker who fills all places only makes the next lookup an ordinary
  // one.
  Destination& place(const IpAddress& remote) const {
    const auto& words = remote.words();
    const std::uint32_t mixed = (words[3] * 0x85ebca6bu) ^ (words[2] * 0x9e3779b9u) ^
                                (words[1] * 0xc2b2ae35u) ^ (words[0] * 0x27d4eb2fu);
    return places_[static_cast<std::size_t>((std::uint64_t{mixed} * places_.size()) >> 32)];
  }

  std::span<Destination> places_;
};

}  // namespace conker
