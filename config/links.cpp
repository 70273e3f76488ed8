#include "config/links.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "stack/base/address_text.hpp"

namespace conker::config {
namespace {

constexpr std::size_t kMaxInterfaceName = 15;  // IFNAMSIZ without the NUL
constexpr std::uint16_t kMinMtu = 576;
constexpr std::uint16_t kMaxTapMtu = 65521;  // what Linux accepts: 65535 with the Ethernet header

template <std::size_t N>
using Keys = std::array<std::string_view, N>;

/// Every key that a link of some type has; read_kind() is stricter.
constexpr Keys<12> kLinkKeys{"type", "name",      "device",       "path",  "mode",    "mac",
                             "mtu",  "addresses", "host_address", "probe", "address", "offload"};

std::string read_device(const Section& section) {
  const Value value = section.at("device");
  const std::string name = value.text();
  const bool fits = name.size() <= kMaxInterfaceName && name != "." && name != ".." &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return c > ' ' && c < 127 && c != '/' && c != ':' && c != '%';
                    });
  if (!fits)
    value.fail("\"" + name +
               "\" cannot be the name of an interface: 1 to 15 characters without space, / or :");
  return name;
}

std::string read_link_name(const Section& section) {
  const Value value = section.at("name");
  const std::string name = value.text();
  const bool fits = name.size() <= 32 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
                      return std::isalnum(c) || c == '-' || c == '_' || c == '.';
                    });
  if (!fits) value.fail("\"" + name + "\": a name has 1 to 32 letters, digits, - _ or .");
  return name;
}

std::variant<Tap, Packet, Unix> read_kind(const Value& value, const std::string& type) {
  static constexpr Keys<10> kTapKeys{"type",      "name",         "device", "mac",     "mtu",
                                     "addresses", "host_address", "probe",  "address", "offload"};
  static constexpr Keys<8> kPacketKeys{"type", "name",      "device", "mac",
                                       "mtu",  "addresses", "probe",  "address"};
  static constexpr Keys<9> kUnixKeys{"type", "name",      "path",  "mode",   "mac",
                                     "mtu",  "addresses", "probe", "address"};
  if (type == "tap") {
    const Section section = value.section(kTapKeys);
    Tap tap{.device = read_device(section), .host_address = std::nullopt};
    if (const auto host = section.find("host_address")) tap.host_address = host->host();
    if (const auto offload = section.find("offload")) tap.offload = offload->boolean();
    return tap;
  }
  if (type == "packet") return Packet{read_device(value.section(kPacketKeys))};
  const Section section = value.section(kUnixKeys);
  Unix link{section.at("path").socket_path(), Unix::Mode::kListen};
  const Value mode = section.at("mode");
  const std::string word = mode.text();
  if (word == "connect") {
    link.mode = Unix::Mode::kConnect;
  } else if (word != "listen") {
    mode.fail("\"" + word + "\" must be listen or connect");
  }
  return link;
}

}  // namespace

std::string claim_of(const Link& link) {
  if (const auto* tap = std::get_if<Tap>(&link.kind)) return tap->device;
  if (const auto* packet = std::get_if<Packet>(&link.kind)) return packet->device;
  return std::get<Unix>(link.kind).path;
}

namespace {

Link read_link(const Value& value, std::size_t addresses_left) {
  const Section any = value.section(kLinkKeys);
  const Value type = any.at("type");
  const std::string word = type.text();
  if (word != "tap" && word != "packet" && word != "unix")
    type.fail("\"" + word + "\" must be tap, packet or unix");

  Link link;
  link.kind = read_kind(value, word);
  link.name = read_link_name(any);
  link.mac = any.at("mac").mac();
  if (const auto mtu = any.find("mtu")) {
    link.mtu = static_cast<std::uint16_t>(mtu->number(kMinMtu, word == "tap" ? kMaxTapMtu : 65535));
  }
  if (const auto address = any.find("address")) {
    if (address->text() != "dhcp")
      address->fail("\"" + address->text() + "\" must be dhcp; name others under addresses");
    if (const auto others = any.find("addresses"))
      others->fail("a link has either addresses or address: dhcp");
    if (const auto probe = any.find("probe"))
      probe->fail("is for addresses; what a server gives is always probed");
    link.dhcp = true;
    return link;
  }
  if (const auto probe = any.find("probe")) link.probe = probe->boolean();
  for (const Value& entry : any.at("addresses").list()) {
    for (const Prefix& address : entry.prefix_range(addresses_left)) {
      if (addresses_left == 0) entry.fail("more addresses than capacities.addresses allows");
      --addresses_left;
      link.addresses.push_back(address);
    }
  }
  if (link.addresses.empty()) any.at("addresses").fail("must name at least one address");
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
    Link link = read_link(entry, left);
    left -= link.addresses.size();
    const Section section = entry.section(kLinkKeys);
    if (!names.insert(link.name).second)
      section.at("name").fail("another link is named " + link.name);
    if (!claims.insert(claim_of(link)).second) {
      section.at(section.has("device") ? "device" : "path")
          .fail("another link uses " + claim_of(link));
    }
    for (const Prefix& address : link.addresses)
      taken.take(section.at("addresses"), address.address);
    if (const auto* tap = std::get_if<Tap>(&link.kind); tap != nullptr && tap->host_address) {
      taken.take(section.at("host_address"), tap->host_address->address);
    }
    links.push_back(std::move(link));
  }
  if (links.empty()) value.fail("must name at least one link");
  return links;
}

namespace {

constexpr Keys<3> kRouteKeys{"to", "via", "link"};

}  // namespace

std::vector<Prefix> read_direct(const Section& root, const std::vector<Link>& links) {
  std::vector<Prefix> direct;
  for (const Link& link : links)
    direct.insert(direct.end(), link.addresses.begin(), link.addresses.end());
  if (const auto routes = root.find("routes")) {
    for (const Value& entry : routes->list()) {
      const Section section = entry.section(kRouteKeys);
      if (section.has("link")) direct.push_back(section.at("to").network());
    }
  }
  return direct;
}

IpAddress read_gateway(const Value& value, const std::vector<Link>& links,
                       const std::vector<Prefix>& direct) {
  const IpAddress gateway = value.address();
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

std::vector<IpAddress> read_dns(const Value& value) {
  static constexpr Keys<1> kKeys{"servers"};
  constexpr std::size_t kMost = 4;
  std::vector<IpAddress> servers;
  for (const Value& entry : value.section(kKeys).at("servers").list()) {
    if (servers.size() == kMost) entry.fail("more than " + std::to_string(kMost) + " servers");
    servers.push_back(entry.address());
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
    if (routes.size() + (config.gateway ? 1 : 0) == config.capacities.routes) {
      entry.fail("more routes, the gateway included, than capacities.routes allows");
    }
    const Route route = read_route(entry, config.links, direct);
    const Value to = entry.section(kRouteKeys).at("to");
    if (route.to.length == 0 && config.gateway)
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
