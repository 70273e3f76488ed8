// Which prefix is reached how: directly over an interface, or through a gateway.
#pragma once

#include <cstdint>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/arena.hpp"
#include "stack/base/result.hpp"
#include "stack/settings.hpp"

namespace conker {

/// Where a packet goes next.
struct Hop {
  InterfaceId interface;
  IpAddress next;    // the destination itself, or the gateway
  IpAddress source;  // the address of ours that speaks to it (Interfaces::source_of)
};

struct Route {
  Prefix to;
  IpAddress gateway;       // unspecified: the hosts of the prefix are neighbours
  IpAddress source;        // of connected ones: the first of our addresses in the prefix
  InterfaceId interface;   // of those without a gateway
  bool connected = false;  // there because of an address of ours, and goes with it
};

/// A table in the order of looking: the longest prefix first, of equal ones those of our own
/// addresses, then the older. It is searched from the front: its length is that of a configuration,
/// not that of the traffic.
class Routes {
 public:
  Routes(Arena& arena, const Capacities& capacities);

  /// The prefix of an address of ours. Another address in the same prefix adds nothing.
  void add_connected(InterfaceId interface, const Prefix& address);
  void remove_connected();
  /// kAddressInUse when that prefix has a route that was added; kTableFull beyond
  /// Capacities::routes.
  Error add(const Route& route);
  bool remove(const Prefix& to);

  /// The longest prefix without a gateway that holds the address; null if none does.
  const Route* direct(const IpAddress& address) const;
  /// The same among those of one interface.
  const Route* direct(InterfaceId interface, const IpAddress& address) const;
  /// Whether it is the directed broadcast address of a prefix that is reached directly.
  bool is_broadcast(const IpAddress& address) const;

  std::span<const Route> all() const { return table_.first(count_); }

 private:
  void insert(const Route& route);
  void erase(std::uint32_t index);
  std::uint32_t find_added(const Prefix& to) const;

  std::span<Route> table_;
  std::uint32_t cap_;  // of those that were added
  std::uint32_t count_ = 0;
  std::uint32_t added_ = 0;
};

}  // namespace conker
