// The shared pool of chunks under pressure (../README.md, "The budget of chunks"): data that is
// discarded, peers that are given up, and applications that are told of room.
#include "stack/tcp/pool.hpp"

#include <algorithm>

#include "stack/tcp/diagram.hpp"

namespace conker {

// ---- What is thrown away ----

/// Makes room for a chunk of this use, if need be by discarding data beyond holes and fragments,
/// the oldest first (RFC 2018, 8, allows it: neither is acknowledged, so both are sent again).
/// False when there is none.
bool PoolRelief::make_room(TcpTables& t, Use use) {
  while (t.chunks.crowded_out(use)) {
    const bool dropped = t.chunks.above_floor(Use::kOutOfOrder) && discard_oldest_hole(t);
    if (!dropped && !t.network.shed_fragments()) return false;
  }
  return t.chunks.available(use) > 0;
}

bool PoolRelief::discard_oldest_hole(TcpTables& t) {
  if (t.holes.empty()) return false;
  t.counters.add(Count::out_of_order_discarded);
  const std::uint32_t slot = t.holes.head();
  Held::forget_out_of_order(t, slot);
  Connection& c = t.connections[slot];
  // Without SACK the window has stood still because of the hole.
  if (in_state(c.state, kReceiving) && Limits::window_opens(c, Limits::receive_limit(t, c), 1)) {
    c.pending.ack = true;
    Lifetime::mark_dirty(t, slot);
  }
  return true;
}

// ---- Peers that hold what others need ----

/// Ticks since the peer last acknowledged data, while some waits for it; 0 when none waits.
std::uint32_t PoolRelief::stalled_for(const TcpTables& t, const Connection& c) {
  if (c.send_queue.empty() || !in_state(c.state, kSynchronized)) return 0;
  return c.recovery.advanced_at.age(Tick::floor(t.now));
}

// Gives up connections whose peers have acknowledged nothing for settings.stall_limit, the longest
// first, while connections without a chunk are refused one (RFC 6429, 3, allows it for a closed
// window): else peers that never read could keep all others out for as long as they answer probes.
// At most once a second, since it looks at all connections.
void PoolRelief::relieve_pool(TcpTables& t) {
  if (!t.pool_exhausted) return;
  const auto relieved = [&t](std::uint32_t part) {
    return std::ranges::all_of(std::array{Use::kReceive, Use::kSend}, [&](Use use) {
      return t.chunks.available(use) > (part == 0 ? 0 : t.chunks.ceiling(use) / part);
    });
  };
  if (relieved(0)) {
    t.pool_exhausted = false;
    return;
  }
  if (t.now < t.relieve_at) return;
  t.relieve_at = t.now + 1s;
  const auto for_each_at_work = [&t](auto&& f) {
    for (std::uint32_t slot = 0; slot < t.connections.end(); ++slot) {
      if (t.connections.live(slot) && !t.connections.is_compact(slot)) f(slot, t.connections[slot]);
    }
  };
  std::uint32_t longest = 0;
  for_each_at_work(
      [&](std::uint32_t, const Connection& c) { longest = std::max(longest, stalled_for(t, c)); });
  const std::uint32_t bound = Tick::ceil(Instant(t.settings.stall_limit)).value();
  if (longest < bound) return;
  for_each_at_work([&](std::uint32_t slot, const Connection& c) {
    if (stalled_for(t, c) < std::max(bound, longest / 2) || relieved(16)) return;
    t.counters.add(Count::stalled_given_up);
    Lifetime::reset_and_destroy(t, slot, CloseReason::kNoResources, Cause::kPoolExhausted);
  });
}

// ---- Applications that are told of room ----

/// Whether an application that could not send all is told of room: a frame's worth, or half of a
/// small queue, that could leave at once. With an empty queue no later ACK would tell it.
bool PoolRelief::has_room(const TcpTables& t, const Connection& c) {
  constexpr std::uint32_t kFrame = 64 << 10;
  const std::uint32_t limit = Limits::send_limit(t, c);
  const std::uint32_t queued = c.send_queue.size();
  if (queued + std::min(limit / 2, kFrame) > limit) return false;
  return queued == 0 || queued < Held::usable_window(t, c, c.snd.cursor_offset());
}

void PoolRelief::tell_of_room(TcpTables& t, std::uint32_t slot) {
  Connection& c = t.connections[slot];
  if (!c.application.wants_writable || !has_room(t, c)) return;
  if (c.send_queue.empty() && t.chunks.available(Use::kSend) == 0)
    return;  // wake_waiting() will tell
  c.application.wants_writable = false;
  Lifetime::post(t, slot, Event::kWritable);
}

bool PoolRelief::may_wake_waiting(const TcpTables& t) {
  return t.waiting_for_buffers != 0 && t.chunks.available(Use::kSend) != 0;
}

// Tells applications that could not send for want of chunks when chunks are free again: a few slots
// a turn, in order, so that none is passed over and a large table costs no more than a small one.
void PoolRelief::wake_waiting(TcpTables& t) {
  constexpr std::uint32_t kSlotsPerTurn = 256;
  if (!may_wake_waiting(t)) return;
  for (std::uint32_t n = std::min(t.waiting_for_buffers, kSlotsPerTurn); n > 0;
       --n, --t.waiting_for_buffers) {
    if (t.wake_next >= t.connections.end()) t.wake_next = 0;
    const std::uint32_t slot = t.wake_next++;
    if (!t.connections.live(slot) || t.connections.is_compact(slot)) continue;
    Connection& c = t.connections[slot];
    if (!c.application.wants_writable || c.state == State::kDestroy) continue;
    c.application.wants_writable = false;
    Lifetime::post(t, slot, Event::kWritable);
  }
}

}  // namespace conker
