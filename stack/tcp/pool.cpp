// What connections that need a chunk get from others (../README.md, "The budget of chunks"): what
// is thrown away, whose peer is given up, and who is told when there is room again.
#include <algorithm>

#include "stack/tcp/diagram.hpp"
#include "stack/tcp/tcp.hpp"

namespace conker {

// ---- What is thrown away ----

/// Whether a chunk can be taken for this use, if need be after data beyond holes and fragments, the
/// oldest first, have been thrown away. RFC 2018, 8, allows it: neither was acknowledged, so both
/// come again.
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
    c.pending.ack = true;
    mark_dirty(slot);
  }
  return true;
}

// ---- Peers that hold what others need ----

/// How long the peer has acknowledged nothing of what waits for it, ticks; 0 when nothing waits.
std::uint32_t Tcp::stalled_for(const Connection& c) const {
  if (c.send_queue.empty() || !in_state(c.state, kSynchronized)) return 0;
  return c.recovery.advanced_at.age(Tick::floor(now_));
}

// While connections that hold nothing get nothing, those whose peers have stood still for
// settings.stall_limit are given up, the longest first (RFC 6429, 3, allows it of a window that
// stays closed): else peers that never read could keep everybody else out for as long as they
// answer probes. A second apart at least, since all connections are looked at.
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
      if (connections_.live(slot) && !connections_.is_compact(slot)) f(slot, connections_[slot]);
    }
  };
  std::uint32_t longest = 0;
  for_each_at_work(
      [&](std::uint32_t, const Connection& c) { longest = std::max(longest, stalled_for(c)); });
  const std::uint32_t bound = Tick::ceil(Instant(settings_.stall_limit)).value();
  if (longest < bound) return;
  for_each_at_work([&](std::uint32_t slot, const Connection& c) {
    if (stalled_for(c) < std::max(bound, longest / 2) || relieved(16)) return;
    counters_.add(Count::stalled_given_up);
    reset_and_destroy(slot, CloseReason::kNoResources, Cause::kPoolExhausted);
  });
}

// ---- Who is told of room ----

/// Whether it pays to wake an application that could not send all: a frame has room, or half of a
/// small queue, and could leave at once. Of an empty queue no ACK will come that could tell later.
bool Tcp::has_room(const Connection& c) const {
  constexpr std::uint32_t kFrame = 64 << 10;
  const std::uint32_t limit = send_limit(c);
  const std::uint32_t queued = c.send_queue.size();
  if (queued + std::min(limit / 2, kFrame) > limit) return false;
  return queued == 0 || queued < usable_window(c, c.snd.cursor_offset());
}

void Tcp::tell_of_room(std::uint32_t slot) {
  Connection& c = connections_[slot];
  if (!c.application.wants_writable || !has_room(c)) return;
  if (c.send_queue.empty() && chunks_.available(Use::kSend) == 0)
    return;  // wake_starved() will tell
  c.application.wants_writable = false;
  post(slot, Event::kWritable);
}

bool Tcp::may_wake_starved() const {
  return starved_ != 0 && chunks_.available(Use::kSend) != 0;
}

// Applications that could not send because the budget was used up are told when there are chunks
// again: a few slots a turn, one behind the other, so that nobody is passed over and a large table
// costs no more than a small one.
void Tcp::wake_starved() {
  constexpr std::uint32_t kSlotsPerTurn = 256;
  if (!may_wake_starved()) return;
  for (std::uint32_t n = std::min(starved_, kSlotsPerTurn); n > 0; --n, --starved_) {
    if (wake_next_ >= connections_.end()) wake_next_ = 0;
    const std::uint32_t slot = wake_next_++;
    if (!connections_.live(slot) || connections_.is_compact(slot)) continue;
    Connection& c = connections_[slot];
    if (!c.application.wants_writable || c.state == State::kDestroy) continue;
    c.application.wants_writable = false;
    post(slot, Event::kWritable);
  }
}

}  // namespace conker
