// The daemon's configuration as plain values. loader.hpp makes it from a file and has checked
// everything in it.
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
  std::string device;  // name of the interface on the host
  std::optional<Prefix>
      host_address;     // the host's own side; also its MTU is set and it is brought up
  bool offload = true;  // TCP data passes in frames of up to 64 KiB, without checksums
};

/// A packet socket on an interface that the host uses too, with a MAC and addresses of our own.
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
  bool dhcp = false;              // a server gives the address; then there are no others
  bool probe = false;  // ask whether anybody else has them before they are used (RFC 5227)
  std::variant<Tap, Packet, Unix> kind;
};

/// A way to a network: through a gateway or, without one, over a link whose neighbours its hosts
/// are.
struct Route {
  Prefix to;
  std::optional<IpAddress> gateway;
  std::size_t link = 0;  // index into Config::links
};

/// What puts fragments together: nothing does if there may be no datagrams.
struct Reassembly {
  std::uint32_t datagrams = 64;  // at a time: the oldest is dropped
  std::uint32_t chunks =
      1024;  // most of the pool that all together may hold: the oldest are dropped
  std::uint32_t datagram_bytes = 65535;  // larger ones are refused
};

enum class ServiceKind : std::uint8_t { kEcho, kDiscard, kDaytime, kChargen, kAcceptClose };
inline constexpr std::uint8_t kServiceKindCount = 5;
/// "echo", "discard", "daytime", "chargen", "accept-close".
const char* to_string(ServiceKind kind);
std::optional<ServiceKind> parse_service_kind(std::string_view name);

/// Echo and discard do.
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
  std::vector<Prefix> allow;             // targets; none unless named
  std::uint32_t max_concurrency = 4096;  // connections in flight

  bool allows(const IpAddress& target) const;
};

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };
/// "debug", "info", "warning", "error".
const char* to_string(LogLevel level);
std::optional<LogLevel> parse_log_level(std::string_view name);

struct Log {
  LogLevel level = LogLevel::kInfo;
  std::string sink = "stderr";  // "stderr", "journal" or the absolute path of a file
};

/// The stack's own, but with the algorithm that hosts use.
inline Settings default_settings() {
  Settings settings;
  settings.congestion = CongestionAlgorithm::kCubic;
  return settings;
}

struct Config {
  std::vector<Link> links;
  std::optional<IpAddress> gateway;
  std::vector<IpAddress> dns_servers;  // before those of leases
  std::vector<Route> routes;
  Capacities capacities;
  Reassembly reassembly;
  Settings settings = default_settings();
  bool syn_cookies = true;  // where handshakes find no room
  std::vector<Service> services;
  Keepalive service_keepalive{.idle = 2h};  // of their connections (RFC 9293, 3.8.4)
  Control control;
  Strike strike;
  Log log;
  Duration shutdown_timeout = 5s;  // how long connections may take to close before they are reset
};

}  // namespace conker::config
