// The lifetime of a connection. The connection table owns every connection; other code has an id. A
// connection in Destroy receives nothing, arms no timer and changes its state no more; it may have
// a final segment (an ACK, a RST) to send and a last event to tell. Then the reaper frees it, in
// one place, where nothing iterates:
//
//     destroy() -> [last event drained] [last segment sent] -> offer_to_reaper() -> reap() ->
//     free()
//
// Nothing else frees a slot of the table, and nothing else writes a connection's state.
#include "stack/tcp/lifetime.hpp"

#include <utility>

#include "stack/tcp/diagram.hpp"

namespace conker {

std::uint32_t Lifetime::make_connection(TcpTables& t, const FourTuple& tuple, std::uint32_t hash) {
  const std::uint32_t slot = t.connections.take();
  if (slot == kNone) {
    t.waiting_for_slot = true;
    return kNone;
  }
  Connection& c = t.connections[slot];
  c.tuple = tuple;
  c.hash = hash;
  c.accounting.opened_at = t.now;
  t.index.insert(hash, slot);
  c.listed.index = true;
  return slot;
}

bool Lifetime::change_state(TcpTables& t, std::uint32_t slot, State to, Cause cause) {
  Connection& c = t.connections[slot];
  if (c.state == State::kDestroy) {
    t.counters.add(Count::refused_transitions);
    return false;
  }
  if (!may_follow(c.state, to)) {
    t.broken = "a state change that the transition diagram does not have";
    return false;
  }
  t.transitions.record(t.now, t.connections.id(slot), c.state, to, cause);
  c.state = to;
  return true;
}

void Lifetime::destroy(TcpTables& t, std::uint32_t slot, CloseReason reason, Cause cause) {
  if (!change_state(t, slot, State::kDestroy, cause)) return;
  Connection& c = t.connections[slot];
  c.reason = reason;
  c.ended_at = t.now;
  count_end(t, reason);
  unhash(t, slot);
  c.timers.armed = 0;
  t.wheel.cancel(slot);
  c.send_queue.clear(t.chunks);
  c.receive_queue.clear(t.chunks);
  Held::forget_out_of_order(t, slot);
  Held::end_flight(t, c);
  c.sack.clear();
  if (c.listed.accept_queue) {
    // No application knows of the connection, so no event tells of its end; the accept queue has
    // one place more.
    t.listeners[c.lists.listener].accept_queue.remove(t.connections, slot);
    c.listed.accept_queue = false;
    c.application.events = 0;
  } else {
    post(t, slot, Event::kClosed);
  }
  offer_to_reaper(t, slot);
}

void Lifetime::reset_and_destroy(TcpTables& t, std::uint32_t slot, CloseReason reason,
                                 Cause cause) {
  Connection& c = t.connections[slot];
  if (in_state(c.state, kSynchronized | state_bit(State::kSynReceived))) {
    c.pending.reset = true;
    mark_dirty(t, slot);
  }
  destroy(t, slot, reason, cause);
}

// A TIME-WAIT record takes over from the connection. A connection that its application has closed
// ends; another one stays only for the data that is still to be read.
void Lifetime::enter_time_wait(TcpTables& t, std::uint32_t slot, Cause cause) {
  if (!change_state(t, slot, State::kTimeWait, cause)) return;
  Connection& c = t.connections[slot];
  unhash(t, slot);
  c.timers.armed = 0;
  if (t.time_wait.full() && t.time_wait.capacity() > 0) {
    t.time_wait.remove(t.time_wait.oldest());
    t.time_wait.prefetch_eviction();
    t.counters.add(Count::time_wait_evicted);
  }
  if (!t.time_wait.full()) {
    TimeWait record{.tuple = c.tuple,
                    .snd_nxt = c.snd.nxt,
                    .rcv_nxt = c.rcv.nxt,
                    .ends = Tick::ceil(t.now + t.settings.time_wait),
                    .ts_recent = c.negotiated.ts_recent,
                    .timestamps = c.negotiated.timestamps,
                    .rcv_wscale = c.negotiated.rcv_wscale};
    record.note_sent(Tick::floor(t.now));
    t.time_wait.add(record, c.hash);
    t.counters.add(Count::time_wait_created);
  }
  if (c.application.closed) destroy(t, slot, CloseReason::kClosed, cause);
}

// Ends a connection without TIME-WAIT: its FIN was the second and is acknowledged, and the peer has
// the TIME-WAIT.
void Lifetime::finish_closed(TcpTables& t, std::uint32_t slot, Cause cause) {
  Connection& c = t.connections[slot];
  if (c.application.closed) {
    destroy(t, slot, CloseReason::kClosed, cause);
  } else if (change_state(t, slot, State::kClosed, cause)) {
    unhash(t, slot);
    c.timers.armed = 0;
  }
}

void Lifetime::unhash(TcpTables& t, std::uint32_t slot) {
  Connection& c = t.connections[slot];
  if (!c.listed.index) return;
  t.index.remove(c.hash, slot);
  c.listed.index = false;
}

void Lifetime::count_end(TcpTables& t, CloseReason reason) {
  switch (reason) {
    case CloseReason::kClosed:
      return t.counters.add(Count::ended_closed);
    case CloseReason::kReset:
      return t.counters.add(Count::ended_reset);
    case CloseReason::kAborted:
      return t.counters.add(Count::ended_aborted);
    case CloseReason::kRefused:
      return t.counters.add(Count::ended_refused);
    case CloseReason::kTimedOut:
      return t.counters.add(Count::ended_timed_out);
    case CloseReason::kNotClosed:
    case CloseReason::kUnreachable:
    case CloseReason::kNoResources:
      return t.counters.add(Count::ended_other);
  }
}

void Lifetime::mark_dirty(TcpTables& t, std::uint32_t slot) {
  Connection& c = t.connections[slot];
  if (c.state == State::kDestroy) {
    t.counters.add(Count::refused_transitions);
    return;
  }
  t.fresh_dirty = true;
  if (c.listed.dirty) return;
  c.listed.dirty = true;
  t.dirty.push(t.connections, slot);
}

void Lifetime::post(TcpTables& t, std::uint32_t slot, std::uint8_t bits) {
  Connection& c = t.connections[slot];
  if (c.application.closed) bits &= Event::kClosed;  // after close() only the end is told
  c.application.events |= bits;
  if (c.application.events == 0 || c.listed.ready || c.listed.accept_queue) return;
  c.listed.ready = true;
  t.ready.push(t.connections, slot);
}

void Lifetime::post(TcpTables& t, Listener& listener, std::uint32_t slot) {
  if (listener.on_ready) return;
  listener.on_ready = true;
  t.ready_listeners.push(t.listeners, slot);
}

bool Lifetime::next_event(TcpTables& t, Event& event) {
  // Bytes written in a turn, so that output() finds them in the cache.
  constexpr std::uint32_t kWriteBudget = 256 << 10;
  t.write_budget_spent = t.written_this_turn >= kWriteBudget && t.has_events();
  if (t.write_budget_spent) return false;
  if (const std::uint32_t slot = t.ready_listeners.pop(t.listeners); slot != kNone) {
    t.listeners[slot].on_ready = false;
    event = Event{.mask = Event::kAcceptable,
                  .reason = CloseReason::kNotClosed,
                  .token = t.listeners[slot].token,
                  .connection = {},
                  .listener = t.listeners.id(slot)};
    return true;
  }
  for (;;) {
    const std::uint32_t slot = t.ready.pop(t.connections);
    if (slot == kNone) return false;
    Connection& c = t.connections[slot];
    event = Event{.mask = c.application.events,
                  .reason = c.reason,
                  .token = c.application.token,
                  .connection = t.connections.id(slot),
                  .listener = {}};
    c.application.events = 0;
    c.listed.ready = false;
    mark_active(t, slot, c);
    offer_to_reaper(t, slot);
    if (event.mask != 0) return true;  // else close() has taken the events back
  }
}

void Lifetime::compact_idle(TcpTables& t) {
  const Tick now = Tick::floor(t.now);
  for (auto all = t.active.take(); !all.empty();) {
    const std::uint32_t slot = all.pop(t.connections);
    Connection& c = t.connections[slot];
    c.listed.active = false;
    if (!may_compact(c, now)) continue;
    // In the wheel a compact connection has its keepalive timer at most.
    if (c.timers.is_armed(Timer::kKeepalive)) {
      t.wheel.arm(slot, c.timers.at(Timer::kKeepalive));
    } else {
      t.wheel.cancel(slot);
    }
    t.connections.compact(slot);
  }
}

void Lifetime::offer_to_reaper(TcpTables& t, std::uint32_t slot) {
  Connection& c = t.connections[slot];
  if (c.state != State::kDestroy || c.listed.ready || c.listed.dirty || c.listed.reap) return;
  c.listed.reap = true;
  t.reap.push(t.connections, slot);
}

void Lifetime::reap(TcpTables& t) {
  compact_idle(t);
  for (auto all = t.reap.take(); !all.empty();) free(t, all.pop(t.connections));
  const bool cut_short = std::exchange(t.write_budget_spent, false);
  if (!t.waiting_for_slot || cut_short) return;
  // A connection was wanted and no slot was free: connections in Destroy are freed even if their
  // last event has not been fetched, and lose that event, nothing else.
  t.waiting_for_slot = false;
  for (auto all = t.ready.take(); !all.empty();) {
    const std::uint32_t slot = all.pop(t.connections);
    Connection& c = t.connections[slot];
    if (c.state == State::kDestroy && !c.listed.dirty) {
      t.counters.add(Count::events_lost);
      free(t, slot);
    } else {
      t.ready.push(t.connections, slot);
    }
  }
}

void Lifetime::free(TcpTables& t, std::uint32_t slot) {
  t.connections.free(slot);
  t.counters.add(Count::reaped);
}

}  // namespace conker
