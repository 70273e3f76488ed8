// Settings of the embedder: sizes of tables, and the behaviour of the protocols.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "stack/base/address.hpp"
#include "stack/base/field.hpp"
#include "stack/base/time.hpp"

namespace conker {

/// Numbers of records that the storage holds. The comment says what happens when a table is full.
struct Capacities {
  std::uint32_t connections = 65536;  // opens fail, final ACKs are dropped
  std::uint32_t compact = 65536;      // idle connections; more of them stay expanded
  std::uint32_t half_open = 8192;     // SYNs are dropped
  std::uint32_t time_wait = 65536;    // the oldest is evicted
  std::uint32_t listeners = 64;       // listen fails
  std::uint32_t neighbours = 1024;    // the least recently used is evicted
  std::uint32_t addresses = 256;      // add_address fails
  std::uint32_t interfaces = 8;       // add_interface fails
  // Sends are short, arriving data is dropped and retransmitted; each use has a floor and a ceiling
  std::uint32_t chunks = 16384;
  std::uint32_t chunk_bytes = 8192;  // 128 to 32768
  std::uint32_t pieces =
      34;  // of one frame, headers included: data in more pieces makes more frames
  std::uint32_t transitions = 4096;  // ring of state changes: the oldest is overwritten
  std::uint32_t destinations = 256;  // of the destination cache: others are looked up
  std::uint32_t echo_replies = 64;   // that wait to be fetched: beyond it the oldest is dropped
  std::uint32_t routes = 64;         // besides connected ones: add_route and set_gateway fail
  std::uint32_t udp_sockets = 256;   // of a Udp object, if there is one: bind fails

  /// Those that a configuration sets, with their ranges.
  static constexpr void visit(auto& self, auto&& key) {
    constexpr About kMany = within(1, 1 << 22);
    key("connections", self.connections, kMany);
    key("half_open", self.half_open, kMany);
    key("time_wait", self.time_wait, kMany);
    key("listeners", self.listeners, within(1, 65535));
    key("neighbours", self.neighbours, within(1, 65536));
    key("addresses", self.addresses, within(1, 65536));
    key("interfaces", self.interfaces, within(1, 64));
    key("chunks", self.chunks, within(16, 1 << 22));
    key("chunk_bytes", self.chunk_bytes, within(128, 32768));
    key("transitions", self.transitions, kMany);
    key("routes", self.routes, within(1, 4096));
    key("udp_sockets", self.udp_sockets, within(8, 65536));
  }
};

/// The algorithm that controls a connection's congestion window.
enum class CongestionAlgorithm : std::uint8_t { kNewReno, kCubic };
inline constexpr std::size_t kCongestionAlgorithms = 2;
const char* to_string(CongestionAlgorithm algorithm);

/// Explicit congestion notification (RFC 3168).
enum class Ecn : std::uint8_t {
  kOff,
  kOnRequest,  // when the peer asks for it
  kAlways,     // also requested, except in a retransmitted SYN
};

/// Keepalive (RFC 9293, 3.8.4).
struct Keepalive {
  Duration idle{0};         // idle time before the first probe; 0: no probes; up to a week
  Duration interval = 75s;  // between probes, up to a week
  std::uint8_t count = 9;   // unanswered probes before the connection is given up; at least 2
};

/// Behaviour of the protocols. Times are rounded up to about a millisecond.
struct Settings {
  Duration time_wait = 60s;        // 2 MSL (RFC 9293, 3.4.1)
  Duration connect_timeout = 75s;  // default of ConnectRequest::timeout
  Duration fin_wait_2 = 60s;       // how long a closed connection waits for the peer's FIN
  Duration rto_initial = 1s;       // RFC 6298, 2.1
  Duration rto_min = 200ms;        // RFC 6298 says 1 s; less, as in other stacks
  Duration rto_max = 60s;          // RFC 6298, 2.5
  std::uint8_t retransmits = 12;   // consecutive timeouts before giving up (R2, RFC 9293, 3.8.3)
  std::uint8_t syn_ack_retransmits = 5;
  // How long an ACK may wait for data or a second segment; 0: never (RFC 9293, 3.8.6.3: below 500
  // ms)
  Duration delayed_ack = 40ms;
  // bytes per connection, at most: 256 KiB beyond the data in flight, and less where many share the
  // chunks
  std::uint32_t send_buffer = 1u << 20;
  // bytes per connection, at most: the window begins with 65535 and grows with the application's
  // reads
  std::uint32_t receive_buffer = 2u << 20;
  bool window_scaling = true;  // offered and accepted (RFC 7323)
  bool timestamps = true;      // the same (RFC 7323)
  bool sack = true;            // the same (RFC 2018)
  Ecn ecn = Ecn::kOnRequest;
  std::uint16_t least_path_mtu =
      552;  // segments get no smaller, but may be fragmented then; 68 to 1280 bytes
  CongestionAlgorithm congestion = CongestionAlgorithm::kNewReno;  // default of the requests
  Keepalive
      keepalive{};  // of every connection, unless its listener or the application sets another
  // How long data may stay unacknowledged before the connection is given up, whatever `retransmits`
  // says (RFC 9293, 3.10.8); 0: as `retransmits` says
  Duration user_timeout{0};
  // How long a peer may acknowledge nothing while other connections lack chunks
  Duration stall_limit = 10s;
  bool user_timeout_option = false;  // send the option, and accept the peer's value (RFC 5482) ...
  Duration user_timeout_least = 100s;  // ... within these limits
  Duration user_timeout_most = 1h;
  Port first_port{1024};  // ephemeral ports (RFC 6056, 3.2)
  Port last_port{65535};
  Duration neighbour_reachable = 60s;  // after that it is verified, and used meanwhile
  Duration neighbour_retry = 1s;
  std::uint8_t neighbour_tries = 3;
  std::uint8_t ttl = 64;              // of packets sent, 1 to 255 (RFC 1122, 3.2.1.7)
  std::uint8_t dscp = 0;              // of packets sent, 0 to 63 (RFC 2474)
  Duration reassembly_timeout = 60s;  // from the first fragment's arrival (RFC 1122, 3.3.2)
  std::uint32_t icmp_errors_per_second = 100;  // sent; more are withheld (RFC 1812, 4.3.2.8)
  std::uint32_t icmp_error_burst = 20;         // bucket size of that limit
  std::uint32_t udp_receive_buffer =
      65536;  // bytes per socket, with 40 for each datagram: beyond that new ones are dropped

