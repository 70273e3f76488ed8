// Keepalive (RFC 9293, 3.8.4), the user timeout (RFC 9293, 3.10.8; RFC 5482) and the bound of a
// close: how long a connection lives while its peer is silent.
#include "stack/tcp/liveness.hpp"

#include <algorithm>

#include "stack/tcp/diagram.hpp"
#include "stack/tcp/user_timeout.hpp"

namespace conker {
namespace {

std::uint32_t ticks(Duration duration) {
  return Tick::ceil(Instant(duration)).value();
}

}  // namespace

// ---- Keepalive ----

bool Liveness::valid(const Keepalive& keepalive) {
  // A single lost probe must not end a connection (RFC 9293, 3.8.4, MUST-27).
  return keepalive.idle == Duration(0) ||
         (keepalive.idle > Duration(0) && keepalive.idle <= kLongestTimeout &&
          keepalive.interval > Duration(0) && keepalive.interval <= kLongestTimeout &&
          keepalive.count >= 2);
}

void Liveness::keep_alive(Connection& c, const Keepalive& keepalive) {
  c.liveness.idle = ticks(keepalive.idle);
  c.liveness.interval = ticks(keepalive.interval);
  c.liveness.count = keepalive.count;
}

/// Replaces the keepalive settings of a connection by valid ones, and starts to wait anew.
void Liveness::change_keepalive(TcpTables& t, std::uint32_t slot, const Keepalive& keepalive) {
  Connection& c = t.connections[slot];
  keep_alive(c, keepalive);
  c.liveness.sent = 0;
  c.timers.disarm(Timer::kKeepalive);
  if (c.liveness.idle != 0 && in_state(c.state, kSynchronized)) {
    Deadlines::arm(t, slot, Timer::kKeepalive, Tick::duration(c.liveness.idle));
  }
}

// Arriving segments do not move the timer; on expiry the time since the last one counts.
void Liveness::keepalive_expired(TcpTables& t, std::uint32_t slot) {
  Connection& c = t.connections[slot];
  if (!in_state(c.state, kSynchronized)) return;
  const Duration heard = c.liveness.heard_at.age(t.now);
  const Duration idle = Tick::duration(c.liveness.idle + 1);
  if (waits_for_peer(c)) {  // retransmissions or window probes detect a dead peer
    Deadlines::arm(t, slot, Timer::kKeepalive, Tick::duration(c.liveness.idle));
    return;
  }
  if (c.liveness.sent == 0 && heard < idle) {
    Deadlines::arm(t, slot, Timer::kKeepalive, idle - heard);
    return;
  }
  if (c.liveness.sent >= c.liveness.count) {
    Lifetime::reset_and_destroy(t, slot, CloseReason::kTimedOut, Cause::kKeepaliveTimeout);
    return;
  }
  if (c.liveness.sent++ != 0) t.network.doubt_neighbour(c.tuple.remote);
  c.pending.keepalive = true;
  Lifetime::mark_dirty(t, slot);
  Deadlines::arm(t, slot, Timer::kKeepalive, Tick::duration(c.liveness.interval));
}

// SEG.SEQ = SND.NXT - 1 is acknowledged already, so the peer answers (RFC 9293, 3.8.4).
Sent Liveness::transmit_keepalive(TcpTables& t, Connection& c) {
  if (waits_for_peer(c)) {
    c.pending.keepalive = false;
    return Sent::kSent;
  }
  const Sent sent = Emit::send_segment(t, c, c.snd.nxt - 1, 0, TcpFlags::kAck);
  if (sent == Sent::kBusy) return sent;
  t.counters.add(Count::keepalive_probes);
  c.pending.keepalive = false;
  return sent;
}

/// Whether data or FIN is unacknowledged or waits to be sent.
bool Liveness::waits_for_peer(const Connection& c) {
  return !c.snd.all_acknowledged() || !c.send_queue.empty();
}

// ---- User timeout ----

/// Sets the application's user timeout; 0: none.
void Liveness::change_user_timeout(TcpTables& t, std::uint32_t slot, Duration timeout) {
  Connection& c = t.connections[slot];
  c.liveness.user_timeout = ticks(timeout);
  c.liveness.user_timeout_fixed = true;  // CHANGEABLE is false from here on (RFC 5482, 3.1)
  c.timers.disarm(Timer::kUserTimeout);
  if (!in_state(c.state, kSynchronized)) return;
  guard_user_timeout(t, slot);
  if (t.settings.user_timeout_option && timeout > Duration(0)) {
    c.pending.user_timeout = c.pending.ack = true;
    Lifetime::mark_dirty(t, slot);
  }
}

// RFC 5482, 3.1: the longer of ADV_UTO and REMOTE_UTO, within L_LIMIT and U_LIMIT.
void Liveness::adopt_user_timeout(TcpTables& t, Connection& c, std::uint16_t option) {
  if (!t.settings.user_timeout_option || c.liveness.user_timeout_fixed) return;
  const Duration wish = std::max(decode_user_timeout(option),
                                 decode_user_timeout(Emit::advertised_user_timeout(t, &c)));
  const Duration least = std::max(t.settings.user_timeout_least, Deadlines::rto(t, c));
  c.liveness.user_timeout =
      ticks(std::min(std::max(wish, least), std::max(t.settings.user_timeout_most, least)));
  c.timers.disarm(Timer::kUserTimeout);  // armed anew with the next output
  t.counters.add(Count::user_timeouts_adopted);
}

// Whether retransmissions have reached R2 (RFC 9293, 3.8.3), which is a number of them unless there
// is a user timeout.
bool Liveness::retransmits_used_up(const TcpTables& t, const Connection& c) {
  return c.liveness.user_timeout == 0 &&
         c.retransmits.consecutive_timeouts >= t.settings.retransmits;
}

// Arms the user timeout while data waits for the peer; each ACK of new data disarms it.
void Liveness::guard_user_timeout(TcpTables& t, std::uint32_t slot) {
  Connection& c = t.connections[slot];
  if (c.liveness.user_timeout == 0 || !in_state(c.state, kSynchronized)) return;
  if (!waits_for_peer(c)) {
    c.timers.disarm(Timer::kUserTimeout);
  } else if (!c.timers.is_armed(Timer::kUserTimeout)) {
    Deadlines::arm(t, slot, Timer::kUserTimeout, Tick::duration(c.liveness.user_timeout));
  }
}

/// Starts keepalive and user timeout when the connection is established.
void Liveness::start_liveness(TcpTables& t, std::uint32_t slot) {
  Connection& c = t.connections[slot];
  if (c.liveness.idle != 0)
    Deadlines::arm(t, slot, Timer::kKeepalive, Tick::duration(c.liveness.idle));
  if (!c.liveness.user_timeout_fixed) c.liveness.user_timeout = ticks(t.settings.user_timeout);
  if (!t.settings.user_timeout_option) return;
  if (c.negotiated.user_timeout != 0) adopt_user_timeout(t, c, c.negotiated.user_timeout);
  c.pending.user_timeout =
      true;  // once more behind the SYN, which may have been answered by a middlebox
}

}  // namespace conker
