// The types in UDP's public calls: ids, requests, datagrams and events.
#pragma once

#include <cstdint>
#include <optional>

#include "stack/base/address.hpp"
#include "stack/base/token.hpp"
#include "stack/net/datagram_event.hpp"
#include "stack/settings.hpp"

namespace conker {

struct UdpBind {
  Endpoint local;  // an unspecified address: any of the host's; port 0: any free one (RFC 6056)
  /// Receives only what arrives on this interface, and broadcasts on it. Required for an interface
  /// without an address.
  std::optional<InterfaceId> interface {};
  bool broadcast = false;  // may send broadcasts, and receives them
  Token token{};           // returned with every event
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
  Token token{};
};

}  // namespace conker
