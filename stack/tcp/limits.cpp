// How much a connection may queue and send now. Nothing here changes a connection.
#include "stack/tcp/limits.hpp"

#include <algorithm>

namespace conker {

// ---- Queues (../README.md, "The budget of chunks") ----

/// The limit of the send queue, in bytes: what is in flight and up to 256 KiB ahead, since data
/// written far ahead of its turn has left the cache when it is sent. Once an eighth of the budget
/// is in use no more is written ahead than the peer's window takes, so that peers that never read
/// hold little. Never more than a fair share of the budget, nor less than a segment.
std::uint32_t Limits::send_limit(const TcpTables& t, const Connection& c) {
  constexpr std::uint32_t kMostUnsent = 256 << 10;
  const std::uint32_t ceiling = t.chunks.ceiling(Use::kSend);
  const bool pressed = t.chunks.available(Use::kSend) < ceiling - ceiling / 8;
  const std::uint32_t unsent =
      pressed ? std::clamp(c.snd.wnd, t.chunks.chunk_bytes(), kMostUnsent) : kMostUnsent;
  const std::uint32_t most = std::min(t.settings.send_buffer, c.snd.in_flight() + unsent);
  const std::uint32_t least =
      std::min(most, std::max<std::uint32_t>(t.chunks.chunk_bytes(), c.path.mss));
  return std::max(least, static_cast<std::uint32_t>(t.chunks.fair_share(Use::kSend, most)));
}

/// The limit of receive queue and window together, in bytes: what the buffer has grown to, a fair
/// share of the budget at most, and two segments at least.
std::uint32_t Limits::receive_limit(const TcpTables& t, const Connection& c) {
  const std::uint32_t most = c.negotiated.window_scaling ? c.buffer.limit : first_window(t);
  const std::uint32_t least = std::min<std::uint32_t>(most, 2u * c.path.mss);
  return std::max(least, static_cast<std::uint32_t>(t.chunks.fair_share(Use::kReceive, most)));
}

/// The limit of the out-of-order queue, in chunks: half-filled ones of a whole window and a few of
/// small segments, a fair share of the budget at most, and a segment at least.
std::uint32_t Limits::out_of_order_limit(const TcpTables& t, const Connection& c) {
  const std::uint32_t most = 64 + 2 * (receive_limit(t, c) / t.chunks.chunk_bytes());
  const std::uint32_t least = std::min(most, t.chunks.chunks_for(c.path.mss));
  const std::uint64_t share =
      t.chunks.fair_share(Use::kOutOfOrder, std::uint64_t{most} * t.chunks.chunk_bytes());
  return std::max(least, static_cast<std::uint32_t>(share / t.chunks.chunk_bytes()));
}

// ---- The receive window ----

/// Receiver's silly window avoidance (RFC 9293, 3.8.6.2.2): whether the right edge of the window
/// may move, by so many segments or half of the buffer, which is `limit` bytes.
bool Limits::window_opens(const Connection& c, std::uint32_t limit, std::uint32_t segments) {
  // Without SACK the window stands still while there is a hole: an ACK with another window is no
  // duplicate (RFC 5681, 2), and the peer would wait for its timer instead of filling the hole.
  if (!c.negotiated.sack && !c.out_of_order.empty()) return false;
  return c.receive_room(limit) >=
         c.rcv.wnd() + std::min<std::uint32_t>(limit / 2, segments * c.path.mss);
}

// ---- Segment sizes ----

std::uint16_t Limits::our_mss(const TcpTables& t, const FourTuple& tuple) {
  return static_cast<std::uint16_t>(t.network.mtu_towards(tuple.remote) -
                                    t.network.header_bytes(tuple.remote) - kTcpHeaderMin);
}

/// The most data of one segment, in bytes: the MSS counts neither header nor options (RFC 9293,
/// 3.7.1), and the data must not lie in more pieces than a packet has, wherever in a chunk it
/// begins.
std::uint16_t Limits::send_mss(const TcpTables& t, const FourTuple& tuple,
                               const NegotiatedOptions& negotiated) {
  const auto path = static_cast<std::uint16_t>(
      t.network.path_mtu(tuple.remote) - t.network.header_bytes(tuple.remote) - kTcpHeaderMin);
  const std::uint32_t mss = std::min(path, negotiated.peer_mss) - option_bytes(negotiated);
  return static_cast<std::uint16_t>(std::min(mss, data_in_pieces(t)));
}

}  // namespace conker
