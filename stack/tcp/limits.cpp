// How much a connection may hold and send at this moment: questions that change nothing.
#include "stack/tcp/limits.hpp"

#include <algorithm>

namespace conker {

// ---- What it may queue (../README.md, "The budget of chunks") ----

/// Bytes that the connection may have queued now: what is in flight has to stay, and some is
/// written ahead; what is written far ahead of its turn to leave has left the cache by then. Once
/// an eighth of the budget is taken no more is written ahead than the peer's window takes, so that
/// those who never read hold little. All that within a fair share of the budget, and a segment at
/// least.
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

/// Bytes that the window and what waits for the application may have together: what the connection
/// has grown to, a fair share of the budget at most, and two segments at least.
std::uint32_t Limits::receive_limit(const TcpTables& t, const Connection& c) {
  const std::uint32_t most = c.negotiated.window_scaling ? c.buffer.limit : first_window(t);
  const std::uint32_t least = std::min<std::uint32_t>(most, 2u * c.path.mss);
  return std::max(least, static_cast<std::uint32_t>(t.chunks.fair_share(Use::kReceive, most)));
}

/// Chunks that data beyond holes may have: half-filled ones of a whole window and a few of small
/// segments, a fair share of the budget at most, and a segment at least.
std::uint32_t Limits::out_of_order_limit(const TcpTables& t, const Connection& c) {
  const std::uint32_t most = 64 + 2 * (receive_limit(t, c) / t.chunks.chunk_bytes());
  const std::uint32_t least = std::min(most, t.chunks.chunks_for(c.path.mss));
  const std::uint64_t share =
      t.chunks.fair_share(Use::kOutOfOrder, std::uint64_t{most} * t.chunks.chunk_bytes());
  return std::max(least, static_cast<std::uint32_t>(share / t.chunks.chunk_bytes()));
}

// ---- What its windows let go ----

/// Whether the right edge of the window may move by so many segments, or by half of the buffer (RFC
/// 9293, 3.8.6.2.2), where all of the buffer is `limit`.
bool Limits::window_opens(const Connection& c, std::uint32_t limit, std::uint32_t segments) {
  // While there is a hole it stands still: an ACK with another window is no duplicate (RFC 5681,
  // 2), and a peer that is not told of blocks would wait for its timer instead of filling the hole.
  if (!c.negotiated.sack && !c.out_of_order.empty()) return false;
  return c.receive_room(limit) >=
         c.rcv.wnd() + std::min<std::uint32_t>(limit / 2, segments * c.path.mss);
}

// ---- How large its segments are ----

std::uint16_t Limits::our_mss(const TcpTables& t, const FourTuple& tuple) {
  const unsigned headers = tuple.remote.is_v4() ? 40 : 60;
  return static_cast<std::uint16_t>(t.network.mtu_between(tuple.local, tuple.remote) - headers);
}

/// What data one segment of ours carries at most: the MSS counts neither header nor options (RFC
/// 9293, 3.7.1), and wherever in a chunk it begins, its data must not lie in more pieces than a
/// packet has.
std::uint16_t Limits::send_mss(const TcpTables& t, const FourTuple& tuple,
                               const NegotiatedOptions& negotiated) {
  const std::uint32_t mss =
      std::min(our_mss(t, tuple), negotiated.peer_mss) - option_bytes(negotiated);
  return static_cast<std::uint16_t>(std::min(mss, data_in_pieces(t)));
}

}  // namespace conker
