// The daemon's configuration as plain values. loader.hpp makes it from a file and has validated all
// of it. The visit() of a structure names its keys in the file, what each is read into, and its
// range; the reading and the list of known keys in errors are made from it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "stack/base/address.hpp"
#include "stack/base/field.hpp"
#include "stack/base/time.hpp"
#include "stack/link/fault.hpp"
#include "stack/settings.hpp"

namespace conker::config {

inline constexpr About kRequired{.help = {}, .required = true};

/// The name of an interface of the host: 1 to 15 characters without space, / : or %.
struct InterfaceName {
  std::string text;
  bool operator==(const InterfaceName&) const = default;
};
/// An absolute path that fits into a socket address.
struct SocketPath {
  std::string text;
  bool operator==(const SocketPath&) const = default;
};
/// The absolute path of a directory.
struct Directory {
  std::string text;
  bool operator==(const Directory&) const = default;
};
/// The permissions of a file.
struct FileMode {
  std::uint32_t bits = 0;
  bool operator==(const FileMode&) const = default;
};

/// One for each address family. In the file it is one, or a list of one for either.
template <typename T>
struct PerFamily {
  std::optional<T> v4, v6;

  bool any() const { return v4 || v6; }
  std::size_t count() const { return std::size_t{v4.has_value()} + std::size_t{v6.has_value()}; }
  /// That of the family of an address.
  std::optional<T>& of(const IpAddress& address) { return address.is_v4() ? v4 : v6; }
  const std::optional<T>& of(const IpAddress& address) const { return address.is_v4() ? v4 : v6; }
  bool operator==(const PerFamily&) const = default;
};

// The kinds of links. Each has the name of its type, the largest MTU, its own keys, and what no
// other link may share with it.

/// A TAP device, created if there is none of that name.
struct Tap {
  static constexpr std::string_view kType = "tap";
  static constexpr std::uint16_t kMaxMtu = 65521;  // Linux: 65535 with the Ethernet header

  InterfaceName device;
  PerFamily<Prefix> host_address;  // the host's own; if given, it is set, and the MTU
  bool offload = true;             // segmentation and checksum offload: frames of up to 64 KiB

  bool operator==(const Tap&) const = default;
  const std::string& claim() const { return device.text; }
  static constexpr void visit(auto& self, auto&& key) {
    key("device", self.device, kRequired);
    key("host_address", self.host_address, About{});
    key("offload", self.offload, About{});
  }
};

/// A packet socket on an interface that the host uses too, with MAC and addresses of the stack's
/// own.
struct Packet {
  static constexpr std::string_view kType = "packet";
  static constexpr std::uint16_t kMaxMtu = 65535;

  InterfaceName device;

  bool operator==(const Packet&) const = default;
  const std::string& claim() const { return device.text; }
  static constexpr void visit(auto& self, auto&& key) { key("device", self.device, kRequired); }
};

/// Frames over a stream socket to one peer.
struct Unix {
  static constexpr std::string_view kType = "unix";
  static constexpr std::uint16_t kMaxMtu = 65535;

  enum class Mode : std::uint8_t { kListen, kConnect };
  SocketPath path;
  Mode mode = Mode::kListen;

  bool operator==(const Unix&) const = default;
  const std::string& claim() const { return path.text; }
  static constexpr void visit(auto& self, auto&& key) {
    key("path", self.path, kRequired);
    key("mode", self.mode, About{.help = {}, .required = true, .choices = "listen|connect"});
  }
};

struct Link {
  std::string name;
  MacAddress mac;
  std::uint16_t mtu = 1500;       // largest IP packet
  std::vector<Prefix> addresses;  // the stack's own, of either family; the host bits are kept
  bool dhcp = false;              // the IPv4 address comes from a DHCP server: none in `addresses`
  bool autoconf = false;          // IPv6 addresses come from routers (RFC 4862)
  bool dhcp6 = false;             // IPv6 addresses come from a DHCP server (RFC 8415)
  // Whether addresses are probed for conflicts before use. Nothing: those of IPv6 are (RFC 4862,
  // 5.4), those of IPv4 not (RFC 5227).
  std::optional<bool> probe;
  FaultSettings faults;  // of the link from the start
  std::variant<Tap, Packet, Unix> kind;

  bool operator==(const Link&) const = default;
  /// Whether it speaks IPv6: it has, or can get, an address of it.
  bool ipv6() const {
    return autoconf || dhcp6 ||
           std::any_of(addresses.begin(), addresses.end(),
                       [](const Prefix& own) { return !own.address.is_v4(); });
  }
  bool ipv4() const {
    return dhcp || std::any_of(addresses.begin(), addresses.end(),
                               [](const Prefix& own) { return own.address.is_v4(); });
  }
  /// What it must not share with another link: its device or its path.
  const std::string& claim() const {
    return std::visit([](const auto& of) -> const std::string& { return of.claim(); }, kind);
  }
};

/// A route: through a gateway or, without one, over a link to hosts that are neighbours there.
struct Route {
  Prefix to;
  std::optional<IpAddress> gateway;
  std::size_t link = 0;  // index into Config::links

  bool operator==(const Route&) const = default;
};

/// Sizes of IPv4 reassembly; with 0 datagrams there is none.
struct Reassembly {
  std::uint32_t datagrams = 64;  // at a time: the oldest is dropped
  std::uint32_t chunks = 1024;  // chunks that all packets together may hold: the oldest are dropped
  std::uint32_t datagram_bytes = 65535;  // larger ones are refused

