// The timers of TCP, and the one place that arms them.
//
// - kRetransmit: since the oldest unacknowledged segment was sent (RFC 6298). Expiry sends again
//   from SND.UNA, twice as late each time; after settings.retransmits in a row the connection has
//   timed out. With a scoreboard it also serves the two timers of RFC 8985: the reordering timer,
//   and the probe timeout (PTO).
// - kPersist: while there is data and the peer's window does not let it go (RFC 9293, 3.8.6.1).
//   Expiry sends a probe. A peer that answers keeps the connection open, however long its
//   window stays closed.
// - kConnect: from the open until established, settings.connect_timeout or what the request says.
// - kDelayedAck: since data arrived whose ACK may be delayed (RFC 9293, 3.8.6.3). Expiry sends the
//   ACK.
// - kKeepalive: where the application asks for it: a probe after an idle time, then at intervals
//   (RFC 9293, 3.8.4).
// - kUserTimeout: while data waits for the peer, if there is a bound for that (RFC 9293, 3.10.8).
// - kLinger: from a close that has a bound; expiry resets.
// - kFinWait2: from the ACK of our FIN, where the application has closed, until the peer's FIN.
//
// Not of connections: a timer for each half-open record, which sends the SYN-ACK again; and the
// TIME-WAIT table, whose first record is the first to end.
//
// A connection has one place in the wheel: at or before its next deadline. A deadline that
// moves back, as with every ACK, leaves the wheel as it is: it fires early, once, and is set anew.
#include "stack/tcp/deadlines.hpp"

namespace conker {

void Deadlines::arm(TcpTables& t, std::uint32_t slot, Timer timer, Duration in) {
  Connection& c = t.connections[slot];
  if (c.state == State::kDestroy) {
    t.counters.add(Count::refused_transitions);
    return;
  }
  const Tick at = Tick::ceil(t.now + in);
  c.timers.arm(timer, at);
  if (!t.wheel.armed(slot) || at < t.wheel.deadline(slot)) t.wheel.arm(slot, at);
}

}  // namespace conker
