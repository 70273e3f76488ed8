#include "config/links.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <type_traits>
#include <utility>
#include <variant>

#include "config/keys.hpp"
#include "stack/base/address_text.hpp"

namespace conker::config {
namespace {

constexpr std::uint16_t kMinMtu = 576;
constexpr std::uint16_t kMinMtuOfIpv6 = 1280;  // RFC 8200, 5

template <std::size_t N>
using Keys = std::array<std::string_view, N>;

using Kind = decltype(Link::kind);

/// Calls f(kind) with a fresh one of each kind of link.
template <typename F, typename... K>
void for_each_kind(std::type_identity<std::variant<K...>>, F f) {
  (f(K{}), ...);
}
template <typename F>
void for_each_kind(F f) {
  for_each_kind(std::type_identity<Kind>(), f);
}

/// The keys of all links, around those of a kind.
template <typename F>
std::vector<std::string_view> link_keys(F add_of_kind) {
  std::vector<std::string_view> names{"type", "name"};
  add_of_kind(names);
  constexpr Keys<6> kBehind{"mac", "mtu", "addresses", "probe", "address", "faults"};
  names.insert(names.end(), kBehind.begin(), kBehind.end());
  return names;
}

/// A link's section, with every key that a link of some type has; read_kind() is stricter.
Section any_link(const Value& value) {
  return value.section(link_keys([](std::vector<std::string_view>& names) {
    for_each_kind([&](auto kind) { add_names(names, kind); });
  }));
}

Kind read_kind(const Value& value, const Value& type) {
  std::string types;
  for_each_kind([&](auto kind) { types += (types.empty() ? "" : "|") + std::string(kind.kType); });
  const std::string_view wanted = choice_at(types, type.choice(types));
  Kind read;
  for_each_kind([&](auto kind) {
    if (kind.kType != wanted) return;
    const auto add = [&](std::vector<std::string_view>& names) { add_names(names, kind); };
    read_keys(value.section(link_keys(add)), kind);
    read = std::move(kind);
  });
  return read;
}

/// The faults of a link, in the words of `conkerctl fault set`.
struct FaultKeys {
  FaultSettings& to;

  static void visit(auto& self, auto&& key) {
    constexpr About kShare{.help = {}, .unit = Unit::kMillionths};
    key("loss", self.to.loss, kShare);
    key("duplicate", self.to.duplicate, kShare);
    key("reorder", self.to.reorder, kShare);
    key("corrupt", self.to.corrupt, kShare);
    key("delay", self.to.delay, within(0s, 10s));
    key("seed", self.to.seed, About{});
  }
};

/// The number of the zone of the link at this place of the configuration.
std::uint16_t zone_of(std::size_t link) {
  return static_cast<std::uint16_t>(link + 1);
}

/// Where addresses come from beside the configuration: one word, or a list of them.
void read_sources(const Value& value, Link& link) {
  for (const Value& entry : value.is_list() ? value.list() : std::vector{value}) {
    const std::string word = entry.text();
    bool* source = word == "dhcp"    ? &link.dhcp
                   : word == "auto"  ? &link.autoconf
                   : word == "dhcp6" ? &link.dhcp6
                                     : nullptr;
    if (source == nullptr)
      entry.fail("\"" + word + "\" must be dhcp, auto or dhcp6; name others under addresses");
    if (*source) entry.fail("given twice");
    *source = true;
  }
}

/// Reads the addresses of a link at this place of the configuration.
void read_addresses(const Value& value, std::size_t place, std::size_t most, Link& link) {
  for (const Value& entry : value.list()) {
    for (Prefix& address : entry.prefix_range(most - link.addresses.size())) {
      if (link.addresses.size() == most)
        entry.fail("more addresses than capacities.addresses allows");
      if (link.dhcp && address.address.is_v4())
        entry.fail("a link has either IPv4 addresses or address: dhcp");
      address.address = address.address.with_zone(zone_of(place));
      link.addresses.push_back(address);
    }
  }
}

Link read_link(const Value& value, std::size_t place, std::size_t addresses_left) {
  const Section any = any_link(value);
  Link link;
  link.kind = read_kind(value, any.at("type"));
  link.name = any.at("name").name();
  link.mac = any.at("mac").mac();
  if (const auto mtu = any.find("mtu")) {
    const std::uint16_t most = std::visit([](const auto& kind) { return kind.kMaxMtu; }, link.kind);
    link.mtu = static_cast<std::uint16_t>(mtu->number(kMinMtu, most));
  }
  if (const auto faults = any.find("faults")) {
    FaultKeys keys{link.faults};
    read_section(*faults, keys);
  }
  const auto sources = any.find("address");
  if (sources) read_sources(*sources, link);
  if (!sources || any.has("addresses"))
    read_addresses(any.at("addresses"), place, addresses_left, link);
  if (!link.ipv4() && !link.ipv6())
    any.at(sources ? "address" : "addresses").fail("must name at least one address");
  if (const auto probe = any.find("probe")) {
    if (link.addresses.empty())
      probe->fail("is for addresses; what a server or router gives is always probed");
    link.probe = probe->boolean();
  }
  if (link.ipv6() && link.mtu < kMinMtuOfIpv6)
    any.at("mtu").fail("IPv6 takes an mtu of 1280 or more (RFC 8200, 5)");
  return link;
}

/// Which addresses are taken, by the stack or by the host on a TAP.
class TakenAddresses {
 public:
  void take(const Value& where, const IpAddress& address) {
    if (taken_.insert(address).second) return;
    where.fail(to_string(address) + " is already an address of a link");
  }

