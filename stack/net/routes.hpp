// The routing table: prefixes that are reached directly over an interface, or through a gateway.
#pragma once

#include <cstdint>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/arena.hpp"
#include "stack/base/result.hpp"
#include "stack/settings.hpp"

namespace conker {

/// The next hop of a packet.
struct Hop {
  InterfaceId interface;
  IpAddress next;    // the destination itself, or the gateway
  IpAddress source;  // the source address to use (Interfaces::source_of)
};

struct Route {
  Prefix to;
  IpAddress gateway;       // unspecified: the hosts of the prefix are neighbours
  IpAddress source;        // of a connected route: the first of the host's addresses in the prefix
  InterfaceId interface;   // of a route without a gateway
  bool connected = false;  // made by an address of the host, and removed with it
};

/// A table in order of preference: longest prefix first, of equal ones those of the host's own
/// addresses, then the older. It is searched from the front: its length is that of a configuration
/// and does not grow with traffic.
class Routes {
 public:
  Routes(Arena& arena, const Capacities& capacities);

  /// Adds the prefix of one of the host's addresses. Another address in the same prefix adds
  /// nothing.
  void add_connected(InterfaceId interface, const Prefix& address);
  void remove_connected();
  /// Adds a configured route. kAddressInUse when the prefix has one; kTableFull beyond
  /// Capacities::routes.
  Error add(const Route& route);
  bool remove(const Prefix& to);

  /// The longest prefix without a gateway that contains the address; null where there is none.
  const Route* direct(const IpAddress& address) const;
  /// The same among the prefixes of one interface.
  const Route* direct(InterfaceId interface, const IpAddress& address) const;
  /// Whether the address is the directed broadcast address of a prefix that is reached directly.
  bool is_broadcast(const IpAddress& address) const;

  std::span<const Route> all() const { return table_.first(count_); }

 private:
  void insert(const Route& route);
  void erase(std::uint32_t index);
  std::uint32_t find_added(const Prefix& to) const;

  std::span<Route> table_;
  std::uint32_t cap_;  // of configured routes
  std::uint32_t count_ = 0;
  std::uint32_t added_ = 0;
};

}  // namespace conker
