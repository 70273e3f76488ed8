// The segments by which a strike provokes a peer, and which no connection of the stack ever sends:
// a RST or SYN that only looks like one, an ACK of what was never sent, a FIN before its data; and
// silence where a connection would answer. Only a strike calls them.
//
// Each segment is made from what the stack tells of a connection (RFC 9293, 3.3.1) and leaves at
// once, by the network layer. The connection does not know of it. What the peer sees of its numbers
// is nevertheless right: text and FIN are those that the strike has the connection send right
// after.
#pragma once

#include <cstddef>
#include <span>

#include "stack/strike/edits.hpp"
#include "stack/strike/strike.hpp"
#include "stack/strike/unfinished.hpp"
#include "stack/wire/tcp.hpp"

namespace conker {

class Probes final : public Strike::Provoker {
 public:
  /// How far an ACK of the unsent reaches beyond RCV.NXT: no peer that begins to send at that
  /// moment ends a segment there.
  static constexpr std::uint32_t kBeyond = 1001;

  /// `edits`: of the frames of the link to the peer; null for none: windows are told as they are
  /// then, ACKs leave, and SYNs carry nothing.
  explicit Probes(Stack& stack, Edits* edits = nullptr) : stack_(stack), edits_(edits) {}
  /// From now on the stack, which must live still, answers the SYN-ACKs of unfinished handshakes.
  ~Probes();
  Probes(const Probes&) = delete;
  Probes& operator=(const Probes&) = delete;

  /// Sends nothing, and returns true, where the connection does not permit it: it must be in
  /// ESTABLISHED at both ends with nothing in flight, and its window must have room.
  bool provoke(Behaviour::What what, ConnectionId id, std::span<const std::byte> payload) override;

  /// What kForsake has left.
  const Unfinished& unfinished() const { return unfinished_; }

 private:
  void forsake(const ConnectionInfo& about);
  void carry(const ConnectionInfo& about, std::span<const std::byte> payload);
  bool tell_windows(Behaviour::What what, const ConnectionInfo& about);
  bool send(const ConnectionInfo& about, TcpSegment segment, std::span<const std::byte> text = {});

  Stack& stack_;
  Edits* edits_;
  Unfinished unfinished_;
  bool carried_ = true;  // by the last SYN that may carry data
};

}  // namespace conker
