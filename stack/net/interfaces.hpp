// The interfaces, their addresses, and which of them leads where.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/arena.hpp"
#include "stack/base/chunk_pool.hpp"
#include "stack/base/counters.hpp"
#include "stack/base/result.hpp"
#include "stack/link/link.hpp"
#include "stack/settings.hpp"

namespace conker {

/// Where a packet goes next.
struct Hop {
  InterfaceId interface;
  IpAddress next;    // the destination itself, or the gateway
  IpAddress source;  // the first of our addresses in the prefix that leads there
};

class Interfaces {
 public:
  Interfaces(Arena& arena, const Capacities& capacities, Counters& counters);

  Result<InterfaceId> add(Link& link, const MacAddress& mac, std::uint16_t mtu);
  /// kInvalidArgument also for an interface that is not there.
  Error add_address(InterfaceId interface, const Prefix& address);
  Error set_gateway(const IpAddress& gateway);

  /// In one step, however many addresses there are.
  bool is_local(const IpAddress& address) const { return find(address) != kNone; }
  bool is_local_to(InterfaceId interface, const IpAddress& address) const;
  /// The limited broadcast address or that of a prefix of ours.
  bool is_broadcast(const IpAddress& address) const;
  /// Whether a prefix of this interface holds the address as that of a host.
  bool is_neighbour(InterfaceId interface, const IpAddress& address) const;
  /// The longest prefix that holds the destination, else the gateway; nothing for what is not one host's
  /// address.
  std::optional<Hop> route(const IpAddress& destination) const;

  /// The interface on which this is the broadcast address of a prefix of ours.
  std::optional<InterfaceId> broadcasts_on(const IpAddress& address) const;
  /// The first address on an interface; 0.0.0.0 while it has none.
  IpAddress address_on(InterfaceId interface) const;
  bool has(InterfaceId interface) const { return interface.index < interface_count_; }

  std::uint32_t address_count() const { return address_count_; }
  IpAddress address(std::uint32_t index) const { return addresses_[index].address; }
  MacAddress mac(InterfaceId interface) const { return interfaces_[interface.index].mac; }
  std::uint16_t mtu(InterfaceId interface) const { return interfaces_[interface.index].mtu; }

  /// Gives a frame to the link; false when the link cannot take it now. Counts.
  bool send(InterfaceId interface, const FrameOut& frame, Instant now);
  void flush(Instant now);
  /// For whoever cannot keep the bytes of a frame until the next flush.
  void flush(InterfaceId interface, Instant now) { interfaces_[interface.index].link->flush(now); }

 private:
  struct Interface {
    Link* link;
    MacAddress mac;
    std::uint16_t mtu;
  };
  struct Address {
    IpAddress address;
    InterfaceId interface;
  };
  // A prefix that at least one of our addresses lies in. Many addresses usually share few of these.
  struct Route {
    Prefix prefix;
    IpAddress source;
    InterfaceId interface;
  };

  std::uint32_t find(const IpAddress& address) const;
  std::size_t bucket(const IpAddress& address) const;
  void add_route(InterfaceId interface, const Prefix& prefix);
  const Route* longest(const IpAddress& address) const;
  std::span<const Route> routes() const { return routes_.first(route_count_); }

  std::span<Interface> interfaces_;
  std::span<Address> addresses_;
  std::span<std::uint32_t> table_;  // open addressing: indices into addresses_, counted from one
  std::span<Route> routes_;         // the longest first
  Counters& counters_;
  std::uint8_t interface_count_ = 0;
  std::uint32_t address_count_ = 0;
  std::uint32_t route_count_ = 0;
  IpAddress gateway_;  // unspecified: none
};

}  // namespace conker
