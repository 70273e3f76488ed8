// Expired timers (RFC 9293, 3.10.8); deadlines.cpp lists them.
#include "stack/tcp/expiry.hpp"

#include <algorithm>

#include "stack/tcp/diagram.hpp"

namespace conker {

void Expiry::timers(TcpTables& t) {
  std::uint32_t id = 0;
  while (t.wheel.pop_due(Tick::floor(t.now), id)) {
    if (id < t.connections.capacity()) {
      connection_timer(t, id);
    } else {
      Handshake::half_open_timer(t, id - t.connections.capacity());
    }
  }
  expire_time_wait(t);
  PoolRelief::relieve_pool(t);
  PoolRelief::wake_waiting(t);
}

void Expiry::connection_timer(TcpTables& t, std::uint32_t slot) {
  Connection& c = t.connections[slot];
  Lifetime::mark_active(t, slot, c);
  const Tick now = Tick::floor(t.now);
  for (unsigned i = 0; i < kTimerCount; ++i) {
    const auto timer = static_cast<Timer>(i);
    if (!c.timers.is_armed(timer) || c.timers.deadlines[i] > now) continue;
    c.timers.disarm(timer);
    expired(t, slot, timer);
    if (c.state == State::kDestroy) return;
  }
  for (unsigned i = 0; i < kTimerCount; ++i) {
    if (!c.timers.is_armed(static_cast<Timer>(i))) continue;
    if (!t.wheel.armed(slot) || c.timers.deadlines[i] < t.wheel.deadline(slot))
      t.wheel.arm(slot, c.timers.deadlines[i]);
  }
}

void Expiry::expired(TcpTables& t, std::uint32_t slot, Timer timer) {
  Connection& c = t.connections[slot];
  switch (timer) {
    case Timer::kConnect:
      Lifetime::destroy(t, slot, CloseReason::kTimedOut, Cause::kConnectTimeout);
      return;
    case Timer::kFinWait2:
      Lifetime::destroy(t, slot, CloseReason::kTimedOut, Cause::kFinWait2Timeout);
      return;
    case Timer::kDelayedAck:
      t.counters.add(Count::delayed_acks);
      c.pending.ack = true;
      Lifetime::mark_dirty(t, slot);
      return;
    case Timer::kKeepalive:
      Liveness::keepalive_expired(t, slot);
      return;
    case Timer::kUserTimeout:
      Lifetime::destroy(t, slot, CloseReason::kTimedOut, Cause::kUserTimeout);
      return;
    case Timer::kLinger:
      Lifetime::reset_and_destroy(t, slot, CloseReason::kAborted, Cause::kLingerTimeout);
      return;
    case Timer::kRetransmit:
      return retransmission_timer(t, slot);
    case Timer::kPersist:
      if (Liveness::retransmits_used_up(t, c)) {
        Lifetime::destroy(t, slot, CloseReason::kTimedOut, Cause::kRetransmitTimeout);
        return;
      }
      // Only from the second probe on may one have been lost, and the neighbour be gone.
      if (c.retransmits.consecutive_timeouts++ != 0) t.network.doubt_neighbour(c.tuple.remote);
      c.rtt.back_off();
      c.pending.window_probe = true;
      Lifetime::mark_dirty(t, slot);
      return;
  }
}

void Expiry::retransmission_timer(TcpTables& t, std::uint32_t slot) {
  Connection& c = t.connections[slot];
  const bool connecting = in_state(c.state, states(State::kSynSent, State::kSynReceived));
  const Recovery::Expiry expiry = Held::recovery(t, c).on_timer(c, Held::context(t));
  if (expiry != Recovery::Expiry::kTimeout) {
    c.pending.tail_probe = expiry == Recovery::Expiry::kProbe;
    Lifetime::mark_dirty(t, slot);
    return;
  }
  c.pending.tail_probe = false;
  t.counters.add(Count::retransmit_timeouts);
  if (!connecting && Liveness::retransmits_used_up(t, c)) {
    Lifetime::destroy(t, slot, CloseReason::kTimedOut, Cause::kRetransmitTimeout);
    return;
  }
  t.network.doubt_neighbour(c.tuple.remote);
  if (!connecting) PathMtu::suspect_black_hole(t, slot);
  // Into a closed window only probes are sent, no retransmissions.
  if (c.snd.wnd == 0) Held::end_flight(t, c);
  if (connecting) {
    c.retransmits.of_syn = true;
    c.snd.rewind();
  } else {
    Held::recovery(t, c).on_timeout(c, Held::context(t));
  }
  if (c.retransmits.consecutive_timeouts < 255) ++c.retransmits.consecutive_timeouts;
  c.rtt.back_off();
  c.timing.stop();  // Karn's algorithm: what is sent again is not measured
  Lifetime::mark_dirty(t, slot);
}

void Expiry::expire_time_wait(TcpTables& t) {
  const Tick now = Tick::floor(t.now);
  while (t.time_wait.oldest() != kNone && t.time_wait[t.time_wait.oldest()].ends <= now) {
    t.time_wait.remove(t.time_wait.oldest());
    t.counters.add(Count::time_wait_expired);
  }
}

Instant Expiry::next_deadline(const TcpTables& t) {
  if (PoolRelief::may_wake_waiting(t)) return t.now;
  Instant next = t.pool_exhausted ? std::max(t.relieve_at, t.now) : kNever;
  if (const auto tick = t.wheel.next()) next = tick->instant(t.now);
  if (t.time_wait.oldest() != kNone)
    next = std::min(next, t.time_wait[t.time_wait.oldest()].ends.instant(t.now));
  return next;
}

}  // namespace conker
