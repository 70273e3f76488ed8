// What each service says on one connection.
#pragma once

#include <cstdint>

#include "config/config.hpp"
#include "daemon/engine.hpp"
#include "stack/stack.hpp"

namespace conker::daemon {

/// All that a service remembers of a connection: the cookie that the stack keeps for us.
struct ServiceCookie {
  config::ServiceKind kind = config::ServiceKind::kEcho;
  std::uint16_t offset = 0;  // of chargen: where in its pattern it stands

  constexpr std::uint32_t pack() const {
    return make_cookie(Owner::kService,
                       std::uint32_t{offset} << 8 | static_cast<std::uint32_t>(kind));
  }
  static constexpr ServiceCookie unpack(std::uint32_t cookie) {
    return {static_cast<config::ServiceKind>(cookie & 0xff),
            static_cast<std::uint16_t>(value_of(cookie) >> 8)};
  }
};

/// A connection has just been accepted.
void welcome(Stack& stack, ConnectionId id, config::ServiceKind kind);

/// A connection has news: bytes, room, or the peer's FIN.
void serve(Stack& stack, ConnectionId id, ServiceCookie cookie);

}  // namespace conker::daemon
