// UDP sockets as their users and the stack name them, and their events.
#pragma once

#include <cstdint>

#include "stack/base/token.hpp"

namespace conker {

/// Identifies one socket for ever, as a ConnectionId identifies a connection.
struct UdpId {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  constexpr bool operator==(const UdpId&) const = default;
};

/// The events of a socket since the last drain, as one mask.
struct UdpEvent {
  enum Bits : std::uint8_t {
    kReadable = 1,  // datagrams wait to be received
    kRefused = 2,   // ICMP port or protocol unreachable from the peer of a connected socket
  };
  std::uint8_t mask = 0;
  Token token{};
  UdpId socket;

  constexpr bool has(Bits bit) const { return (mask & bit) != 0; }
};

}  // namespace conker
