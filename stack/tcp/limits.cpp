// How much a connection may hold and send at this moment: questions that change nothing.
#include <algorithm>

#include "stack/tcp/tcp.hpp"

namespace conker {

// ---- What it may queue (../README.md, "The budget of chunks") ----

/// Bytes that the connection may have queued now: what is in flight has to stay, and some is
/// written ahead; what is written far ahead of its turn to leave has left the cache by then. Once
/// an eighth of the budget is taken no more is written ahead than the peer's window takes, so that
/// those who never read hold little. All that within a fair share of the budget, and a segment at
/// least.
std::uint32_t Tcp::send_limit(const Connection& c) const {
  constexpr std::uint32_t kMostUnsent = 256 << 10;
  const std::uint32_t ceiling = chunks_.ceiling(Use::kSend);
  const bool pressed = chunks_.available(Use::kSend) < ceiling - ceiling / 8;
  const std::uint32_t unsent =
      pressed ? std::clamp(c.snd.wnd, chunks_.chunk_bytes(), kMostUnsent) : kMostUnsent;
  const std::uint32_t most = std::min(settings_.send_buffer, c.snd.in_flight() + unsent);
  const std::uint32_t least =
      std::min(most, std::max<std::uint32_t>(chunks_.chunk_bytes(), c.path.mss));
  return std::max(least, static_cast<std::uint32_t>(chunks_.fair_share(Use::kSend, most)));
}

/// Bytes that the window and what waits for the application may have together: what the connection
/// has grown to, a fair share of the budget at most, and two segments at least.
std::uint32_t Tcp::receive_limit(const Connection& c) const {
  const std::uint32_t most = c.negotiated.window_scaling ? c.buffer.limit : first_window();
  const std::uint32_t least = std::min<std::uint32_t>(most, 2u * c.path.mss);
  return std::max(least, static_cast<std::uint32_t>(chunks_.fair_share(Use::kReceive, most)));
}

/// Chunks that data beyond holes may have: half-filled ones of a whole window and a few of small
/// segments, a fair share of the budget at most, and a segment at least.
std::uint32_t Tcp::out_of_order_limit(const Connection& c) const {
  const std::uint32_t most = 64 + 2 * (receive_limit(c) / chunks_.chunk_bytes());
  const std::uint32_t least = std::min(most, chunks_.chunks_for(c.path.mss));
  const std::uint64_t share =
      chunks_.fair_share(Use::kOutOfOrder, std::uint64_t{most} * chunks_.chunk_bytes());
  return std::max(least, static_cast<std::uint32_t>(share / chunks_.chunk_bytes()));
}

// ---- What its windows let go ----

/// Whether the right edge of the window may move by so many segments, or by half of the buffer (RFC
/// 9293, 3.8.6.2.2), where all of the buffer is `limit`.
bool Tcp::window_opens(const Connection& c, std::uint32_t limit, std::uint32_t segments) const {
  // While there is a hole it stands still: an ACK with another window is no duplicate (RFC 5681,
  // 2), and a peer that is not told of blocks would wait for its timer instead of filling the hole.
  if (!c.negotiated.sack && !c.out_of_order.empty()) return false;
  return c.receive_room(limit) >=
         c.rcv.wnd() + std::min<std::uint32_t>(limit / 2, segments * c.path.mss);
}

/// How far from snd_una data may reach that goes now, where all that has gone reaches to `offset`.
std::uint32_t Tcp::usable_window(const Connection& c, std::uint32_t offset) const {
  return std::min(c.snd.wnd, recovery(c).window(c, context(c), offset));
}

// ---- How large its segments are ----

std::uint16_t Tcp::our_mss(const FourTuple& tuple) const {
  const unsigned headers = tuple.remote.is_v4() ? 40 : 60;
  return static_cast<std::uint16_t>(network_.mtu_between(tuple.local, tuple.remote) - headers);
}

/// What data one segment of ours carries at most: the MSS counts neither header nor options (RFC
/// 9293, 3.7.1), and wherever in a chunk it begins, its data must not lie in more pieces than a
/// packet has.
std::uint16_t Tcp::send_mss(const FourTuple& tuple, const NegotiatedOptions& negotiated) const {
  const std::uint32_t mss =
      std::min(our_mss(tuple), negotiated.peer_mss) - option_bytes(negotiated);
  return static_cast<std::uint16_t>(std::min(mss, data_in_pieces()));
}

}  // namespace conker
