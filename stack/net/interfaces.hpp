// The interfaces: their links, our addresses on them, and which of them leads where.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/arena.hpp"
#include "stack/base/counters.hpp"
#include "stack/base/result.hpp"
#include "stack/link/link.hpp"
#include "stack/net/addresses.hpp"
#include "stack/net/routes.hpp"
#include "stack/settings.hpp"
#include "stack/wire/arp.hpp"

namespace conker {

class Interfaces {
 public:
  Interfaces(Arena& arena, const Capacities& capacities, Counters& counters);

  Result<InterfaceId> add(Link& link, const MacAddress& mac, std::uint16_t mtu);
  /// The index of the record; it has the state that it is given. kInvalidArgument also for an
  /// interface that is not there.
  Result<std::uint32_t> add_address(InterfaceId interface, const Prefix& address,
                                    AddressState state);
  Error remove_address(const IpAddress& address);
  /// From being probed or in use to another state.
  void change_address(std::uint32_t index, AddressState state);

  /// Over `gateway` if there is one, else directly over `interface`.
  Error add_route(const Prefix& to, const IpAddress& gateway, InterfaceId interface);
  Error remove_route(const Prefix& to);
  /// The route to everywhere; it takes the place of the one before.
  Error set_gateway(const IpAddress& gateway);

  /// An address in use. In one step, however many there are.
  bool is_local(const IpAddress& address) const { return find_assigned(address) != kNone; }
  bool is_local_to(InterfaceId interface, const IpAddress& address) const;
  /// The limited broadcast address or that of a prefix of ours.
  bool is_broadcast(const IpAddress& address) const;
  /// Whether a prefix of this interface holds the address as that of a host.
  bool is_neighbour(InterfaceId interface, const IpAddress& address) const;
  /// How to get there now, by the longest prefix that holds the destination. A route whose gateway
  /// lies in no prefix of ours, or whose interface has no address, is passed over. Nothing for what
  /// is not one host's address, and for a prefix's broadcast address.
  std::optional<Hop> route(const IpAddress& destination) const;
  /// What we speak from to a neighbour; unspecified when no prefix of the interface holds it, and
  /// when the interface has no address.
  IpAddress source_towards(InterfaceId interface, const IpAddress& neighbour) const;

  /// The interface on which this is the broadcast address of a prefix of ours.
  std::optional<InterfaceId> broadcasts_on(const IpAddress& address) const;
  /// The first address in use on an interface; 0.0.0.0 while it has none.
  IpAddress address_on(InterfaceId interface) const { return interfaces_[interface.index].source; }
  bool has(InterfaceId interface) const { return interface.index < interface_count_; }

  /// Changes whenever something does that Path remembers: of what is here, or of the neighbours.
  std::uint32_t epoch() const { return epoch_; }
  void outdate_paths() { ++epoch_; }

  Addresses& addresses() { return addresses_; }
  const Addresses& addresses() const { return addresses_; }
  const Routes& routes() const { return routes_; }
  std::uint8_t count() const { return interface_count_; }
  MacAddress mac(InterfaceId interface) const { return interfaces_[interface.index].mac; }
  bool is_own_mac(const MacAddress& mac) const;
  std::uint16_t mtu(InterfaceId interface) const { return interfaces_[interface.index].mtu; }
  std::uint32_t segmentation(InterfaceId interface) const {
    return interfaces_[interface.index].link->segmentation();
  }

  /// Gives a frame to the link; false when the link cannot take it now. Counts.
  bool send(InterfaceId interface, const FrameOut& frame, Instant now);
  bool send_arp(InterfaceId interface, const ArpPacket& packet, const MacAddress& to, Instant now);
  void flush(Instant now);
  /// For whoever cannot keep the bytes of a frame until the next flush.
  void flush(InterfaceId interface, Instant now) { interfaces_[interface.index].link->flush(now); }

 private:
  struct Interface {
    Link* link;
    MacAddress mac;
    std::uint16_t mtu;
    IpAddress source;  // the first address in use on it; 0.0.0.0 while it has none
  };

  std::uint32_t find_assigned(const IpAddress& address) const;
  void rebuild_connected();
  /// The address is in use from now on, behind those before it.
  void assigned(const Address& address);
  /// What we speak from over a route without a gateway (RFC 1122, 3.3.4.3): the first of our
  /// addresses in its prefix or, where no address brought the route, the first on its interface,
  /// whatever that one's prefix is.
  IpAddress source_of(const Route& route) const;
  Error check_gateway(const IpAddress& gateway) const;

  std::span<Interface> interfaces_;
  Addresses addresses_;
  Routes routes_;
  Counters& counters_;
  std::uint8_t interface_count_ = 0;
  std::uint32_t epoch_ = 1;
};

}  // namespace conker
