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

#include "stack/strike/narrow_windows.hpp"
#include "stack/strike/strike.hpp"
#include "stack/strike/unfinished.hpp"
#include "stack/strike/unheard_acks.hpp"
#include "stack/wire/tcp.hpp"

namespace conker {

class Probes final : public Strike::Provoker {
 public:
  /// How far an ACK of the unsent reaches beyond RCV.NXT: no peer that begins to send at that
  /// moment ends a segment there.
  static constexpr std::uint32_t kBeyond = 1001;

  /// `narrow`, `unheard`: edit the frames of the link to the peer; null for none: windows are told
  /// as they are then, and ACKs leave.
  explicit Probes(Stack& stack, NarrowWindows* narrow = nullptr, UnheardAcks* unheard = nullptr)
      : stack_(stack), narrow_(narrow), unheard_(unheard) {}
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
  bool tell_windows(Behaviour::What what, const ConnectionInfo& about);
  bool send(const ConnectionInfo& about, TcpSegment segment, std::span<const std::byte> text = {});

  Stack& stack_;
  NarrowWindows* narrow_;
  UnheardAcks* unheard_;
  Unfinished unfinished_;
};

}  // namespace conker
