#include "config/loader.hpp"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "config/value.hpp"

namespace conker::config {
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;
constexpr std::size_t kMaxInterfaceName = 15;  // IFNAMSIZ without the NUL
constexpr std::uint16_t kMinMtu = 576;
constexpr std::uint16_t kMaxTapMtu = 65521;  // what Linux accepts: 65535 with the Ethernet header

template <std::size_t N>
using Keys = std::array<std::string_view, N>;

void read(const Section& section, std::string_view key, std::uint32_t& out, std::uint64_t low,
          std::uint64_t high) {
  if (const auto value = section.find(key))
    out = static_cast<std::uint32_t>(value->number(low, high));
}

void read(const Section& section, std::string_view key, std::uint8_t& out, std::uint64_t low,
          std::uint64_t high) {
  if (const auto value = section.find(key))
    out = static_cast<std::uint8_t>(value->number(low, high));
}

void read(const Section& section, std::string_view key, Duration& out, Duration low,
          Duration high) {
  if (const auto value = section.find(key)) out = value->duration(low, high);
}

void read(const Section& section, std::string_view key, bool& out) {
  if (const auto value = section.find(key)) out = value->boolean();
}

Capacities read_capacities(const Value& value) {
  static constexpr Keys<12> kKeys{"connections", "half_open",   "time_wait",  "listeners",
                                  "neighbours",  "addresses",   "interfaces", "chunks",
                                  "chunk_bytes", "transitions", "routes",     "udp_sockets"};
  const Section section = value.section(kKeys);
  Capacities c;
  constexpr std::uint64_t kMany = 1 << 22;
  read(section, "connections", c.connections, 1, kMany);
  c.resting = c.connections;
  read(section, "half_open", c.half_open, 1, kMany);
  read(section, "time_wait", c.time_wait, 1, kMany);
  read(section, "listeners", c.listeners, 1, 65535);
  read(section, "neighbours", c.neighbours, 1, 65536);
  read(section, "addresses", c.addresses, 1, 65536);
  read(section, "interfaces", c.interfaces, 1, 64);
  read(section, "chunks", c.chunks, 16, kMany);
  read(section, "chunk_bytes", c.chunk_bytes, 128, 32768);
  read(section, "transitions", c.transitions, 1, kMany);
  read(section, "udp_sockets", c.udp_sockets, 8, 65536);
  read(section, "routes", c.routes, 1, 4096);
  return c;
}

/// What is agreed upon with peers, and what is done about silent ones.
void read_extensions(const Section& section, Settings& s) {
  constexpr Duration kWeek = 24h * 7;
  if (const auto congestion = section.find("congestion")) {
    const std::string name = congestion->text();
    if (name != "cubic" && name != "newreno")
      congestion->fail("\"" + name + "\" is neither cubic nor newreno");
    s.congestion = name == "cubic" ? CongestionAlgorithm::kCubic : CongestionAlgorithm::kNewReno;
  }
  if (const auto ecn = section.find("ecn")) {
    const std::string name = ecn->text();
    if (name != "off" && name != "on-request" && name != "always")
      ecn->fail("\"" + name + "\" is none of off, on-request and always");
    s.ecn = name == "off" ? Ecn::kOff : name == "always" ? Ecn::kAlways : Ecn::kOnRequest;
  }
  if (const auto mtu = section.find("least_path_mtu"))
    s.least_path_mtu = static_cast<std::uint16_t>(mtu->number(68, 1280));
  read(section, "window_scaling", s.window_scaling);
  read(section, "timestamps", s.timestamps);
  read(section, "sack", s.sack);
  read(section, "delayed_ack", s.delayed_ack, 0ms, 499ms);
  read(section, "keepalive_idle", s.keepalive.idle, 0ms, kWeek);
  read(section, "keepalive_interval", s.keepalive.interval, 1ms, kWeek);
  read(section, "keepalive_count", s.keepalive.count, 2, 255);
  read(section, "user_timeout", s.user_timeout, 0ms, kWeek);
  read(section, "user_timeout_option", s.user_timeout_option);
  read(section, "user_timeout_least", s.user_timeout_least, 1s, kWeek);
  read(section, "user_timeout_most", s.user_timeout_most, 1s, kWeek);
  if (s.user_timeout_least > s.user_timeout_most) {
    section.find(section.has("user_timeout_least") ? "user_timeout_least" : "user_timeout_most")
        ->fail("user_timeout_least must not be above user_timeout_most");
  }
}

/// What the section ip says of the stack's settings and of reassembly.
void read_ip(const Value& value, Settings& settings, Reassembly& reassembly) {
  static constexpr Keys<7> kKeys{"ttl",
                                 "dscp",
                                 "icmp_errors_per_second",
                                 "reassembly_timeout",
                                 "reassembly_datagrams",
                                 "reassembly_chunks",
                                 "reassembly_bytes"};
  const Section section = value.section(kKeys);
  read(section, "ttl", settings.ttl, 1, 255);
  read(section, "dscp", settings.dscp, 0, 63);
  read(section, "icmp_errors_per_second", settings.icmp_errors_per_second, 0, 1'000'000);
  read(section, "reassembly_timeout", settings.reassembly_timeout, 1s, 10min);
  read(section, "reassembly_datagrams", reassembly.datagrams, 0, 4096);
  read(section, "reassembly_chunks", reassembly.chunks, 1, 1 << 22);
  read(section, "reassembly_bytes", reassembly.datagram_bytes, 1500, 65535);
}

/// Services probe their peers also where nothing is said of keepalive; what is said is meant for
/// them, too.
Keepalive read_service_keepalive(const Section& section, const Keepalive& others) {
  Keepalive keepalive = others;
  if (!section.has("keepalive_idle")) keepalive.idle = Config().service_keepalive.idle;
  read(section, "service_keepalive_idle", keepalive.idle, 0ms, 24h * 7);
  return keepalive;
}

Settings read_tcp(const Value& value, Config& config) {
  static constexpr Keys<28> kKeys{"time_wait",
                                  "connect_timeout",
                                  "fin_wait_2",
                                  "rto_initial",
                                  "rto_min",
                                  "rto_max",
                                  "retransmits",
                                  "syn_ack_retransmits",
                                  "send_buffer",
                                  "receive_buffer",
                                  "first_port",
                                  "last_port",
                                  "congestion",
                                  "ecn",
                                  "least_path_mtu",
                                  "window_scaling",
                                  "timestamps",
                                  "sack",
                                  "delayed_ack",
                                  "keepalive_idle",
                                  "keepalive_interval",
                                  "keepalive_count",
                                  "service_keepalive_idle",
                                  "user_timeout",
                                  "user_timeout_option",
                                  "user_timeout_least",
                                  "user_timeout_most",
                                  "syn_cookies"};
  const Section section = value.section(kKeys);
  Settings s = default_settings();
  read(section, "time_wait", s.time_wait, 1ms, 1h);
  read(section, "connect_timeout", s.connect_timeout, 1ms, 1h);
  read(section, "fin_wait_2", s.fin_wait_2, 1ms, 1h);
  read(section, "rto_initial", s.rto_initial, 1ms, 5min);
  read(section, "rto_min", s.rto_min, 1ms, 5min);
  read(section, "rto_max", s.rto_max, 1ms, 5min);
  read(section, "retransmits", s.retransmits, 1, 32);
  read(section, "syn_ack_retransmits", s.syn_ack_retransmits, 1, 32);
  read(section, "send_buffer", s.send_buffer, 1024, 1 << 24);
  read(section, "receive_buffer", s.receive_buffer, 1024, 1 << 24);
  if (const auto port = section.find("first_port"))
    s.first_port.value = static_cast<std::uint16_t>(port->number(1, 65535));
  if (const auto port = section.find("last_port"))
    s.last_port.value = static_cast<std::uint16_t>(port->number(1, 65535));

  read_extensions(section, s);
  read(section, "syn_cookies", config.syn_cookies);
  config.service_keepalive = read_service_keepalive(section, s.keepalive);

  if (s.rto_min > s.rto_max)
    section.find(section.has("rto_min") ? "rto_min" : "rto_max")
        ->fail("rto_min must not be above rto_max");
  if (s.rto_initial < s.rto_min || s.rto_initial > s.rto_max)
    value.fail("rto_initial must lie between rto_min and rto_max");
  if (s.first_port > s.last_port)
    section.find(section.has("first_port") ? "first_port" : "last_port")
        ->fail("first_port must not be above last_port");
  return s;
}

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

/// What one link must not share with another: its device or its path.
std::string claim_of(const Link& link) {
  if (const auto* tap = std::get_if<Tap>(&link.kind)) return tap->device;
  if (const auto* packet = std::get_if<Packet>(&link.kind)) return packet->device;
  return std::get<Unix>(link.kind).path;
}

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
    std::array<char, IpAddress::kTextSize> text;
    where.fail(std::string(address.format(text)) + " is already an address of a link");
  }

 private:
  std::set<IpAddress> taken_;
};

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

