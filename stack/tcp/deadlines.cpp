// The timers of TCP, and the one place that arms them.
//
// - kRetransmit: since the oldest unacknowledged segment was sent (RFC 6298). Expiry sends again
//   from snd_una, twice as late each time; after settings.retransmits in a row the connection has
//   timed out. Where segments are watched one by one it also serves the two waits of RFC 8985:
//   until a segment that was overtaken counts as lost, and until the tail is probed.
// - kPersist: while there is data and the peer's window does not let it go (RFC 9293, 3.8.6.1).
//   Expiry sends a probe; the peer's answer keeps the connection alive for as long as its
//   application wants it.
// - kConnect: from the open until established, settings.connect_timeout or what the request says.
// - kDelayedAck: since data arrived whose ACK may wait for company (RFC 9293, 3.8.6.3). Expiry
//   sends it.
// - kKeepalive: where the application asks for it, a probe after so much silence, then at
//   intervals.
// - kUserTimeout: while data waits for the peer, if there is a bound for that (RFC 9293, 3.10.8).
// - kLinger: from a close that has a bound; expiry resets.
// - kFinWait2: from the application's close, when ours is acknowledged, until the peer's FIN.
//
// Not of connections: one for each half-open record (SYN-ACK again, then forgotten), and the order
// of the TIME-WAIT table, whose first record is the first to end.
//
// A connection has one place in the wheel: at or before its next deadline. Moving a deadline back,
// which every ACK does, costs nothing: the wheel comes by early, once, and is set anew.
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
