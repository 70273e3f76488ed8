#include "stack/ip6/router_discovery.hpp"

#include <algorithm>

namespace conker {
namespace {

constexpr std::uint64_t kRouterPurpose = 0x4861;
constexpr Duration kForGood = Duration::max();

/// The duration of a lifetime on the wire, in seconds.
Duration lifetime_of(std::uint32_t seconds) {
  return seconds == kNdpForEver ? kForGood : Duration(std::chrono::seconds(seconds));
}
Instant end_of(Duration lifetime, Instant now) {
  return lifetime == kForGood ? kNever : now + lifetime;
}

}  // namespace

RouterDiscovery::RouterDiscovery(InterfaceId interface, std::uint16_t mtu,
                                 RouterDiscoveryHost& host, Counters& counters, const SipKey& key)
    : interface_(interface),
      mtu_(mtu),
      host_(host),
      counters_(counters),
      random_(key, kRouterPurpose + (std::uint64_t{interface.index} << 32)) {}

// ---- Solicitation ----

void RouterDiscovery::start(Instant now) {
  solicit_wait_ = Duration{0};
  solicit_at_ = now + kSolicitWithin / 65536 * random_.below(65536);
}

void RouterDiscovery::stop() {
  solicit_at_ = kNever;
}

/// `wait` with RAND of RFC 8415, 15, to which RFC 7559 refers: up to a tenth shorter or longer.
Duration RouterDiscovery::randomized(Duration wait) {
  return wait + wait / 1000 * (static_cast<int>(random_.below(201)) - 100);
}

/// Per RFC 7559, 2, solicitations go on for as long as there is no router, ever more rarely.
void RouterDiscovery::solicited(Instant now) {
  const Duration twice = solicit_wait_ + randomized(solicit_wait_);
  solicit_wait_ = solicit_wait_ == Duration{0} ? randomized(kSolicitFirst)
                  : twice > kSolicitMost       ? randomized(kSolicitMost)
                                               : twice;
  solicit_at_ = now + solicit_wait_;
}

// ---- Received ----

void RouterDiscovery::input(const IpAddress& router, const RouterAdvertisement& advertisement,
                            Instant now) {
  counters_.add(Count::router_advertisements_in);
  // Per RFC 7559, 2.1, an advertisement of a router that is no default router ends nothing.
  if (advertisement.lifetime > 0) solicit_at_ = kNever;
  take_parameters(advertisement);
  take_router(router, advertisement.preference, std::chrono::seconds(advertisement.lifetime), now);
  for (const NdpOption option : advertisement.options) {
    if (const auto prefix = parse_prefix_information(option)) {
      if (prefix->on_link) take_prefix(*prefix, now);
    } else if (const auto route = parse_route_information(option)) {
      take_route(router, *route, now);
    } else if (const auto servers = parse_rdnss(option)) {
      take_servers(*servers, now);
    }
  }
}

void RouterDiscovery::take_parameters(const RouterAdvertisement& advertisement) {
  if (advertisement.hop_limit >= kLeastHopLimit) parameters_.hop_limit = advertisement.hop_limit;
  if (advertisement.reachable != 0) {
    parameters_.reachable = std::clamp<Duration>(std::chrono::milliseconds(advertisement.reachable),
                                                 kLeastReachable, kMostReachable);
  }
  if (advertisement.retransmit != 0) {
    parameters_.retransmit = std::clamp<Duration>(
        std::chrono::milliseconds(advertisement.retransmit), kLeastRetransmit, kMostRetransmit);
  }
  // Per 6.3.4, an MTU beyond the interface's, or below the least that a link has, is ignored.
  const auto mtu = advertisement.mtu;
  if (mtu && *mtu >= kIpv6MinimumMtu && *mtu <= mtu_) {
    parameters_.mtu = static_cast<std::uint16_t>(*mtu);
  }
  // One router that says so suffices, so that routers which disagree do not start and stop DHCPv6.
  parameters_.managed = parameters_.managed || advertisement.managed;
  parameters_.other = parameters_.other || advertisement.other;
}

void RouterDiscovery::take_router(const IpAddress& router, std::int8_t preference,
                                  Duration lifetime, Instant now) {
  const auto is_it = [&](const Router& known) { return known.address == router; };
  if (lifetime == Duration{0}) {
    if (routers_.remove(is_it)) ++epoch_;
    return;
  }
  const auto all = routers_.all();
  auto found = std::ranges::find_if(all, is_it);
  if (found == all.end() && routers_.count == kRouters) {
    found = std::ranges::find_if(
        all, [this](const Router& known) { return !host_.may_be_reachable(known.address); });
    if (found == all.end()) return refuse();
  }
  const Router fresh{router, preference, end_of(lifetime, now)};
  if (found == all.end()) {
    (void)routers_.add(fresh);
    ++epoch_;
    return;
  }
  if (found->address != router || found->preference != preference) ++epoch_;
  *found = fresh;
}

void RouterDiscovery::is_no_router(const IpAddress& router) {
  const bool had = routers_.remove([&](const Router& known) { return known.address == router; });
  const bool led =
      routes_.remove([&](const MoreSpecific& known) { return known.router == router; });
  if (had || led) ++epoch_;
}

bool RouterDiscovery::is_router(const IpAddress& address) const {
  return std::ranges::any_of(routers_.all(),
                             [&](const Router& known) { return known.address == address; });
}

/// Per RFC 4861, 6.3.4. The two-hour rule is for addresses alone.
void RouterDiscovery::take_prefix(const PrefixInformation& prefix, Instant now) {
  if (prefix.prefix.address.is_link_local() || prefix.prefix.address.is_multicast() ||
      prefix.prefix.length == 0)
    return;
  const auto is_it = [&](const OnLink& known) { return known.prefix == prefix.prefix; };
  if (prefix.valid == 0) {
    if (prefixes_.remove(is_it)) ++epoch_;
    return;
  }
  const Instant end = end_of(lifetime_of(prefix.valid), now);
  const auto all = prefixes_.all();
  const auto found = std::ranges::find_if(all, is_it);
  if (found != all.end()) {
    found->expires = end;
  } else if (prefixes_.add({prefix.prefix, end}) != nullptr) {
    ++epoch_;
  } else {
    refuse();
  }
}

void RouterDiscovery::take_route(const IpAddress& router, const RouteInformation& route,
                                 Instant now) {
  const Duration lifetime = lifetime_of(route.lifetime);
  // Per RFC 4191, 3.1, a route to ::/0 says how long, and how readily, it is a default router.
  if (route.prefix.length == 0) return take_router(router, route.preference, lifetime, now);
  if (route.prefix.address.is_link_local() || route.prefix.address.is_multicast()) return;
  const auto is_it = [&](const MoreSpecific& known) {
    return known.prefix == route.prefix && known.router == router;
  };
  if (lifetime == Duration{0}) {
    if (routes_.remove(is_it)) ++epoch_;
    return;
  }
  const MoreSpecific fresh{route.prefix, router, route.preference, end_of(lifetime, now)};
  const auto all = routes_.all();
  const auto found = std::ranges::find_if(all, is_it);
  if (found != all.end()) {
    if (found->preference != route.preference) ++epoch_;
    *found = fresh;
  } else if (routes_.add(fresh) != nullptr) {
    ++epoch_;
  } else {
    refuse();
  }
}

/// Per RFC 8106, 5.3.1. What is beyond the room for servers is left out: they are tried in turn.
void RouterDiscovery::take_servers(const Rdnss& servers, Instant now) {
  const Duration lifetime = lifetime_of(servers.lifetime);
  for (std::size_t i = 0; i < servers.count(); ++i) {
    const auto given = servers.address(i);
    if (!given) continue;
    const IpAddress address = given->with_zone(zone_of(interface_));
    const auto known = dns_servers();
    const auto at = static_cast<std::size_t>(std::ranges::find(known, address) - known.begin());
    if (lifetime == Duration{0}) {
      if (at == server_count_) continue;
      std::copy(servers_.begin() + at + 1, servers_.begin() + server_count_, servers_.begin() + at);
      std::copy(server_ends_.begin() + at + 1, server_ends_.begin() + server_count_,
                server_ends_.begin() + at);
      --server_count_;
      continue;
    }
    if (at == kServers) continue;
    servers_[at] = address;
    server_ends_[at] = end_of(lifetime, now);
    if (at == server_count_) ++server_count_;
  }
}

// ---- Timers ----

void RouterDiscovery::timers(Instant now) {
  if (solicit_at_ <= now) {
    counters_.add(Count::router_solicitations_out);
    host_.solicit_routers();
    solicited(now);
  }
  const auto over = [now](const auto& record) { return record.expires <= now; };
  const bool routers = routers_.remove(over), prefixes = prefixes_.remove(over);
  const bool routes = routes_.remove(over);
  if (routers || prefixes || routes) ++epoch_;
  std::uint8_t kept = 0;
  for (std::uint8_t i = 0; i < server_count_; ++i) {
    if (server_ends_[i] <= now) continue;
    servers_[kept] = servers_[i];
    server_ends_[kept++] = server_ends_[i];
  }
  server_count_ = kept;
}

Instant RouterDiscovery::next_deadline() const {
  Instant first =
      std::min({solicit_at_, routers_.first_end(), prefixes_.first_end(), routes_.first_end()});
  for (std::uint8_t i = 0; i < server_count_; ++i) first = std::min(first, server_ends_[i]);
  return first;
}

// ---- The next hop ----

std::optional<RouterDiscovery::NextHop> RouterDiscovery::next_hop(const IpAddress& destination) {
  std::optional<NextHop> best;
  const auto longer = [&best](std::uint8_t length) { return !best || length > best->matched; };
  for (const OnLink& known : prefixes_.all()) {
    if (known.prefix.contains(destination) && longer(known.prefix.length))
      best = NextHop{destination, known.prefix.length};
  }
  std::int8_t preference = INT8_MIN;  // of the route that is the best, if it is one
  for (const MoreSpecific& known : routes_.all()) {
    if (!known.prefix.contains(destination) || !host_.may_be_reachable(known.router)) continue;
    const bool equal = best && best->matched == known.prefix.length && best->next != destination;
    if (!longer(known.prefix.length) && !(equal && known.preference > preference)) continue;
    best = NextHop{known.router, known.prefix.length};
    preference = known.preference;
  }
  if (best) return best;
  for (const Router& known : routers_.all()) {
    if (known.preference <= preference || !host_.may_be_reachable(known.address)) continue;
    best = NextHop{known.address, 0};
    preference = known.preference;
  }
  // Each in turn, so that each is probed, and one that has come back is found.
  if (!best && routers_.count > 0) {
    best = NextHop{routers_.records[turn_++ % routers_.count].address, 0};
  }
  return best;
}

}  // namespace conker
