// Time in 32 bits (Mark, Tick). A connection may be idle for months, and then no time that it keeps
// may look newer than it is, nor a deadline long past look as if it were to come.
//
// The first turn after Mark::kKeepEvery, whenever that is, brings all of them forward before any is
// compared; no timer is needed for it. The Instants of that turn and of the one before, which have
// 64 bits, say how long it was.
#include "stack/tcp/marks.hpp"

#include <algorithm>

namespace conker {
namespace {

/// The scoreboard's times are in microseconds, which 32 bits tell apart for 36 minutes.
constexpr Duration kFlightMemory = 30min;

void keep(Connection& c, Instant then, Instant now) {
  for (Mark* mark :
       {&c.timestamps.recent_at, &c.buffer.round_began, &c.liveness.heard_at, &c.recovery.last_sent,
        &c.recovery.advanced_at, &c.path.mss_reduced_at, &c.challenged_at}) {
    mark->keep(then, now);
  }
  for (Tick& deadline : c.timers.deadlines)
    deadline = deadline.kept(then, now);  // of no interest where not armed
}

void keep(CompactConnection& c, Instant then, Instant now) {
  for (Mark* mark : {&c.timestamps.recent_at, &c.buffer.round_began, &c.heard_at, &c.last_sent,
                     &c.mss_reduced_at}) {
    mark->keep(then, now);
  }
  c.keepalive_at = c.keepalive_at.kept(then, now);
}

}  // namespace

void Marks::begin(TcpTables& t, Instant now) {
  bool late = false;
  if (now - t.now > kFlightMemory) {  // what was due before the last turn was done then
    const auto due = t.wheel.next();
    late = due && now - due->instant(t.now) > kFlightMemory;
  }
  if (now - t.kept_at >= Mark::kKeepEvery) keep_marks(t, now);
  t.now = now;
  if (late) forget_flights(t);
}

void Marks::keep_marks(TcpTables& t, Instant now) {
  const Instant then = t.now;
  t.connections.for_each_in_place([&](auto& connection) { keep(connection, then, now); });
  t.challenges.second.keep(then, now);
  for (std::uint32_t slot = 0; slot < t.listeners.end(); ++slot) {
    if (t.listeners.live(slot)) t.listeners[slot].resets.second.keep(then, now);
  }
  t.wheel.leap(then, now);
  while (t.time_wait.oldest() != kNone &&
         t.time_wait[t.time_wait.oldest()].ends.instant(then) <= now) {
    t.time_wait.remove(t.time_wait.oldest());
    t.counters.add(Count::time_wait_expired);
  }
  t.kept_at = now;
}

// Ends the flights of all connections after a turn so late that the scoreboard's times are no
// longer valid (the embedder was stopped): data is sent again from SND.UNA on, into an initial
// window, unless ACKs come first.
void Marks::forget_flights(TcpTables& t) {
  for (std::uint32_t slot = 0; slot < t.connections.end(); ++slot) {
    if (!t.connections.live(slot) || t.connections.is_compact(slot)) continue;
    Connection& c = t.connections[slot];
    if (!Held::end_flight(t, c)) continue;
    c.snd.rewind();
    c.timing.stop();
    c.congestion.cwnd = std::min(c.congestion.cwnd, initial_window(c.path.mss));
    Lifetime::mark_dirty(t, slot);
  }
}

}  // namespace conker
