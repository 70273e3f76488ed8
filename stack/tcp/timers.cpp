// The timers of TCP:
//
//   kRetransmit  since the oldest unacknowledged segment was sent (RFC 6298). Expiry sends again from
//   snd_una, twice
//                as late each time; after settings.retransmits in a row the connection has timed out. Where
//                segments are watched one by one it also serves the two waits of RFC 8985: until a segment
//                that was overtaken counts as lost, and until the tail is probed.
//   kPersist     while there is data and the peer's window does not let it go (RFC 9293, 3.8.6.1). Expiry
//   sends a
//                probe; the peer's answer keeps the connection alive for as long as its application wants it.
//   kConnect     from the open until established: settings.connect_timeout or what the request says.
//   kDelayedAck  since data arrived whose ACK may wait for company (RFC 9293, 3.8.6.3). Expiry sends it.
//   kKeepalive   where the application asks for it: a probe after so much silence, then at intervals.
//   kUserTimeout while data waits for the peer, if there is a bound for that (RFC 9293, 3.10.8).
//   kLinger      from a close that has a bound; expiry resets.
//   kFinWait2    from the application's close, when ours is acknowledged, until the peer's FIN.
//
// and, not of connections: one for each half-open record (SYN-ACK again, then forgotten), and the order of
// the TIME-WAIT table, whose first record is the first to end.
//
// A connection has one place in the wheel: at or before its next deadline. Moving a deadline back, which
// every ACK does, costs nothing: the wheel comes by early, once, and is set anew.
#include <algorithm>

#include "stack/tcp/diagram.hpp"
#include "stack/tcp/tcp.hpp"

namespace conker {
namespace {

constexpr Duration kRtoAfterLostSyn = 3s;  // RFC 6298, 5.7

}  // namespace

Duration Tcp::rto(const Connection& c) const {
  const Duration initial = c.syn_resent && c.state != State::kSynSent
                               ? std::max(kRtoAfterLostSyn, settings_.rto_initial)
                               : settings_.rto_initial;
  return c.rtt.timeout(initial, settings_.rto_min, settings_.rto_max);
}

void Tcp::arm(std::uint32_t slot, Timer timer, Duration in) {
  Connection& c = connections_[slot];
  if (c.state == State::kDestroy) {
    counters_.add(Count::refused_transitions);
    return;
  }
  const Tick at = Tick::ceil(now_ + in);
  c.deadlines[static_cast<unsigned>(timer)] = at;
  c.armed = static_cast<std::uint16_t>(c.armed | 1u << static_cast<unsigned>(timer));
  if (!wheel_.armed(slot) || at < wheel_.deadline(slot)) wheel_.arm(slot, at);
}

void Tcp::disarm(Connection& c, Timer timer) {
  c.armed = static_cast<std::uint16_t>(c.armed & ~(1u << static_cast<unsigned>(timer)));
}

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
  touch(slot, c);
  const Tick now = Tick::floor(now_);
  for (unsigned i = 0; i < kTimerCount; ++i) {
    const auto timer = static_cast<Timer>(i);
    if (!c.is_armed(timer) || c.deadlines[i] > now) continue;
    disarm(c, timer);
    expired(slot, timer);
    if (c.state == State::kDestroy) return;
  }
  for (unsigned i = 0; i < kTimerCount; ++i) {
    if (!c.is_armed(static_cast<Timer>(i))) continue;
    if (!wheel_.armed(slot) || c.deadlines[i] < wheel_.deadline(slot)) wheel_.arm(slot, c.deadlines[i]);
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
      c.ack_now = true;
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
      if (c.unanswered++ != 0) network_.doubt_neighbour(c.tuple.remote);
      c.rtt.back_off();
      c.probe = true;
      mark_dirty(slot);
      return;
  }
}

void Tcp::retransmission_timer(std::uint32_t slot) {
  Connection& c = connections_[slot];
  const bool connecting = in_state(c.state, states(State::kSynSent, State::kSynReceived));
  if (c.log != 0) {
    const Recovery::Expiry expiry = recovery_->on_timer(c, context(c));
    c.tail_probe = expiry == Recovery::Expiry::kProbe;
    mark_dirty(slot);
    if (expiry != Recovery::Expiry::kTimeout) return;
  }
  counters_.add(Count::retransmit_timeouts);
  if (!connecting && retransmits_used_up(c)) {
    destroy(slot, CloseReason::kTimedOut, Cause::kRetransmitTimeout);
    return;
  }
  network_.doubt_neighbour(c.tuple.remote);
  if (!connecting) suspect_black_hole(slot);
  // Into a window that has closed nothing is sent again but probes.
  if (c.log != 0 && c.snd_wnd == 0) end_flight(c);
  if (connecting) {
    c.syn_resent = true;
    c.snd_cursor = c.snd_una;
  } else if (c.log != 0) {
    recovery_->on_timeout(c, context(c));
  } else {
    if (c.unanswered == 0) {
      c.congestion.ssthresh = control(c).reduce(c.congestion, flight_size(c), c.mss, now_);
    }
    c.congestion.cwnd = c.mss;
    c.duplicates.on_timeout(c.snd_nxt);
    c.snd_cursor = c.snd_una;
  }
  if (c.unanswered < 255) ++c.unanswered;
  c.rtt.back_off();
  c.rtt_timing = false;  // Karn: what is sent again is not measured
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
  if (time_wait_.oldest() != kNone) next = std::min(next, time_wait_[time_wait_.oldest()].ends.instant(now_));
  return next;
}

}  // namespace conker
