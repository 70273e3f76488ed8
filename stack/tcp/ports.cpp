// Ephemeral ports, initial sequence numbers and timestamp offsets.
#include "stack/tcp/ports.hpp"

#include <algorithm>

namespace conker {
namespace {

/// How many tuples in TIME-WAIT are passed over in search of a free one. Ports towards one peer are
/// used in turn, so the first one met is the one that has waited longest.
constexpr int kTimeWaitsSkipped = 8;
/// How many ports are looked at before there counts as being none: an open costs the same however
/// many ports are taken, and the next one looks at the ports behind these.
constexpr std::uint32_t kPortsTried = 256;

}  // namespace

// ISN = M + F(localip, localport, remoteip, remoteport, secretkey), M in steps of 4 us (RFC 6528,
// 3). The other half of the hash is the offset of the four-tuple's timestamps: they do not tell the
// uptime (RFC 7323, 7.1), and grow from one connection of the four-tuple to the next, which
// TIME-WAIT relies on (RFC 6191).
Ports::InitialSequence Ports::initial_sequence(const TcpTables& t, const FourTuple& tuple) {
  const std::uint64_t f = strong_hash_of(t.isn_key, tuple);
  const auto m = static_cast<std::uint32_t>(t.now.time_since_epoch().count() >> 2);
  return {Seq(m + static_cast<std::uint32_t>(f)), static_cast<std::uint32_t>(f >> 32)};
}

Ports::PortChoice Ports::check_port(const TcpTables& t, const FourTuple& tuple) {
  const std::uint32_t hash = hash_of(t.demux_key, tuple);
  const PortChoice taken{.error = Error::kAddressInUse, .port = {}, .hash = hash};
  if (t.find(hash, tuple) != kNone || t.half_open.find(hash, tuple) != kNone) return taken;
  const std::uint32_t time_wait = t.time_wait.find(hash, tuple);
  if (time_wait != kNone && !may_reopen(t, t.time_wait[time_wait])) return taken;
  return PortChoice{
      .error = Error::kOk, .port = tuple.local_port, .hash = hash, .time_wait = time_wait};
}

// Whether an active open may reuse a four-tuple in TIME-WAIT: its timestamps must be beyond all
// that the earlier connection sent, so that the peer cannot take one for the other (RFC 6191, 3).
// Without timestamps the ISN is beyond them (Calls::connect).
bool Ports::may_reopen(const TcpTables& t, const TimeWait& record) {
  return !record.timestamps || record.since_sent(Tick::floor(t.now)) > 1;
}

// Double-hash port selection (RFC 6056, 3.3.4): a counter for each of a few groups of peers. Ports
// towards one peer follow each other, so that a free one is found at once, and other hosts cannot
// predict them. Where several local addresses share a counter it wraps sooner and meets ports in
// TIME-WAIT while others are free; hence so many counters. The tuple's own local port is still 0.
Ports::PortChoice Ports::choose_port(TcpTables& t, FourTuple tuple) {
  const std::uint32_t first = t.settings.first_port.value;
  const std::uint32_t range = t.settings.last_port.value - first + 1u;
  const std::uint64_t f = strong_hash_of(t.port_key, tuple);
  const std::uint32_t offset = static_cast<std::uint32_t>(f) % range;
  std::uint16_t& counter =
      t.port_counters[static_cast<std::uint32_t>(f >> 32) % t.port_counters.size()];

  PortChoice waiting;
  int time_waits = 0;
  for (std::uint32_t tries = 0; tries < std::min(range, kPortsTried); ++tries) {
    counter = static_cast<std::uint16_t>(counter + 1u >= range ? 0 : counter + 1u);
    tuple.local_port = Port{static_cast<std::uint16_t>(first + (offset + counter) % range)};
    if (t.listeners.port_taken(tuple.local_port)) continue;
    const PortChoice choice = check_port(t, tuple);
    if (choice.error != Error::kOk) continue;
    if (choice.time_wait == kNone) {
      // The next open in this group will look for the next port.
      tuple.local_port = Port{static_cast<std::uint16_t>(first + (offset + counter + 1u) % range)};
      t.prefetch(tuple);
      return choice;
    }
    if (time_waits == 0) waiting = choice;
    if (++time_waits == kTimeWaitsSkipped) break;
  }
  if (waiting.error != Error::kOk) t.counters.add(Count::ports_exhausted);
  return waiting;
}

}  // namespace conker