  /// Those of TCP that a configuration sets, with their ranges.
  static constexpr void visit_tcp(auto& self, auto&& key) {
    constexpr Duration kWeek = 24h * 7;
    key("time_wait", self.time_wait, within(1ms, 1h));
    key("connect_timeout", self.connect_timeout, within(1ms, 1h));
    key("fin_wait_2", self.fin_wait_2, within(1ms, 1h));
    key("rto_initial", self.rto_initial, within(1ms, 5min));
    key("rto_min", self.rto_min, within(1ms, 5min));
    key("rto_max", self.rto_max, within(1ms, 5min));
    key("retransmits", self.retransmits, within(1, 32));
    key("syn_ack_retransmits", self.syn_ack_retransmits, within(1, 32));
    key("send_buffer", self.send_buffer, within(1024, 1 << 24));
    key("receive_buffer", self.receive_buffer, within(1024, 1 << 24));
    key("first_port", self.first_port.value, within(1, 65535));
    key("last_port", self.last_port.value, within(1, 65535));
    key("congestion", self.congestion, About{.help = {}, .choices = "newreno|cubic"});
    key("ecn", self.ecn, About{.help = {}, .choices = "off|on-request|always"});
    key("least_path_mtu", self.least_path_mtu, within(68, 1280));
    key("window_scaling", self.window_scaling, About{});
    key("timestamps", self.timestamps, About{});
    key("sack", self.sack, About{});
    key("delayed_ack", self.delayed_ack, within(0ms, 499ms));
    key("keepalive_idle", self.keepalive.idle, within(0ms, kWeek));
    key("keepalive_interval", self.keepalive.interval, within(1ms, kWeek));
    key("keepalive_count", self.keepalive.count, within(2, 255));
    key("user_timeout", self.user_timeout, within(0ms, kWeek));
    key("user_timeout_option", self.user_timeout_option, About{});
    key("user_timeout_least", self.user_timeout_least, within(1s, kWeek));
    key("user_timeout_most", self.user_timeout_most, within(1s, kWeek));
  }
  /// Those of IPv4.
  static constexpr void visit_ip(auto& self, auto&& key) {
    key("ttl", self.ttl, within(1, 255));
    key("dscp", self.dscp, within(0, 63));
    key("icmp_errors_per_second", self.icmp_errors_per_second, within(0, 1'000'000));
    key("reassembly_timeout", self.reassembly_timeout, within(1s, 10min));
  }
};

/// Random bits that are unpredictable to peers: keys for initial sequence numbers, ports and hash
/// tables.
struct Entropy {
  std::array<std::uint64_t, 8> words{};
};

/// Index of an interface, in the order in which they were added.
struct InterfaceId {
  std::uint8_t index = 0;
  constexpr bool operator==(const InterfaceId&) const = default;
};
/// The number of the zone of an interface, which is also a link (IpAddress::with_zone()).
constexpr std::uint16_t zone_of(InterfaceId interface) {
  return static_cast<std::uint16_t>(interface.index + 1);
}

}  // namespace conker
