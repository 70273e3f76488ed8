// The small services, on the stack's public calls: what each does when one of its connections has
// news. They run wherever the stack runs, and keep nothing between two calls but what the
// connection's cookie can hold.
#pragma once

#include <cstdint>

#include "stack/stack.hpp"

namespace conker::services {

/// RFC 862: gives every byte back, and closes when the peer has.
void echo(Stack& stack, ConnectionId id);

/// RFC 863: throws every byte away, and closes when the peer has.
void discard(Stack& stack, ConnectionId id);

/// RFC 864: sends lines of printing characters for as long as there is room, from `offset` in its
/// pattern on; says where it stopped. What the peer sends is the caller's to discard().
std::uint16_t chargen(Stack& stack, ConnectionId id, std::uint16_t offset);

/// Closes at once: the other side of a strike.
inline void accept_close(Stack& stack, ConnectionId id) {
  static_cast<void>(stack.close(id));
}

}  // namespace conker::services