constexpr Keys<3> kRouteKeys{"to", "via", "link"};

/// Where hosts are neighbours: the networks of the links' addresses, and those that routes lead to
/// over a link.
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

/// The address of a neighbour on one of the links. The stack refuses the same.
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

/// Names of hosts are asked for there, in this order.
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

std::vector<Service> read_services(const Value& value, const Capacities& capacities) {
  static constexpr Keys<3> kKeys{"name", "port", "protocol"};
  std::vector<Service> services;
  std::set<std::pair<std::uint16_t, bool>> ports;
  for (const Value& entry : value.list()) {
    const Section section = entry.section(kKeys);
    const Value name = section.at("name");
    const auto kind = parse_service_kind(name.text());
    if (!kind)
      name.fail("\"" + name.text() + "\" must be echo, discard, daytime, chargen or accept-close");
    bool udp = false;
    if (const auto protocol = section.find("protocol")) {
      const std::string word = protocol->text();
      udp = word == "udp";
      if (!udp && word != "tcp") protocol->fail("\"" + word + "\" must be tcp or udp");
      if (udp && !runs_over_udp(*kind)) protocol->fail("only echo and discard run over udp");
    }
    const Value port = section.at("port");
    const auto number = static_cast<std::uint16_t>(port.number(1, 65535));
    if (!ports.emplace(number, udp).second)
      port.fail("another service is on port " + std::to_string(number));
    if (services.size() == capacities.listeners)
      entry.fail("more services than capacities.listeners allows");
    services.push_back({*kind, Port{number}, udp});
  }
  return services;
}

