// The segments by which a strike provokes a peer, and which no connection of the stack ever sends:
// a RST or SYN that only looks like one, an ACK of what was never sent, a FIN before its data. Only
// a strike calls them.
//
// Each is made from what the stack tells of a connection (RFC 9293, 3.3.1) and leaves at once, by
// the network layer. The connection does not know of it. What the peer sees of its numbers is
// nevertheless right: text and FIN are those that the strike has the connection send right after.
#pragma once

#include <cstddef>
#include <span>

#include "stack/strike/strike.hpp"
#include "stack/wire/tcp.hpp"

namespace conker {

class Probes final : public Strike::Provoker {
 public:
  /// How far an ACK of the unsent reaches beyond RCV.NXT: no peer that begins to send at that
  /// moment ends a segment there.
  static constexpr std::uint32_t kBeyond = 1001;

  explicit Probes(Stack& stack) : stack_(stack) {}

  /// Sends nothing, and returns true, where the connection does not permit it: it must be in
  /// ESTABLISHED at both ends with nothing in flight, and its window must have room.
  bool provoke(Behaviour::What what, ConnectionId id, std::span<const std::byte> payload) override;

 private:
  bool send(const ConnectionInfo& about, TcpSegment segment, std::span<const std::byte> text = {});

  Stack& stack_;
};

}  // namespace conker
