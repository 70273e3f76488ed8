// What is done when a deadline has come; deadlines.cpp tells which there are.
#include <algorithm>

#include "stack/tcp/diagram.hpp"
#include "stack/tcp/tcp.hpp"

namespace conker {

void Tcp::timers() {
  std::uint32_t id = 0;
  while (wheel_.pop_due(Tick::floor(now_), id)) {
    if (id < connections_.capacity()) {
      connection_timer(id);
    } else {
      half_open_timer(id - connections_.capacity());
    }
  }
  expire_time_wait();
  relieve_pool();
  wake_starved();
}

void Tcp::connection_timer(std::uint32_t slot) {
  Connection& c = connections_[slot];
  mark_active(slot, c);
  const Tick now = Tick::floor(now_);
  for (unsigned i = 0; i < kTimerCount; ++i) {
    const auto timer = static_cast<Timer>(i);
    if (!c.timers.is_armed(timer) || c.timers.deadlines[i] > now) continue;
    disarm(c, timer);
    expired(slot, timer);
    if (c.state == State::kDestroy) return;
  }
  for (unsigned i = 0; i < kTimerCount; ++i) {
    if (!c.timers.is_armed(static_cast<Timer>(i))) continue;
    if (!wheel_.armed(slot) || c.timers.deadlines[i] < wheel_.deadline(slot))
      wheel_.arm(slot, c.timers.deadlines[i]);
  }
}

void Tcp::expired(std::uint32_t slot, Timer timer) {
  Connection& c = connections_[slot];
  switch (timer) {
    case Timer::kConnect:
      destroy(slot, CloseReason::kTimedOut, Cause::kConnectTimeout);
      return;
    case Timer::kFinWait2:
      destroy(slot, CloseReason::kTimedOut, Cause::kFinWait2Timeout);
      return;
    case Timer::kDelayedAck:
      counters_.add(Count::delayed_acks);
      c.pending.ack = true;
      mark_dirty(slot);
      return;
    case Timer::kKeepalive:
      keepalive_expired(slot);
      return;
    case Timer::kUserTimeout:
      destroy(slot, CloseReason::kTimedOut, Cause::kUserTimeout);
      return;
    case Timer::kLinger:
      reset_and_destroy(slot, CloseReason::kAborted, Cause::kLingerTimeout);
      return;
    case Timer::kRetransmit:
      return retransmission_timer(slot);
    case Timer::kPersist:
      if (retransmits_used_up(c)) {
        destroy(slot, CloseReason::kTimedOut, Cause::kRetransmitTimeout);
        return;
      }
      // The first probe has nothing before it that could have been lost.
      if (c.retransmits.consecutive_timeouts++ != 0) network_.doubt_neighbour(c.tuple.remote);
      c.rtt.back_off();
      c.pending.window_probe = true;
      mark_dirty(slot);
      return;
  }
}

void Tcp::retransmission_timer(std::uint32_t slot) {
  Connection& c = connections_[slot];
  const bool connecting = in_state(c.state, states(State::kSynSent, State::kSynReceived));
  const Recovery::Expiry expiry = recovery(c).on_timer(c, context(c));
  if (expiry != Recovery::Expiry::kTimeout) {
    c.pending.tail_probe = expiry == Recovery::Expiry::kProbe;
    mark_dirty(slot);
    return;
  }
  c.pending.tail_probe = false;
  counters_.add(Count::retransmit_timeouts);
  if (!connecting && retransmits_used_up(c)) {
    destroy(slot, CloseReason::kTimedOut, Cause::kRetransmitTimeout);
    return;
  }
  network_.doubt_neighbour(c.tuple.remote);
  if (!connecting) suspect_black_hole(slot);
  // Into a window that has closed nothing is sent again but probes.
  if (c.snd.wnd == 0) end_flight(c);
  if (connecting) {
    c.retransmits.of_syn = true;
    c.snd.rewind();
  } else {
    recovery(c).on_timeout(c, context(c));
  }
  if (c.retransmits.consecutive_timeouts < 255) ++c.retransmits.consecutive_timeouts;
  c.rtt.back_off();
  c.timing.stop();  // Karn: what is sent again is not measured
  mark_dirty(slot);
}

void Tcp::expire_time_wait() {
  const Tick now = Tick::floor(now_);
  while (time_wait_.oldest() != kNone && time_wait_[time_wait_.oldest()].ends <= now) {
    time_wait_.remove(time_wait_.oldest());
    counters_.add(Count::time_wait_expired);
  }
}

Instant Tcp::next_deadline() const {
  if (may_wake_starved()) return now_;
  Instant next = pool_exhausted_ ? std::max(relieve_at_, now_) : kNever;
  if (const auto tick = wheel_.next()) next = tick->instant(now_);
  if (time_wait_.oldest() != kNone)
    next = std::min(next, time_wait_[time_wait_.oldest()].ends.instant(now_));
  return next;
}

}  // namespace conker
