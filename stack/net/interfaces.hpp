// The interfaces with their links and addresses, and the routes that lead over them.
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

namespace conker {

/// Chooses source addresses for a family in which more than the route decides.
class SourceSelection {
 public:
  /// The source address of packets to `destination` that leave over an interface; unspecified where
  /// there is none.
  virtual IpAddress select_source(InterfaceId interface, const IpAddress& destination) const = 0;

 protected:
  ~SourceSelection() = default;
};

class Interfaces {
 public:
  Interfaces(Arena& arena, const Capacities& capacities, Counters& counters);

  /// Chooses sources of IPv6 addresses by `selection` from here on.
  void use(const SourceSelection& selection) { selection_ = &selection; }

  Result<InterfaceId> add(Link& link, const MacAddress& mac, std::uint16_t mtu);
  /// Adds an address in the given state and returns the index of its record. kInvalidArgument also
  /// for an unknown interface.
  Result<std::uint32_t> add_address(InterfaceId interface, const Prefix& address,
                                    AddressState state);
  Error remove_address(const IpAddress& address);
  /// Changes the state of a tentative or assigned address.
  void change_address(std::uint32_t index, AddressState state);

  /// Adds a route over `gateway` or, where that is unspecified, directly over `interface`.
  Error add_route(const Prefix& to, const IpAddress& gateway, InterfaceId interface);
  Error remove_route(const Prefix& to);
  /// Sets the default route; it replaces the one before.
  Error set_gateway(const IpAddress& gateway);

  /// Whether `address` is one of the host's addresses in use. One step, however many there are.
  bool is_local(const IpAddress& address) const { return find_assigned(address) != kNone; }
  bool is_local_to(InterfaceId interface, const IpAddress& address) const;
  /// Whether `address` is one of the host's, in use or tentative.
  bool is_own(const IpAddress& address) const { return find_own(address) != kNone; }
  bool is_own_at(InterfaceId interface, const IpAddress& address) const;
  /// The link-local IPv6 address of an interface, in use or tentative; unspecified where there is
  /// none.
  IpAddress link_local(InterfaceId interface) const;
  /// Whether `address` is the limited broadcast address or that of one of the host's prefixes.
  bool is_broadcast(const IpAddress& address) const;
  /// Whether a prefix of this interface contains the address as that of a host.
  bool is_neighbour(InterfaceId interface, const IpAddress& address) const;
  /// The next hop towards `destination`, by longest-prefix match. A route whose gateway lies in
  /// none of the host's prefixes, or whose interface has no address, is skipped. Nothing where
  /// `destination` is not the address of one host, or is the broadcast address of a prefix.
  std::optional<Hop> route(const IpAddress& destination) const;
  /// The source address towards a neighbour; unspecified when no prefix of the interface contains
  /// the neighbour, and when the interface has no address.
  IpAddress source_towards(InterfaceId interface, const IpAddress& neighbour) const;

  /// The interface of the prefix whose broadcast address this is; none where there is no such
  /// prefix.
  std::optional<InterfaceId> broadcasts_on(const IpAddress& address) const;
  /// The source address over an interface towards a group of hosts; unspecified while there is
  /// none.
  IpAddress source_on(InterfaceId interface, const IpAddress& group) const {
    return group.is_v4() ? address_on(interface) : select(interface, group);
  }
  /// The first IPv4 address in use on an interface; 0.0.0.0 while there is none.
  IpAddress address_on(InterfaceId interface) const { return interfaces_[interface.index].source; }
  bool has(InterfaceId interface) const { return interface.index < interface_count_; }

  /// A number that changes whenever an address, a route or a neighbour that a Destination depends
  /// on changes.
  std::uint32_t epoch() const { return epoch_; }
  void outdate_destinations() { ++epoch_; }

  Addresses& addresses() { return addresses_; }
  const Addresses& addresses() const { return addresses_; }
  const Routes& routes() const { return routes_; }
  std::uint8_t count() const { return interface_count_; }
  Link& link(InterfaceId interface) const { return *interfaces_[interface.index].link; }
  MacAddress mac(InterfaceId interface) const { return interfaces_[interface.index].mac; }
  bool is_own_mac(const MacAddress& mac) const;
  std::uint16_t mtu(InterfaceId interface) const { return interfaces_[interface.index].mtu; }
  std::uint32_t segmentation(InterfaceId interface) const {
    return interfaces_[interface.index].link->segmentation();
  }

  /// Hands a frame to the link and counts it; false when the link cannot take it now.
  bool send(InterfaceId interface, const FrameOut& frame, Instant now);
  void flush(Instant now);
  /// Flushes the link, where the bytes of a frame are not kept until the end of the turn.
  void flush(InterfaceId interface, Instant now) { interfaces_[interface.index].link->flush(now); }

 private:
  struct Interface {
    Link* link;
    MacAddress mac;
    std::uint16_t mtu;
    IpAddress source;  // the first IPv4 address in use on it; 0.0.0.0 while there is none
  };

  std::uint32_t find_assigned(const IpAddress& address) const;
  std::uint32_t find_own(const IpAddress& address) const;
  IpAddress select(InterfaceId interface, const IpAddress& destination) const {
    return selection_ == nullptr ? IpAddress() : selection_->select_source(interface, destination);
  }
  void rebuild_connected();
  /// Enters an address in use, behind those before it.
  void assigned(const Address& address);
  /// The source address over a route without a gateway (RFC 1122, 3.3.4.3): the first of the host's
  /// addresses in the route's prefix or, where the route was not made by an address, the first on
  /// its interface, whatever its prefix.
  IpAddress source_of(const Route& route, const IpAddress& destination) const;
  Error check_gateway(const IpAddress& gateway) const;

  std::span<Interface> interfaces_;
  Addresses addresses_;
  Routes routes_;
  Counters& counters_;
  const SourceSelection* selection_ = nullptr;
  std::uint8_t interface_count_ = 0;
  std::uint32_t epoch_ = 1;
};

}  // namespace conker
