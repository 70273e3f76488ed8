// The lifetime of a connection, all of it. The connection table owns every connection; others hold
// an id. Closing and failing change the state; what is in Destroy hears nothing, arms nothing and
// changes no more; it may have last words (an ACK, a RST) and a last event. When both are gone the
// reaper frees it, at one place, where nothing iterates:
//
//     destroy() -> [last event drained] [last words sent] -> offer_to_reaper() -> reap() -> free()
//
// Nothing else frees a connection slot, and nothing else writes a connection's state.
#include <utility>

#include "stack/tcp/diagram.hpp"
#include "stack/tcp/tcp.hpp"

namespace conker {

std::uint32_t Tcp::make_connection(const FourTuple& tuple, std::uint32_t hash) {
  const std::uint32_t slot = connections_.take();
  if (slot == kNone) {
    table_starved_ = true;
    return kNone;
  }
  Connection& c = connections_[slot];
  c.tuple = tuple;
  c.hash = hash;
  c.accounting.opened_at = now_;
  index_.insert(hash, slot);
  c.listed.index = true;
  return slot;
}

bool Tcp::change_state(std::uint32_t slot, State to, Cause cause) {
  Connection& c = connections_[slot];
  if (c.state == State::kDestroy) {
    counters_.add(Count::refused_transitions);
    return false;
  }
  if (!may_follow(c.state, to)) {
    broken_ = "a state change that the transition diagram does not have";
    return false;
  }
  transitions_.record(now_, connections_.id(slot), c.state, to, cause);
  c.state = to;
  return true;
}

void Tcp::destroy(std::uint32_t slot, CloseReason reason, Cause cause) {
  if (!change_state(slot, State::kDestroy, cause)) return;
  Connection& c = connections_[slot];
  c.reason = reason;
  c.ended_at = now_;
  count_end(reason);
  unhash(slot);
  c.timers.armed = 0;
  wheel_.cancel(slot);
  c.send_queue.clear(chunks_);
  c.receive_queue.clear(chunks_);
  forget_out_of_order(slot);
  end_flight(c);
  c.sack.clear();
  if (c.listed.accept_queue) {
    // Its application never knew of it, so there is nobody to tell; the listener has its place in
    // the queue back.
    listeners_[c.lists.listener].accept_queue.remove(connections_, slot);
    c.listed.accept_queue = false;
    c.application.events = 0;
  } else {
    post(slot, Event::kClosed);
  }
  offer_to_reaper(slot);
}

void Tcp::reset_and_destroy(std::uint32_t slot, CloseReason reason, Cause cause) {
  Connection& c = connections_[slot];
  if (in_state(c.state, kSynchronized | state_bit(State::kSynReceived))) {
    c.pending.reset = true;
    mark_dirty(slot);
  }
  destroy(slot, reason, cause);
}

// The record takes over from the connection. If its application has closed it, the connection has
// nothing left to do; if not, it stays only for what is still to be read.
void Tcp::enter_time_wait(std::uint32_t slot, Cause cause) {
  if (!change_state(slot, State::kTimeWait, cause)) return;
  Connection& c = connections_[slot];
  unhash(slot);
  c.timers.armed = 0;
  if (time_wait_.full() && time_wait_.capacity() > 0) {
    time_wait_.remove(time_wait_.oldest());
    time_wait_.prefetch_eviction();
    counters_.add(Count::time_wait_evicted);
  }
  if (!time_wait_.full()) {
    TimeWait record{.tuple = PackedTuple::of(c.tuple),
                    .snd_nxt = c.snd.nxt,
                    .rcv_nxt = c.rcv.nxt,
                    .ends = Tick::ceil(now_ + settings_.time_wait),
                    .ts_recent = c.negotiated.ts_recent,
                    .timestamps = c.negotiated.timestamps,
                    .rcv_wscale = c.negotiated.rcv_wscale};
    record.spoke(Tick::floor(now_));
    time_wait_.add(record, c.hash);
    counters_.add(Count::time_wait_created);
  }
  if (c.application.closed) destroy(slot, CloseReason::kClosed, cause);
}

// Our FIN was the last and is acknowledged: the peer keeps the TIME-WAIT.
void Tcp::finish_closed(std::uint32_t slot, Cause cause) {
  Connection& c = connections_[slot];
  if (c.application.closed) {
    destroy(slot, CloseReason::kClosed, cause);
  } else if (change_state(slot, State::kClosed, cause)) {
    unhash(slot);
    c.timers.armed = 0;
  }
}

void Tcp::unhash(std::uint32_t slot) {
  Connection& c = connections_[slot];
  if (!c.listed.index) return;
  index_.remove(c.hash, slot);
  c.listed.index = false;
}

void Tcp::count_end(CloseReason reason) {
  switch (reason) {
    case CloseReason::kClosed:
      return counters_.add(Count::ended_closed);
    case CloseReason::kReset:
      return counters_.add(Count::ended_reset);
    case CloseReason::kAborted:
      return counters_.add(Count::ended_aborted);
    case CloseReason::kRefused:
      return counters_.add(Count::ended_refused);
    case CloseReason::kTimedOut:
      return counters_.add(Count::ended_timed_out);
    case CloseReason::kNotClosed:
    case CloseReason::kUnreachable:
    case CloseReason::kNoResources:
      return counters_.add(Count::ended_other);
  }
}

void Tcp::mark_dirty(std::uint32_t slot) {
  Connection& c = connections_[slot];
  if (c.state == State::kDestroy) {
    counters_.add(Count::refused_transitions);
    return;
  }
  fresh_dirty_ = true;
  if (c.listed.dirty) return;
  c.listed.dirty = true;
  dirty_.push(connections_, slot);
}

void Tcp::post(std::uint32_t slot, std::uint8_t bits) {
  Connection& c = connections_[slot];
  if (c.application.closed) bits &= Event::kClosed;  // it asked for nothing but the end
  c.application.events |= bits;
  if (c.application.events == 0 || c.listed.ready || c.listed.accept_queue) return;
  c.listed.ready = true;
  ready_.push(connections_, slot);
}

void Tcp::post(Listener& listener, std::uint32_t slot) {
  if (listener.on_ready) return;
  listener.on_ready = true;
  ready_listeners_.push(listeners_, slot);
}

bool Tcp::next_event(Event& event) {
  constexpr std::uint32_t kWrittenPerTurn = 256 << 10;  // output() shall find it in the cache
  held_back_ = written_ >= kWrittenPerTurn && has_news();
  if (held_back_) return false;
  if (const std::uint32_t slot = ready_listeners_.pop(listeners_); slot != kNone) {
    listeners_[slot].on_ready = false;
    event = Event{.mask = Event::kAcceptable,
                  .reason = CloseReason::kNotClosed,
                  .token = listeners_[slot].token,
                  .connection = {},
                  .listener = listeners_.id(slot)};
    return true;
  }
  for (;;) {
    const std::uint32_t slot = ready_.pop(connections_);
    if (slot == kNone) return false;
    Connection& c = connections_[slot];
    event = Event{.mask = c.application.events,
                  .reason = c.reason,
                  .token = c.application.token,
                  .connection = connections_.id(slot),
                  .listener = {}};
    c.application.events = 0;
    c.listed.ready = false;
    mark_active(slot, c);
    offer_to_reaper(slot);
    if (event.mask != 0) return true;  // else it was closed since, and its news are nobody's
  }
}

void Tcp::compact_idle() {
  const Tick now = Tick::floor(now_);
  for (auto all = active_.take(); !all.empty();) {
    const std::uint32_t slot = all.pop(connections_);
    Connection& c = connections_[slot];
    c.listed.active = false;
    if (!may_compact(c, now)) continue;
    // The wheel comes by when there is something to do, and not for what has been disarmed since.
    if (c.timers.is_armed(Timer::kKeepalive)) {
      wheel_.arm(slot, c.timers.deadlines[static_cast<unsigned>(Timer::kKeepalive)]);
    } else {
      wheel_.cancel(slot);
    }
    connections_.compact(slot);
  }
}

void Tcp::offer_to_reaper(std::uint32_t slot) {
  Connection& c = connections_[slot];
  if (c.state != State::kDestroy || c.listed.ready || c.listed.dirty || c.listed.reap) return;
  c.listed.reap = true;
  reap_.push(connections_, slot);
}

void Tcp::reap() {
  compact_idle();
  for (auto all = reap_.take(); !all.empty();) free(all.pop(connections_));
  const bool held_back = std::exchange(held_back_, false);
  if (!table_starved_ || held_back) return;
  // Slots were wanted and there were none: whoever does not fetch its last event loses it, and
  // nothing else.
  table_starved_ = false;
  for (auto all = ready_.take(); !all.empty();) {
    const std::uint32_t slot = all.pop(connections_);
    Connection& c = connections_[slot];
    if (c.state == State::kDestroy && !c.listed.dirty) {
      counters_.add(Count::events_lost);
      free(slot);
    } else {
      ready_.push(connections_, slot);
    }
  }
}

void Tcp::free(std::uint32_t slot) {
  connections_.free(slot);
  counters_.add(Count::reaped);
}

}  // namespace conker