Control read_control(const Value& value, const std::vector<Link>& links) {
  static constexpr Keys<3> kKeys{"socket", "group", "mode"};
  const Section section = value.section(kKeys);
  Control control;
  if (const auto path = section.find("socket")) {
    control.socket = path->socket_path();
    for (const Link& link : links) {
      if (claim_of(link) == control.socket) path->fail("link " + link.name + " uses this path");
    }
  }
  if (const auto group = section.find("group")) control.group = group->text();
  if (const auto mode = section.find("mode")) control.mode = mode->mode();
  return control;
}

Strike read_strike(const Value& value) {
  static constexpr Keys<2> kKeys{"allow", "max_concurrency"};
  const Section section = value.section(kKeys);
  Strike strike;
  if (const auto allow = section.find("allow")) {
    for (const Value& entry : allow->list()) strike.allow.push_back(entry.prefix(true));
  }
  read(section, "max_concurrency", strike.max_concurrency, 1, 1 << 20);
  return strike;
}

Log read_log(const Value& value) {
  static constexpr Keys<2> kKeys{"level", "sink"};
  const Section section = value.section(kKeys);
  Log log;
  if (const auto level = section.find("level")) {
    const auto known = parse_log_level(level->text());
    if (!known) level->fail("\"" + level->text() + "\" must be debug, info, warning or error");
    log.level = *known;
  }
  if (const auto sink = section.find("sink")) {
    log.sink = sink->text();
    if (log.sink != "stderr" && log.sink != "journal" && log.sink.front() != '/') {
      sink->fail("\"" + log.sink + "\" must be stderr, journal or the absolute path of a file");
    }
  }
  return log;
}

