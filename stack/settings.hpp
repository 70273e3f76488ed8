// What the embedder decides: how much of everything there may be, and how long things take.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "stack/base/address.hpp"
#include "stack/base/time.hpp"

namespace conker {

/// How many of each thing the storage holds. What happens at each cap is said beside it.
struct Capacities {
  std::uint32_t connections = 65536;  // opens fail, final ACKs are dropped
  std::uint32_t resting =
      65536;  // connections kept small while idle; more of them stay as they are at work
  std::uint32_t half_open = 8192;   // SYNs are dropped
  std::uint32_t time_wait = 65536;  // the oldest is evicted
  std::uint32_t listeners = 64;     // listen fails
  std::uint32_t neighbours = 1024;  // the one unused longest is forgotten
  std::uint32_t addresses = 256;    // add_address fails
  std::uint32_t interfaces = 8;     // add_interface fails
  // Sends are short, data that arrives is dropped and comes again; each use has a floor and a
  // ceiling
  std::uint32_t chunks = 16384;
  std::uint32_t chunk_bytes = 8192;  // 128 to 32768
  std::uint32_t pieces =
      34;  // of one frame, the headers among them: data in more of them makes more frames
  std::uint32_t transitions = 4096;  // ring of state changes: the oldest is overwritten
  std::uint32_t paths = 256;  // pairs of addresses whose way is remembered: others are looked up
  std::uint32_t routes = 64;  // besides those of our addresses: add_route and set_gateway fail
  std::uint32_t udp_sockets = 256;  // of a Udp object, if there is one: bind fails
};

/// Which algorithm moves a connection's congestion window.
enum class CongestionAlgorithm : std::uint8_t { kNewReno, kCubic };
inline constexpr std::size_t kCongestionAlgorithms = 2;
const char* to_string(CongestionAlgorithm algorithm);

/// Explicit congestion notification (RFC 3168).
enum class Ecn : std::uint8_t {
  kOff,
  kOnRequest,  // where the peer opens and asks for it
  kAlways,     // asked for, too; a SYN that has to be sent again does without
};

/// Probes to a peer that has been silent (RFC 9293, 3.8.4).
struct Keepalive {
  Duration idle{0};         // silence before the first; 0: none are sent; up to a week
  Duration interval = 75s;  // between probes, up to a week
  std::uint8_t count = 9;  // probes without an answer before the connection is given up; 2 at least
};

/// How the stack behaves. Times are rounded up to about a millisecond.
struct Settings {
  Duration time_wait = 60s;        // 2 MSL (RFC 9293, 3.4.1)
  Duration connect_timeout = 75s;  // unless the request says otherwise
  Duration fin_wait_2 = 60s;       // how long a closed connection waits for the peer's FIN
  Duration rto_initial = 1s;       // RFC 6298, 2.1
  Duration rto_min = 200ms;        // RFC 6298 says 1 s; as others do, less
  Duration rto_max = 60s;          // RFC 6298, 2.5
  std::uint8_t retransmits =
      12;  // timeouts in a row without an answer before giving up (R2, RFC 9293, 3.8.3)
  std::uint8_t syn_ack_retransmits = 5;
  // How long an ACK may wait for data or a second segment to go with; 0: never (RFC 9293, 3.8.6.3:
  // below 500 ms)
  Duration delayed_ack = 40ms;
  // bytes per connection, at most: 256 KiB beyond what is in flight, and less where many share the
  // chunks
  std::uint32_t send_buffer = 1u << 20;
  // bytes per connection, at most: the window begins with 65535 and grows with what the application
  // reads
  std::uint32_t receive_buffer = 2u << 20;
  bool window_scaling = true;  // offered and accepted (RFC 7323)
  bool timestamps = true;      // the same (RFC 7323)
  bool sack = true;            // the same (RFC 2018)
  Ecn ecn = Ecn::kOnRequest;
  std::uint16_t least_path_mtu =
      552;  // segments get no smaller, but may be fragmented then; 68 to 1280
  CongestionAlgorithm congestion =
      CongestionAlgorithm::kNewReno;  // unless the request says otherwise
  Keepalive
      keepalive{};  // of every connection, unless its listener or the application says otherwise
  // How long data may stay unacknowledged before the connection is given up, whatever `retransmits`
  // says (RFC 9293, 3.10.8); 0: as `retransmits` says
  Duration user_timeout{0};
  // How long a peer may acknowledge nothing, where others lack the chunks that wait for it
  Duration stall_limit = 10s;
  bool user_timeout_option =
      false;  // told to the peer, and the peer's wish followed (RFC 5482) ...
  Duration user_timeout_least = 100s;  // ... within these limits
  Duration user_timeout_most = 1h;
  Port first_port{1024};  // ephemeral ports (RFC 6056, 3.2)
  Port last_port{65535};
  Duration neighbour_reachable = 60s;  // after that it is asked for again, and used meanwhile
  Duration neighbour_retry = 1s;
  std::uint8_t neighbour_tries = 3;
  std::uint8_t ttl = 64;              // of what we send, 1 to 255 (RFC 1122, 3.2.1.7)
  std::uint8_t dscp = 0;              // of what we send, 0 to 63 (RFC 2474)
  Duration reassembly_timeout = 60s;  // from the first fragment that came (RFC 1122, 3.3.2)
  std::uint32_t icmp_errors_per_second =
      100;                              // that we send; more are withheld (RFC 1812, 4.3.2.8)
  std::uint32_t icmp_error_burst = 20;  // as many at once
  std::uint32_t udp_receive_buffer =
      65536;  // bytes per socket, with 40 for each datagram: beyond the first, new ones are dropped
};

/// Random bits that peers cannot know: keys for initial sequence numbers, ports and hash tables.
struct Entropy {
  std::array<std::uint64_t, 8> words{};
};

/// Index of an interface, in the order they were added.
struct InterfaceId {
  std::uint8_t index = 0;
  constexpr bool operator==(const InterfaceId&) const = default;
};

}  // namespace conker
