// What connections hold of the pool (../README.md, "The budget of chunks"): how much each may queue, what is
// thrown away when somebody lacks a chunk, who is told when there is room again, and where in the send queue
// a segment's data lies.
#include <algorithm>

#include "stack/tcp/diagram.hpp"
#include "stack/tcp/tcp.hpp"

namespace conker {

// ---- How much each may queue ----

/// Bytes that the connection may have queued now: what is in flight has to stay, and some is written ahead;
/// what is written far ahead of its turn to leave has left the cache by then. Once an eighth of the budget is
/// taken no more is written ahead than the peer's window takes, so that those who never read hold little. All
/// that within a fair share of the budget, and a segment at least.
std::uint32_t Tcp::send_limit(const Connection& c) const {
  constexpr std::uint32_t kMostUnsent = 256 << 10;
  const std::uint32_t ceiling = chunks_.ceiling(Use::kSend);
  const bool pressed = chunks_.available(Use::kSend) < ceiling - ceiling / 8;
  const std::uint32_t unsent =
      pressed ? std::clamp(c.snd_wnd, chunks_.chunk_bytes(), kMostUnsent) : kMostUnsent;
  const std::uint32_t most = std::min(settings_.send_buffer, c.in_flight() + unsent);
  const std::uint32_t least = std::min(most, std::max<std::uint32_t>(chunks_.chunk_bytes(), c.mss));
  return std::max(least, static_cast<std::uint32_t>(chunks_.fair_share(Use::kSend, most)));
}

/// Bytes that the window and what waits for the application may have together: what the connection has
/// grown to, a fair share of the budget at most, and two segments at least.
std::uint32_t Tcp::receive_limit(const Connection& c) const {
  const std::uint32_t most = c.agreed.window_scaling ? c.rcv_limit : first_window();
  const std::uint32_t least = std::min(most, 2u * c.mss);
  return std::max(least, static_cast<std::uint32_t>(chunks_.fair_share(Use::kReceive, most)));
}

/// Chunks that data beyond holes may have: half-filled ones of a whole window and a few of small segments, a
/// fair share of the budget at most, and a segment at least.
std::uint32_t Tcp::out_of_order_limit(const Connection& c) const {
  const std::uint32_t most = 64 + 2 * (receive_limit(c) / chunks_.chunk_bytes());
  const std::uint32_t least = std::min(most, chunks_.chunks_for(c.mss));
  const std::uint64_t share =
      chunks_.fair_share(Use::kOutOfOrder, std::uint64_t{most} * chunks_.chunk_bytes());
  return std::max(least, static_cast<std::uint32_t>(share / chunks_.chunk_bytes()));
}

// ---- What is thrown away ----

/// Whether a chunk can be taken for this use, if need be after data beyond holes and fragments, the oldest
/// first, have been thrown away. RFC 2018, 8, allows it: neither was acknowledged, so both come again.
bool Tcp::make_room(Use use) {
  while (chunks_.crowded_out(use)) {
    const bool dropped = chunks_.above_floor(Use::kOutOfOrder) && discard_oldest_hole();
    if (!dropped && !network_.shed_fragments()) return false;
  }
  return chunks_.available(use) > 0;
}

bool Tcp::discard_oldest_hole() {
  if (holes_.empty()) return false;
  counters_.add(Count::out_of_order_discarded);
  const std::uint32_t slot = holes_.head();
  forget_out_of_order(slot);
  Connection& c = connections_[slot];
  // It stood still because of the hole.
  if (in_state(c.state, kReceiving) && window_opens(c, receive_limit(c), 1)) {
    c.ack_now = true;
    mark_dirty(slot);
  }
  return true;
}

void Tcp::forget_out_of_order(std::uint32_t slot) {
  Connection& c = connections_[slot];
  if (c.out_of_order.empty()) return;
  c.out_of_order.clear(chunks_);
  c.sack.forget_blocks();
  list_hole(slot);
}

/// Keeps the connection in the list of those with data beyond a hole for as long as it has some.
void Tcp::list_hole(std::uint32_t slot) {
  Connection& c = connections_[slot];
  const bool has = !c.out_of_order.empty();
  if (has == c.on_holes) return;
  c.on_holes = has;
  if (has) {
    holes_.push(connections_, slot);
  } else {
    holes_.remove(connections_, slot);
  }
}

// ---- Peers that hold what others need ----

/// How long the peer has acknowledged nothing of what waits for it, ticks; 0 when nothing waits.
std::uint32_t Tcp::stalled_for(const Connection& c) const {
  if (c.send_queue.empty() || !in_state(c.state, kSynchronized)) return 0;
  return c.advanced_at.age(Tick::floor(now_));
}

// While connections that hold nothing get nothing, those whose peers have stood still for
// settings.stall_limit are given up, the longest first (RFC 6429, 3, allows it of a window that stays
// closed): else peers that never read could keep everybody else out for as long as they answer probes. A
// second apart at least, since all connections are looked at.
void Tcp::relieve_pool() {
  if (!pool_exhausted_) return;
  const auto relieved = [this](std::uint32_t part) {
    return std::ranges::all_of(std::array{Use::kReceive, Use::kSend}, [&](Use use) {
      return chunks_.available(use) > (part == 0 ? 0 : chunks_.ceiling(use) / part);
    });
  };
  if (relieved(0)) {
    pool_exhausted_ = false;
    return;
  }
  if (now_ < relieve_at_) return;
  relieve_at_ = now_ + 1s;
  const auto for_each_at_work = [this](auto&& f) {
    for (std::uint32_t slot = 0; slot < connections_.end(); ++slot) {
      if (connections_.live(slot) && !connections_.resting(slot)) f(slot, connections_[slot]);
    }
  };
  std::uint32_t longest = 0;
  for_each_at_work([&](std::uint32_t, const Connection& c) { longest = std::max(longest, stalled_for(c)); });
  const std::uint32_t bound = Tick::ceil(Instant(settings_.stall_limit)).value();
  if (longest < bound) return;
  for_each_at_work([&](std::uint32_t slot, const Connection& c) {
    if (stalled_for(c) < std::max(bound, longest / 2) || relieved(16)) return;
    counters_.add(Count::stalled_given_up);
    reset_and_destroy(slot, CloseReason::kNoResources, Cause::kPoolExhausted);
  });
}

// ---- Who is told of room ----

/// Whether it pays to wake an application that could not send all: a frame has room, or half of a small
/// queue, and could leave at once. Of an empty queue no ACK will come that could tell later.
bool Tcp::has_room(const Connection& c) const {
  constexpr std::uint32_t kFrame = 64 << 10;
  const std::uint32_t limit = send_limit(c);
  const std::uint32_t queued = c.send_queue.size();
  if (queued + std::min(limit / 2, kFrame) > limit) return false;
  return queued == 0 || queued < usable_window(c, c.cursor_offset());
}

void Tcp::tell_of_room(std::uint32_t slot) {
  Connection& c = connections_[slot];
  if (!c.wants_writable || !has_room(c)) return;
  if (c.send_queue.empty() && chunks_.available(Use::kSend) == 0) return;  // wake_starved() will tell
  c.wants_writable = false;
  post(slot, Event::kWritable);
}

bool Tcp::may_wake_starved() const {
  return starved_ != 0 && chunks_.available(Use::kSend) != 0;
}

// Applications that could not send because the budget was used up are told when there are chunks again: a few
// slots a turn, one behind the other, so that nobody is passed over and a
// large table costs no more than a small one.
void Tcp::wake_starved() {
  constexpr std::uint32_t kSlotsPerTurn = 256;
  if (!may_wake_starved()) return;
  for (std::uint32_t n = std::min(starved_, kSlotsPerTurn); n > 0; --n, --starved_) {
    if (wake_next_ >= connections_.end()) wake_next_ = 0;
    const std::uint32_t slot = wake_next_++;
    if (!connections_.live(slot) || connections_.resting(slot)) continue;
    Connection& c = connections_[slot];
    if (!c.wants_writable || c.state == State::kDestroy) continue;
    c.wants_writable = false;
    post(slot, Event::kWritable);
  }
}

// ---- Where in the send queue a segment's data lies ----

// New data is sent in order, and mostly what is lost, too: each search begins where the last one of its kind
// ended. That chunk is still in the queue if what was its first byte is not acknowledged.
std::uint32_t Tcp::gather(Connection& c, Seq sequence, std::uint32_t& length) {
  const auto offset = static_cast<std::uint32_t>(sequence - c.snd_una);
  const auto out = pieces_.subspan(1);
  if (c.log == 0) return c.send_queue.gather(chunks_, offset, length, out);
  Flight& f = SentLog(chunks_, c.log).flight();
  SentFrom& last = sequence < c.snd_nxt ? f.resent_from : f.new_from;
  ByteQueue::Place near;
  if (last.chunk != kNone && last.begin >= c.snd_una) {
    near = {last.chunk, static_cast<std::uint32_t>(last.begin - c.snd_una)};
  }
  const std::uint32_t pieces = c.send_queue.gather(chunks_, offset, length, out, near);
  last = {near.chunk, c.snd_una + near.offset};
  return pieces;
}

}  // namespace conker