Config read_config(const Value& root) {
  static constexpr Keys<12> kKeys{
      "links",  "gateway", "capacities",       "tcp",    "services", "control",
      "strike", "log",     "shutdown_timeout", "routes", "ip",       "dns"};
  const Section section = root.section(kKeys);
  Config config;
  if (const auto capacities = section.find("capacities"))
    config.capacities = read_capacities(*capacities);
  if (const auto tcp = section.find("tcp")) config.settings = read_tcp(*tcp, config);
  if (const auto ip = section.find("ip")) read_ip(*ip, config.settings, config.reassembly);
  config.links = read_links(section.at("links"), config.capacities);
  const std::vector<Prefix> direct = read_direct(section, config.links);
  if (const auto gateway = section.find("gateway"))
    config.gateway = read_gateway(*gateway, config.links, direct);
  if (const auto dns = section.find("dns")) config.dns_servers = read_dns(*dns);
  if (const auto routes = section.find("routes"))
    config.routes = read_routes(*routes, config, direct);
  if (const auto services = section.find("services"))
    config.services = read_services(*services, config.capacities);
  if (const auto control = section.find("control"))
    config.control = read_control(*control, config.links);
  if (const auto strike = section.find("strike")) config.strike = read_strike(*strike);
  if (const auto log = section.find("log")) config.log = read_log(*log);
  read(section, "shutdown_timeout", config.shutdown_timeout, 0s, 10min);
  return config;
}

/// Hears a document, and keeps only where its first value stands.
class Beginning final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { here(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { here(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string&) override {
    here(mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    here(mark);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    here(mark);
  }
  void OnMapEnd() override {}

  YAML::Mark place = YAML::Mark::null_mark();

 private:
  void here(const YAML::Mark& mark) {
    if (place.is_null()) place = mark;
  }
};

/// Not YAML::LoadAll(): before a comma that belongs to no list it finds empty documents without
/// end.
YAML::Node load_only_document(const std::string& content, const std::string& name) {
  std::istringstream stream(content);
  YAML::Parser parser(stream);
  Beginning first, second;
  if (parser.HandleNextDocument(first) && parser.HandleNextDocument(second)) {
    Value(&name, {}, "", second.place).fail("a second document; there must be one");
  }
  return YAML::Load(content);
}

/// A quoted key or value may hold anything, a line break or what a terminal obeys.
std::string on_one_line(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string line;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < ' ' || byte == 127) {
      line += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    } else {
      line += c;
    }
  }
  return line;
}

}  // namespace

ConfigError::ConfigError(std::string_view text) : std::runtime_error(on_one_line(text)) {}

Config load_text(std::string_view text, const std::string& name) {
  const std::string content(text);
  try {
    const YAML::Node document = load_only_document(content, name);
    if (document.IsNull())
      throw ConfigError(name + ":1:1: the file is empty; the key links is missing");
    return read_config(Value(&name, document, ""));
  } catch (const YAML::DeepRecursion& error) {
    throw ConfigError(name + ":1:1: nested too deeply; is it the right file?");
  } catch (const YAML::Exception& error) {
    throw ConfigError(name + ":" + std::to_string(error.mark.line + 1) + ":" +
                      std::to_string(error.mark.column + 1) + ": not valid YAML: " + error.msg);
  }
}

Config load_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw ConfigError(path + ": cannot be opened: " + std::generic_category().message(errno));
  std::string text(kMaxFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) throw ConfigError(path + ": cannot be read; is it a file?");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxFileBytes)
    throw ConfigError(path + ": longer than 1 MiB; is it the right file?");
  return load_text(text, path);
}

}  // namespace conker::config
