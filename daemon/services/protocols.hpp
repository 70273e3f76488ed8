// What each service says on one connection.
#pragma once

#include <cstdint>

#include "config/config.hpp"
#include "daemon/engine.hpp"
#include "stack/stack.hpp"

namespace conker::daemon {

/// All that a service remembers of a connection: the token that the stack keeps for us.
struct ServiceToken {
  ClientId client = ClientId::kNobody;
  config::ServiceKind kind = config::ServiceKind::kEcho;
  std::uint16_t offset = 0;  // of chargen: where in its pattern it stands

  constexpr Token pack() const {
    return {client, std::uint32_t{offset} << 8 | static_cast<std::uint32_t>(kind)};
  }
  static constexpr ServiceToken unpack(Token token) {
    return {token.client(), static_cast<config::ServiceKind>(token.value() & 0xff),
            static_cast<std::uint16_t>(token.value() >> 8)};
  }
};

/// A connection has just been accepted.
void welcome(Stack& stack, ConnectionId id, ServiceToken token);

/// A connection has events: bytes, room, or the peer's FIN.
void serve(Stack& stack, ConnectionId id, ServiceToken token);

}  // namespace conker::daemon
