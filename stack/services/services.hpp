// The small services over TCP, on the stack's public calls: what each does on an event of one of
// its connections. They keep nothing between two calls but what the connection's token can hold.
#pragma once

#include <cstdint>

#include "stack/stack.hpp"

namespace conker::services {

/// RFC 862: sends every byte back, and closes when the peer has closed.
void echo(Stack& stack, ConnectionId id);

/// RFC 863: discards every byte, and closes when the peer has closed.
void discard(Stack& stack, ConnectionId id);

/// RFC 864: sends lines of printing characters while there is room, from `offset` in the pattern
/// on; returns the offset where it stopped. The caller discards what the peer sends, by discard().
std::uint16_t chargen(Stack& stack, ConnectionId id, std::uint16_t offset);

/// Closes a connection as soon as it is accepted: the service that a strike is run against.
inline void accept_close(Stack& stack, ConnectionId id) {
  static_cast<void>(stack.close(id));
}

}  // namespace conker::services