 private:
  std::set<IpAddress> taken_;
};

}  // namespace

std::vector<Link> read_links(const Value& value, const Capacities& capacities) {
  std::vector<Link> links;
  std::set<std::string> names, claims;
  TakenAddresses taken;
  std::size_t left = capacities.addresses;
  for (const Value& entry : value.list()) {
    if (links.size() == capacities.interfaces)
      entry.fail("more links than capacities.interfaces allows");
    Link link = read_link(entry, links.size(), left);
    left -= link.addresses.size();
    const Section section = any_link(entry);
    if (!names.insert(link.name).second)
      section.at("name").fail("another link is named " + link.name);
    if (!claims.insert(link.claim()).second) {
      section.at(section.has("device") ? "device" : "path")
          .fail("another link uses " + link.claim());
    }
    for (const Prefix& address : link.addresses)
      taken.take(section.at("addresses"), address.address);
    if (const auto* tap = std::get_if<Tap>(&link.kind)) {
      for (const auto& of_host : {tap->host_address.v4, tap->host_address.v6}) {
        if (of_host)
          taken.take(section.at("host_address"), of_host->address.with_zone(zone_of(links.size())));
      }
    }
    links.push_back(std::move(link));
  }
  if (links.empty()) value.fail("must name at least one link");
  return links;
}

namespace {

constexpr Keys<3> kRouteKeys{"to", "via", "link"};
constexpr Prefix kLinkLocal{IpAddress({0xfe800000, 0, 0, 0}), 10};

/// The links' names, which are those of their zones.
ZoneNames zones_of(const std::vector<Link>& links) {
  std::vector<std::string> names;
  for (const Link& link : links) names.push_back(link.name);
  return ZoneNames(std::move(names));
}

}  // namespace

std::vector<Prefix> read_direct(const Section& root, const std::vector<Link>& links) {
  std::vector<Prefix> direct;
  for (std::size_t i = 0; i < links.size(); ++i) {
    direct.insert(direct.end(), links[i].addresses.begin(), links[i].addresses.end());
    if (links[i].ipv6())
      direct.push_back({kLinkLocal.address.with_zone(zone_of(i)), kLinkLocal.length});
  }
  if (const auto routes = root.find("routes")) {
    for (const Value& entry : routes->list()) {
      const Section section = entry.section(kRouteKeys);
      if (section.has("link")) direct.push_back(section.at("to").network());
    }
  }
  return direct;
}

namespace {

IpAddress read_gateway(const Value& value, const std::vector<Link>& links,
                       const std::vector<Prefix>& direct) {
  const IpAddress gateway = value.address(zones_of(links));
  for (const Link& link : links) {
    for (const Prefix& address : link.addresses) {
      if (address.address == gateway) value.fail("is the stack's own address on link " + link.name);
    }
  }
  bool reached = false;
  for (const Prefix& prefix : direct) {
    if (prefix.broadcast() == gateway)
      value.fail("is the broadcast address of a network on a link");
    reached = reached || prefix.contains(gateway);
  }
  if (!reached) value.fail("lies in the network of none of the links' addresses");
  return gateway;
}

}  // namespace

PerFamily<IpAddress> read_gateways(const Value& value, const std::vector<Link>& links,
                                   const std::vector<Prefix>& direct) {
  return read_per_family<IpAddress>(
      value, [&](const Value& one) { return read_gateway(one, links, direct); });
}

std::vector<IpAddress> read_dns(const Value& value, const std::vector<Link>& links) {
  static constexpr Keys<1> kKeys{"servers"};
  constexpr std::size_t kMost = 4;
  std::vector<IpAddress> servers;
  for (const Value& entry : value.section(kKeys).at("servers").list()) {
    if (servers.size() == kMost) entry.fail("more than " + std::to_string(kMost) + " servers");
    servers.push_back(entry.address(zones_of(links)));
  }
  return servers;
}

namespace {

Route read_route(const Value& value, const std::vector<Link>& links,
                 const std::vector<Prefix>& direct) {
  const Section section = value.section(kRouteKeys);
  Route route;
  route.to = section.at("to").network();
  const auto via = section.find("via"), link = section.find("link");
  if (via.has_value() == link.has_value())
    value.fail("takes either via (a gateway) or link (a link's name)");
  if (via) {
    route.gateway = read_gateway(*via, links, direct);
    if (route.gateway->is_v4() != route.to.address.is_v4())
      via->fail("is of the other family than " + section.at("to").text());
    return route;
  }
  const std::string name = link->text();
  const auto found =
      std::find_if(links.begin(), links.end(), [&](const Link& l) { return l.name == name; });
  if (found == links.end()) link->fail("no link is named " + name);
  route.link = static_cast<std::size_t>(found - links.begin());
  return route;
}

}  // namespace

std::vector<Route> read_routes(const Value& value, const Config& config,
                               const std::vector<Prefix>& direct) {
  std::vector<Route> routes;
  for (const Value& entry : value.list()) {
    if (routes.size() + config.gateway.count() >= config.capacities.routes) {
      entry.fail("more routes, the gateway included, than capacities.routes allows");
    }
    const Route route = read_route(entry, config.links, direct);
    const Value to = entry.section(kRouteKeys).at("to");
    if (route.to.length == 0 && config.gateway.of(route.to.address))
      to.fail("the key gateway names the route to everywhere already");
    if (std::any_of(routes.begin(), routes.end(),
                    [&](const Route& other) { return other.to == route.to; })) {
      to.fail("another route leads to " + to.text());
    }
    routes.push_back(route);
  }
  return routes;
}

}  // namespace conker::config
