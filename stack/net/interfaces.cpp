#include "stack/net/interfaces.hpp"

#include <algorithm>
#include <bit>

#include "stack/wire/ipv4.hpp"

namespace conker {
namespace {

// An address that one host can have.
bool is_unicast(const IpAddress& address) {
  return address.is_v4() && !address.is_unspecified() && !address.is_multicast() && !address.is_loopback() &&
         !address.is_limited_broadcast();
}

}  // namespace

Interfaces::Interfaces(Arena& arena, const Capacities& capacities, Counters& counters)
    : interfaces_(arena.take<Interface>(std::min<std::size_t>(capacities.interfaces, 255))),
      addresses_(arena.take<Address>(capacities.addresses)),
      table_(arena.take<std::uint32_t>(std::bit_ceil(std::size_t{capacities.addresses} * 2 + 1))),
      routes_(arena.take<Route>(capacities.addresses)),
      counters_(counters) {}

Result<InterfaceId> Interfaces::add(Link& link, const MacAddress& mac, std::uint16_t mtu) {
  if (mac.is_group() || mac == MacAddress() || mtu < kIpv4MinimumMtu) return Error::kInvalidArgument;
  if (interface_count_ == interfaces_.size()) return Error::kTableFull;
  interfaces_[interface_count_] = Interface{&link, mac, mtu};
  return InterfaceId{interface_count_++};
}

Error Interfaces::add_address(InterfaceId interface, const Prefix& address) {
  if (interface.index >= interface_count_ || !is_unicast(address.address) || address.length > 32 ||
      address.broadcast() == address.address) {
    return Error::kInvalidArgument;
  }
  if (is_local(address.address)) return Error::kAddressInUse;
  if (address_count_ == addresses_.size()) return Error::kTableFull;

  addresses_[address_count_++] = Address{address.address, interface};
  std::size_t at = bucket(address.address);
  while (table_[at] != 0) at = (at + 1) & (table_.size() - 1);
  table_[at] = address_count_;
  add_route(interface, address);
  return Error::kOk;
}

void Interfaces::add_route(InterfaceId interface, const Prefix& prefix) {
  if (prefix.length == 32) return;  // leads to nobody but ourselves
  const auto same = [&](const Route& route) {
    return route.interface == interface && route.prefix.length == prefix.length &&
           route.prefix.contains(prefix.address);
  };
  if (std::ranges::any_of(routes(), same)) return;
  // Behind all that are as long, so that of equal ones the first that was added leads.
  std::uint32_t at = route_count_++;
  for (; at > 0 && routes_[at - 1].prefix.length < prefix.length; --at) routes_[at] = routes_[at - 1];
  routes_[at] = Route{prefix, prefix.address, interface};
}

Error Interfaces::set_gateway(const IpAddress& gateway) {
  if (!is_unicast(gateway) || is_local(gateway) || is_broadcast(gateway)) return Error::kInvalidArgument;
  if (longest(gateway) == nullptr) return Error::kNoRoute;
  gateway_ = gateway;
  return Error::kOk;
}

std::size_t Interfaces::bucket(const IpAddress& address) const {
  // Only our own addresses are in the table, so nobody else can make it slow. Neighbouring ones spread well
  // with the golden ratio.
  const auto& words = address.words();
  const std::uint32_t mixed = (words[0] ^ words[1] ^ words[2] ^ words[3]) * 0x9e3779b9u;
  return (mixed >> 16 ^ mixed) & (table_.size() - 1);
}

std::uint32_t Interfaces::find(const IpAddress& address) const {
  for (std::size_t at = bucket(address); table_[at] != 0; at = (at + 1) & (table_.size() - 1)) {
    const std::uint32_t index = table_[at] - 1;
    if (addresses_[index].address == address) return index;
  }
  return kNone;
}

bool Interfaces::is_local_to(InterfaceId interface, const IpAddress& address) const {
  const std::uint32_t index = find(address);
  return index != kNone && addresses_[index].interface == interface;
}

bool Interfaces::is_broadcast(const IpAddress& address) const {
  return address.is_limited_broadcast() ||
         std::ranges::any_of(routes(), [&](const Route& r) { return r.prefix.broadcast() == address; });
}

bool Interfaces::is_neighbour(InterfaceId interface, const IpAddress& address) const {
  return is_unicast(address) && !is_broadcast(address) && std::ranges::any_of(routes(), [&](const Route& r) {
           return r.interface == interface && r.prefix.contains(address);
         });
}

const Interfaces::Route* Interfaces::longest(const IpAddress& address) const {
  for (const Route& route : routes()) {
    if (route.prefix.contains(address)) return &route;
  }
  return nullptr;
}

std::optional<Hop> Interfaces::route(const IpAddress& destination) const {
  if (!is_unicast(destination)) return std::nullopt;
  if (const Route* direct = longest(destination)) {
    if (direct->prefix.broadcast() == destination) return std::nullopt;
    return Hop{direct->interface, destination, direct->source};
  }
  if (gateway_.is_unspecified()) return std::nullopt;
  const Route* onward = longest(gateway_);
  return Hop{onward->interface, gateway_, onward->source};
}

bool Interfaces::send(InterfaceId interface, const FrameOut& frame, Instant now) {
  const bool taken = interfaces_[interface.index].link->send(frame, now);
  counters_.add(taken ? Count::frames_out : Count::frames_refused);
  return taken;
}

void Interfaces::flush(Instant now) {
  for (std::uint8_t i = 0; i < interface_count_; ++i) interfaces_[i].link->flush(now);
}

std::optional<InterfaceId> Interfaces::broadcasts_on(const IpAddress& address) const {
  for (const Route& route : routes()) {
    if (route.prefix.broadcast() == address) return route.interface;
  }
  return std::nullopt;
}

IpAddress Interfaces::address_on(InterfaceId interface) const {
  for (const Address& own : addresses_.first(address_count_)) {
    if (own.interface == interface) return own.address;
  }
  return IpAddress::v4(0);
}

}  // namespace conker