  static constexpr void visit(auto& self, auto&& key) {
    key("reassembly_datagrams", self.datagrams, within(0, 4096));
    key("reassembly_chunks", self.chunks, within(1, 1 << 22));
    key("reassembly_bytes", self.datagram_bytes, within(1500, 65535));
  }
};

enum class ServiceKind : std::uint8_t { kEcho, kDiscard, kDaytime, kChargen, kAcceptClose };
inline constexpr std::string_view kServiceKinds = "echo|discard|daytime|chargen|accept-close";
/// The name in the configuration.
std::string to_string(ServiceKind kind);
std::optional<ServiceKind> parse_service_kind(std::string_view name);

/// Whether the service has a UDP form: echo and discard have.
bool runs_over_udp(ServiceKind kind);

struct Service {
  ServiceKind kind = ServiceKind::kEcho;
  Port port;
  bool udp = false;

  bool operator==(const Service&) const = default;
  static constexpr void visit(auto& self, auto&& key) {
    key("name", self.kind, About{.help = {}, .required = true, .choices = kServiceKinds});
    key("protocol", self.udp, About{.help = {}, .choices = "tcp|udp"});
    key("port", self.port.value, About{.help = {}, .required = true, .min = 1, .max = 65535});
  }
};

struct Control {
  SocketPath socket{"/run/conker/conkerd.sock"};
  SocketPath status_socket;  // for all users, for verbs that only read; empty: there is none
  std::string group;         // empty: the group that the daemon runs as
  FileMode mode{0660};       // of the socket

  static constexpr void visit(auto& self, auto&& key) {
    key("socket", self.socket, About{});
    key("status_socket", self.status_socket, About{});
    key("group", self.group, About{});
    key("mode", self.mode, About{});
  }
};

struct Strike {
  std::vector<Prefix> allow;                       // permitted targets; none by default
  std::uint32_t max_concurrency = 4096;            // connections in flight, of all strikes together
  std::uint32_t at_once = 8;                       // strikes
  Directory directory{"/var/lib/conker/strikes"};  // of detached strikes
  std::uint32_t keep = 100;                        // of them, the newest
  std::uint32_t keep_mib = 4096;                   // and so much of their files, in MiB

  bool allows(const IpAddress& target) const;
  static constexpr void visit(auto& self, auto&& key) {
    key("allow", self.allow, About{});
    key("max_concurrency", self.max_concurrency, within(1, 1 << 20));
    key("at_once", self.at_once, within(1, 16));
    key("directory", self.directory, About{});
    key("keep", self.keep, within(1, 1000));
    key("keep_mib", self.keep_mib, within(1, 1 << 20));
  }
};

/// The HTTP server on the stack's own addresses: a page, metrics, a sign of health.
struct Http {
  Port port;
  std::vector<Prefix> allow;       // who may ask; connections of others are reset
  std::uint32_t clients = 64;      // connected at a time
  std::uint32_t per_address = 16;  // of them, of one address
  std::uint32_t streams = 16;      // of them, pages that show what is new each second
  Duration request_timeout = 10s;  // for a request to be complete
  Duration idle_timeout = 60s;     // until the next request of a connection

  bool allows(const IpAddress& client) const;
  bool operator==(const Http&) const = default;
  static constexpr void visit(auto& self, auto&& key) {
    key("port", self.port.value, About{.help = {}, .required = true, .min = 1, .max = 65535});
    key("allow", self.allow, kRequired);
    key("clients", self.clients, within(1, 1024));
    key("per_address", self.per_address, within(1, 1024));
    key("streams", self.streams, within(1, 1024));
    key("request_timeout", self.request_timeout, within(100ms, 10min));
    key("idle_timeout", self.idle_timeout, within(100ms, 1h));
  }
};

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };
inline constexpr std::string_view kLogLevels = "debug|info|warning|error";
/// The name in the configuration.
std::string to_string(LogLevel level);
std::optional<LogLevel> parse_log_level(std::string_view name);

struct Log {
  LogLevel level = LogLevel::kInfo;
  std::string sink = "stderr";  // "stderr", "journal" or the absolute path of a file

  static constexpr void visit(auto& self, auto&& key) {
    key("level", self.level, About{.help = {}, .choices = kLogLevels});
    key("sink", self.sink, About{});
  }
};

/// The stack's defaults, with CUBIC.
inline Settings default_settings() {
  Settings settings;
  settings.congestion = CongestionAlgorithm::kCubic;
  return settings;
}

struct Config {
  std::vector<Link> links;
  PerFamily<IpAddress> gateway;
  std::vector<IpAddress> dns_servers;  // in order of preference, before those of leases
  std::vector<Route> routes;
  Capacities capacities;
  Reassembly reassembly;
  Settings settings = default_settings();
  bool syn_cookies = true;  // when the table of half-open records is full
  std::vector<Service> services;
  Keepalive service_keepalive{.idle = 2h};  // of their connections (RFC 9293, 3.8.4)
  Control control;
  Strike strike;
  std::optional<Http> http;  // none: nothing listens
  Log log;
  Duration shutdown_timeout = 5s;  // how long connections may take to close before they are reset

  /// The key of the first link whose IPv6 addresses come from others; empty where none do.
  std::string first_of_autoconf() const;
};

}  // namespace conker::config
