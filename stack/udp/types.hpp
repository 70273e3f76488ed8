// What the users of UDP see: ids, requests, datagrams and events.
#pragma once

#include <cstdint>
#include <optional>

#include "stack/base/address.hpp"
#include "stack/settings.hpp"

namespace conker {

/// Names one socket for ever, as a ConnectionId names a connection.
struct UdpId {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  constexpr bool operator==(const UdpId&) const = default;
};

struct UdpBind {
  Endpoint local;  // an unspecified address: any of ours; port 0: any free one (RFC 6056)
  /// Takes only what arrives on this interface, and broadcasts on it. An interface without an
  /// address needs this.
  std::optional<InterfaceId> interface {};
  bool broadcast = false;    // may send to everybody, and hears what is sent to everybody
  std::uint32_t cookie = 0;  // given back with every event
};

/// News of a socket, one mask per drain.
struct UdpEvent {
  enum Bits : std::uint8_t {
    kReadable = 1,  // there are datagrams to receive
    kRefused = 2,   // ICMP says that nobody is at the port that this socket is connected to
  };
  std::uint8_t mask = 0;
  std::uint32_t cookie = 0;
  UdpId socket;

  constexpr bool has(Bits bit) const { return (mask & bit) != 0; }
};

/// A datagram that came in.
struct Datagram {
  Endpoint source;
  IpAddress destination;     // one of ours, or a broadcast address
  InterfaceId interface;     // over which it came
  std::uint16_t length = 0;  // of the whole datagram in bytes; what did not fit is lost
};

struct UdpSocketInfo {
  UdpId id;
  Endpoint local, remote;     // remote: unspecified unless connected
  std::uint32_t waiting = 0;  // datagrams to receive
  std::uint32_t queued = 0;   // bytes of them, with 40 for each
  std::uint32_t cookie = 0;
};

}  // namespace conker
