// The types in UDP's public calls: ids, requests, datagrams and events.
#pragma once

#include <cstdint>
#include <optional>

#include "stack/base/address.hpp"
#include "stack/settings.hpp"

namespace conker {

/// Identifies one socket for ever, as a ConnectionId identifies a connection.
struct UdpId {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  constexpr bool operator==(const UdpId&) const = default;
};

struct UdpBind {
  Endpoint local;  // an unspecified address: any of the host's; port 0: any free one (RFC 6056)
  /// Receives only what arrives on this interface, and broadcasts on it. Required for an interface
  /// without an address.
  std::optional<InterfaceId> interface {};
  bool broadcast = false;    // may send broadcasts, and receives them
  std::uint32_t cookie = 0;  // returned with every event
};

/// The events of a socket since the last drain, as one mask.
struct UdpEvent {
  enum Bits : std::uint8_t {
    kReadable = 1,  // datagrams wait to be received
    kRefused = 2,   // ICMP port or protocol unreachable from the peer of a connected socket
  };
  std::uint8_t mask = 0;
  std::uint32_t cookie = 0;
  UdpId socket;

  constexpr bool has(Bits bit) const { return (mask & bit) != 0; }
};

/// A received datagram.
struct Datagram {
  Endpoint source;
  IpAddress destination;     // one of the host's addresses, or a broadcast address
  InterfaceId interface;     // over which it was received
  std::uint16_t length = 0;  // of the whole datagram in bytes; what exceeded the buffer is lost
};

struct UdpSocketInfo {
  UdpId id;
  Endpoint local, remote;     // `remote` is unspecified unless connected
  std::uint32_t waiting = 0;  // datagrams in the receive queue
  std::uint32_t queued = 0;   // bytes in the receive queue, with 40 for each datagram
  std::uint32_t cookie = 0;
};

}  // namespace conker
