// The daemon's configuration as plain values. loader.hpp makes it from a file and has validated all
// of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "stack/base/address.hpp"
#include "stack/base/time.hpp"
#include "stack/settings.hpp"

namespace conker::config {

/// A TAP device, created if there is none of that name.
struct Tap {
  std::string device;                  // name of the interface on the host
  std::optional<Prefix> host_address;  // the host's own; if given, it is set, and the MTU
  bool offload = true;                 // segmentation and checksum offload: frames of up to 64 KiB
};

/// A packet socket on an interface that the host uses too, with MAC and addresses of the stack's
/// own.
struct Packet {
  std::string device;
};

/// Frames over a stream socket to one peer.
struct Unix {
  enum class Mode : std::uint8_t { kListen, kConnect };
  std::string path;
  Mode mode = Mode::kListen;
};

struct Link {
  std::string name;
  MacAddress mac;
  std::uint16_t mtu = 1500;       // largest IP packet
  std::vector<Prefix> addresses;  // the stack's own; the host bits are kept
  bool dhcp = false;              // addresses come from a DHCP server; then `addresses` is empty
  bool probe = false;             // probe for conflicts before an address is used (RFC 5227)
  std::variant<Tap, Packet, Unix> kind;
};

/// A route: through a gateway or, without one, over a link to hosts that are neighbours there.
struct Route {
  Prefix to;
  std::optional<IpAddress> gateway;
  std::size_t link = 0;  // index into Config::links
};

/// Sizes of IPv4 reassembly; with 0 datagrams there is none.
struct Reassembly {
  std::uint32_t datagrams = 64;  // at a time: the oldest is dropped
  std::uint32_t chunks = 1024;  // chunks that all packets together may hold: the oldest are dropped
  std::uint32_t datagram_bytes = 65535;  // larger ones are refused
};

enum class ServiceKind : std::uint8_t { kEcho, kDiscard, kDaytime, kChargen, kAcceptClose };
inline constexpr std::uint8_t kServiceKindCount = 5;
/// The name in the configuration: "echo", "discard", "daytime", "chargen", "accept-close".
const char* to_string(ServiceKind kind);
std::optional<ServiceKind> parse_service_kind(std::string_view name);

/// Whether the service has a UDP form: echo and discard have.
bool runs_over_udp(ServiceKind kind);

struct Service {
  ServiceKind kind = ServiceKind::kEcho;
  Port port;
  bool udp = false;
};

struct Control {
  std::string socket = "/run/conker/conkerd.sock";
  std::string group;          // empty: the group that the daemon runs as
  std::uint32_t mode = 0660;  // permissions of the socket
};

struct Strike {
  std::vector<Prefix> allow;             // permitted targets; none by default
  std::uint32_t max_concurrency = 4096;  // connections in flight

  bool allows(const IpAddress& target) const;
};

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };
/// The name in the configuration: "debug", "info", "warning", "error".
const char* to_string(LogLevel level);
std::optional<LogLevel> parse_log_level(std::string_view name);

struct Log {
  LogLevel level = LogLevel::kInfo;
  std::string sink = "stderr";  // "stderr", "journal" or the absolute path of a file
};

/// The stack's defaults, with CUBIC.
inline Settings default_settings() {
  Settings settings;
  settings.congestion = CongestionAlgorithm::kCubic;
  return settings;
}

struct Config {
  std::vector<Link> links;
  std::optional<IpAddress> gateway;
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
  Log log;
  Duration shutdown_timeout = 5s;  // how long connections may take to close before they are reset
};

}  // namespace conker::config
