#include "stack/net/routes.hpp"

#include <algorithm>

#include "stack/base/chunk_pool.hpp"

namespace conker {
namespace {

bool same_prefix(const Prefix& a, const Prefix& b) {
  return a.length == b.length && a.contains(b.address);
}

}  // namespace

Routes::Routes(Arena& arena, const Capacities& capacities)
    : table_(arena.take<Route>(std::size_t{capacities.addresses} + capacities.routes)),
      cap_(capacities.routes) {}

void Routes::insert(const Route& route) {
  const auto before = [&](const Route& other) {
    if (other.to.length != route.to.length) return other.to.length > route.to.length;
    return other.connected || !route.connected;
  };
  std::uint32_t at = count_++;
  for (; at > 0 && !before(table_[at - 1]); --at) table_[at] = table_[at - 1];
  table_[at] = route;
}

void Routes::erase(std::uint32_t index) {
  --count_;
  for (; index < count_; ++index) table_[index] = table_[index + 1];
}

void Routes::add_connected(InterfaceId interface, const Prefix& address) {
  if (address.length == Prefix::most_length(address.address))
    return;  // a prefix of one address contains no neighbour
  const auto same = [&](const Route& route) {
    return route.connected && route.interface == interface && same_prefix(route.to, address);
  };
  if (std::ranges::any_of(all(), same)) return;
  insert(Route{address, IpAddress(), address.address, interface, true});
}

void Routes::remove_connected() {
  for (std::uint32_t i = count_; i-- > 0;) {
    if (table_[i].connected) erase(i);
  }
}

std::uint32_t Routes::find_added(const Prefix& to) const {
  for (std::uint32_t i = 0; i < count_; ++i) {
    if (!table_[i].connected && same_prefix(table_[i].to, to)) return i;
  }
  return kNone;
}

Error Routes::add(const Route& route) {
  if (find_added(route.to) != kNone) return Error::kAddressInUse;
  if (added_ == cap_) return Error::kTableFull;
  ++added_;
  insert(route);
  return Error::kOk;
}

bool Routes::remove(const Prefix& to) {
  const std::uint32_t index = find_added(to);
  if (index == kNone) return false;
  --added_;
  erase(index);
  return true;
}

const Route* Routes::direct(const IpAddress& address) const {
  const auto found = std::ranges::find_if(
      all(), [&](const Route& r) { return r.gateway.is_unspecified() && r.to.contains(address); });
  return found == all().end() ? nullptr : &*found;
}

const Route* Routes::direct(InterfaceId interface, const IpAddress& address) const {
  const auto found = std::ranges::find_if(all(), [&](const Route& r) {
    return r.gateway.is_unspecified() && r.interface == interface && r.to.contains(address);
  });
  return found == all().end() ? nullptr : &*found;
}

bool Routes::is_broadcast(const IpAddress& address) const {
  return std::ranges::any_of(all(), [&](const Route& r) {
    return r.gateway.is_unspecified() && r.to.broadcast() == address;
  });
}

}  // namespace conker
