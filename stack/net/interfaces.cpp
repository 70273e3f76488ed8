#include "stack/net/interfaces.hpp"

#include <algorithm>

namespace conker {
namespace {

// The least MTU of an interface, in bytes: that of each link of IPv4 (RFC 791, 3.1).
constexpr std::uint16_t kLeastLinkMtu = 576;

}  // namespace

Interfaces::Interfaces(Arena& arena, const Capacities& capacities, Counters& counters)
    : interfaces_(arena.take<Interface>(std::min<std::size_t>(capacities.interfaces, 255))),
      addresses_(arena, capacities),
      routes_(arena, capacities),
      counters_(counters) {}

Result<InterfaceId> Interfaces::add(Link& link, const MacAddress& mac, std::uint16_t mtu) {
  if (mac.is_group() || mac == MacAddress() || mtu < kLeastLinkMtu) return Error::kInvalidArgument;
  if (interface_count_ == interfaces_.size()) return Error::kTableFull;
  interfaces_[interface_count_] = Interface{&link, mac, mtu, IpAddress::v4(0)};
  outdate_destinations();
  return InterfaceId{interface_count_++};
}

bool Interfaces::is_own_mac(const MacAddress& mac) const {
  return std::ranges::any_of(interfaces_.first(interface_count_),
                             [&](const Interface& interface) { return interface.mac == mac; });
}

// ---- Addresses ----

Result<std::uint32_t> Interfaces::add_address(InterfaceId interface, const Prefix& address,
                                              AddressState state) {
  if (!has(interface) || !names_a_host(address)) return Error::kInvalidArgument;
  if (addresses_.find(address.address) != kNone) return Error::kAddressInUse;
  const std::uint32_t index = addresses_.add(interface, address);
  if (index == kNone) return Error::kTableFull;
  addresses_[index].state = state;
  outdate_destinations();
  if (state == AddressState::kPreferred) assigned(addresses_[index]);
  return index;
}

Error Interfaces::remove_address(const IpAddress& address) {
  const std::uint32_t index = addresses_.find(address);
  if (index == kNone) return Error::kNoSuchAddress;
  addresses_.remove(index);
  rebuild_connected();
  return Error::kOk;
}

void Interfaces::change_address(std::uint32_t index, AddressState state) {
  addresses_[index].state = state;
  rebuild_connected();
}

// Rebuilds the connected routes: each prefix has the first address in it as its source.
void Interfaces::rebuild_connected() {
  outdate_destinations();
  routes_.remove_connected();
  for (Interface& interface : interfaces_.first(interface_count_))
    interface.source = IpAddress::v4(0);
  for (std::uint32_t i = 0; i < addresses_.size(); ++i) {
    if (addresses_[i].in_use()) assigned(addresses_[i]);
  }
}

void Interfaces::assigned(const Address& address) {
  IpAddress& source = interfaces_[address.interface.index].source;
  if (source.is_unspecified() && address.address.is_v4()) source = address.address;
  routes_.add_connected(address.interface, address.prefix());
}

std::uint32_t Interfaces::find_assigned(const IpAddress& address) const {
  const std::uint32_t index = addresses_.find(address);
  return index != kNone && addresses_[index].in_use() ? index : kNone;
}

std::uint32_t Interfaces::find_own(const IpAddress& address) const {
  const std::uint32_t index = addresses_.find(address);
  return index != kNone && addresses_[index].state != AddressState::kDuplicate ? index : kNone;
}

bool Interfaces::is_own_at(InterfaceId interface, const IpAddress& address) const {
  const std::uint32_t index = find_own(address);
  return index != kNone && addresses_[index].interface == interface;
}

IpAddress Interfaces::link_local(InterfaceId interface) const {
  for (std::uint32_t i = 0; i < addresses_.size(); ++i) {
    const Address& address = addresses_[i];
    if (address.interface == interface && address.address.is_link_local() &&
        address.state != AddressState::kDuplicate) {
      return address.address;
    }
  }
  return IpAddress();
}

bool Interfaces::is_local_to(InterfaceId interface, const IpAddress& address) const {
  const std::uint32_t index = find_assigned(address);
  return index != kNone && addresses_[index].interface == interface;
}

bool Interfaces::is_broadcast(const IpAddress& address) const {
  return address.is_limited_broadcast() || routes_.is_broadcast(address);
}

bool Interfaces::is_neighbour(InterfaceId interface, const IpAddress& address) const {
  return names_a_host(address) && !is_broadcast(address) &&
         routes_.direct(interface, address) != nullptr;
}

// ---- Routes ----

// Checks that a gateway is a neighbour, or will be when a tentative address is assigned.
Error Interfaces::check_gateway(const IpAddress& gateway) const {
  if (!names_a_host(gateway) || addresses_.find(gateway) != kNone || is_broadcast(gateway)) {
    return Error::kInvalidArgument;
  }
  if (routes_.direct(gateway) != nullptr) return Error::kOk;
  for (std::uint32_t i = 0; i < addresses_.size(); ++i) {
    if (addresses_[i].prefix().contains(gateway)) return Error::kOk;
  }
  return Error::kNoRoute;
}

Error Interfaces::add_route(const Prefix& to, const IpAddress& gateway, InterfaceId interface) {
  const bool direct = gateway.is_unspecified();
  if (to.length > Prefix::most_length(to.address) || to.network() != to.address ||
      (direct ? !has(interface) : gateway.is_v4() != to.address.is_v4())) {
    return Error::kInvalidArgument;
  }
  if (!direct) {
    if (const Error error = check_gateway(gateway); error != Error::kOk) return error;
  }
  outdate_destinations();
  return routes_.add(Route{to, gateway, IpAddress(), interface, false});
}

Error Interfaces::remove_route(const Prefix& to) {
  outdate_destinations();
  return routes_.remove(to) ? Error::kOk : Error::kNoRoute;
}

Error Interfaces::set_gateway(const IpAddress& gateway) {
  const Prefix everywhere{gateway.is_v4() ? IpAddress::v4(0) : IpAddress(), 0};
  if (const Error error = check_gateway(gateway); error != Error::kOk) return error;
  (void)remove_route(everywhere);
  return add_route(everywhere, gateway, {});
}

std::optional<Hop> Interfaces::route(const IpAddress& destination) const {
  if (!names_a_host(destination)) return std::nullopt;
  for (const Route& route : routes_.all()) {
    if (!route.to.contains(destination)) continue;
    const bool direct_route = route.gateway.is_unspecified();
    const Route* const last = direct_route ? &route : routes_.direct(route.gateway);
    if (last == nullptr) continue;
    const IpAddress source = source_of(*last, destination);
    if (source.is_unspecified()) continue;
    if (direct_route && route.to.broadcast() == destination) return std::nullopt;
    return Hop{last->interface, direct_route ? destination : route.gateway, source};
  }
  return std::nullopt;
}

IpAddress Interfaces::source_of(const Route& route, const IpAddress& destination) const {
  if (!destination.is_v4()) return select(route.interface, destination);
  return route.connected ? route.source : interfaces_[route.interface.index].source;
}

IpAddress Interfaces::source_towards(InterfaceId interface, const IpAddress& neighbour) const {
  const Route* direct = routes_.direct(interface, neighbour);
  return direct == nullptr ? IpAddress() : source_of(*direct, neighbour);
}

// ---- Frames ----

bool Interfaces::send(InterfaceId interface, const FrameOut& frame, Instant now) {
  const bool taken = interfaces_[interface.index].link->send(frame, now);
  counters_.add(taken ? Count::frames_out : Count::frames_refused);
  return taken;
}

void Interfaces::flush(Instant now) {
  for (std::uint8_t i = 0; i < interface_count_; ++i) interfaces_[i].link->flush(now);
}

std::optional<InterfaceId> Interfaces::broadcasts_on(const IpAddress& address) const {
  for (const Route& route : routes_.all()) {
    if (route.gateway.is_unspecified() && route.to.broadcast() == address) return route.interface;
  }
  return std::nullopt;
}

}  // namespace conker
