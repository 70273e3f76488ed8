// What the embedder decides: how much of everything there may be, and how long things take.
#pragma once

#include <array>
#include <cstdint>

#include "stack/base/address.hpp"
#include "stack/base/time.hpp"

namespace conker {

/// How many of each thing the storage holds. What happens at each cap is said beside it.
struct Capacities {
  std::uint32_t connections = 65536;  // opens fail, final ACKs are dropped
  std::uint32_t half_open = 8192;     // SYNs are dropped
  std::uint32_t time_wait = 65536;    // the oldest is evicted
  std::uint32_t listeners = 64;       // listen fails
  std::uint32_t neighbours = 1024;    // the one unused longest is forgotten
  std::uint32_t addresses = 256;      // add_address fails
  std::uint32_t interfaces = 8;       // add_interface fails
  std::uint32_t chunks = 16384;       // sends are short, data that arrives is dropped and comes again
  std::uint32_t chunk_bytes = 2048;   // 128 to 32768
  std::uint32_t transitions = 4096;   // ring of state changes: the oldest is overwritten
  std::uint32_t routes = 64;          // besides those of our addresses: add_route and set_gateway fail
  std::uint32_t udp_sockets = 256;    // of a Udp object, if there is one: bind fails
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
  std::uint32_t send_buffer = 65535;  // bytes per connection
  std::uint32_t receive_buffer =
      65535;              // bytes per connection; without window scaling no more can be announced
  Port first_port{1024};  // ephemeral ports (RFC 6056, 3.2)
  Port last_port{65535};
  Duration neighbour_reachable = 60s;  // after that it is asked for again, and used meanwhile
  Duration neighbour_retry = 1s;
  std::uint8_t neighbour_tries = 3;
  std::uint8_t ttl = 64;                       // of what we send, 1 to 255 (RFC 1122, 3.2.1.7)
  std::uint8_t dscp = 0;                       // of what we send, 0 to 63 (RFC 2474)
  Duration reassembly_timeout = 60s;           // from the first fragment that came (RFC 1122, 3.3.2)
  std::uint32_t icmp_errors_per_second = 100;  // that we send; more are withheld (RFC 1812, 4.3.2.8)
  std::uint32_t icmp_error_burst = 20;         // as many at once
  std::uint32_t udp_receive_buffer =
      65536;  // bytes per socket, with 40 for each datagram: new ones are dropped
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
