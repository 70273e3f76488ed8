// The protocol of each service on one connection.
#pragma once

#include <cstdint>

#include "config/config.hpp"
#include "daemon/engine.hpp"
#include "stack/stack.hpp"

namespace conker::daemon {

/// A service's state of a connection, packed into the connection's token.
struct ServiceToken {
  ClientId client = ClientId::kNobody;
  config::ServiceKind kind = config::ServiceKind::kEcho;
  std::uint16_t offset = 0;  // of chargen: position in the pattern

  constexpr Token pack() const {
    return {client, std::uint32_t{offset} << 8 | static_cast<std::uint32_t>(kind)};
  }
  static constexpr ServiceToken unpack(Token token) {
    return {token.client(), static_cast<config::ServiceKind>(token.value() & 0xff),
            static_cast<std::uint16_t>(token.value() >> 8)};
  }
};

/// Serves a connection that was just accepted.
void welcome(Stack& stack, ConnectionId id, ServiceToken token);

/// Serves a connection after an event: received bytes, room to send, or the peer's FIN.
void serve(Stack& stack, ConnectionId id, ServiceToken token);

}  // namespace conker::daemon
