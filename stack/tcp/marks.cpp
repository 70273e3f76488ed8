// Time in 32 bits. A connection may be left alone for months, and then nothing of what it remembers
// may look newer than it is, nor a deadline that is long past as if it were still to come.
//
// Nobody is woken for it: the first turn after Mark::kKeepEvery, whenever that is, brings
// everything forward before anything is compared. The Instants of that turn and of the one before
// it, 64 bits wide, say how long it was.
#include <algorithm>

#include "stack/tcp/tcp.hpp"

namespace conker {
namespace {

/// Recovery's times are in microseconds, which 32 bits tell apart for 36 minutes.
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

void Tcp::begin(Instant now) {
  bool late = false;
  if (now - now_ > kFlightMemory) {  // what was due before the last turn was done then
    const auto due = wheel_.next();
    late = due && now - due->instant(now_) > kFlightMemory;
  }
  if (now - kept_at_ >= Mark::kKeepEvery) keep_marks(now);
  now_ = now;
  if (late) forget_flights();
}

void Tcp::keep_marks(Instant now) {
  const Instant then = now_;
  connections_.for_each_in_place([&](auto& connection) { keep(connection, then, now); });
  challenges_.second.keep(then, now);
  for (std::uint32_t slot = 0; slot < listeners_.end(); ++slot) {
    if (listeners_.live(slot)) listeners_[slot].resets.second.keep(then, now);
  }
  wheel_.leap(then, now);
  while (time_wait_.oldest() != kNone &&
         time_wait_[time_wait_.oldest()].ends.instant(then) <= now) {
    time_wait_.remove(time_wait_.oldest());
    counters_.add(Count::time_wait_expired);
  }
  kept_at_ = now;
}

// The embedder was stopped with segments out, and what it can tell of them is no longer known: they
// are sent again from the first on, into the window of a beginning, unless ACKs have come
// meanwhile.
void Tcp::forget_flights() {
  for (std::uint32_t slot = 0; slot < connections_.end(); ++slot) {
    if (!connections_.live(slot) || connections_.is_compact(slot)) continue;
    Connection& c = connections_[slot];
    if (!end_flight(c)) continue;
    c.snd.rewind();
    c.timing.stop();
    c.congestion.cwnd = std::min(c.congestion.cwnd, initial_window(c.path.mss));
    mark_dirty(slot);
  }
}

}  // namespace conker
