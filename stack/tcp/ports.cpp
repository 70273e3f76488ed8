// Which four-tuple, and which initial sequence number.
#include <algorithm>

#include "stack/tcp/tcp.hpp"

namespace conker {
namespace {

/// How many tuples in TIME-WAIT are passed over in search of a free one. Ports towards one peer are
/// used in turn, so the first one met is the one that has waited longest.
constexpr int kTimeWaitsSkipped = 8;
/// How many ports are looked at before there counts as being none: an open costs the same however
/// many ports are taken, and the next one looks at the ports behind these.
constexpr std::uint32_t kPortsTried = 256;

}  // namespace

// One half of a hash for each.
// ISN = M + F(localip, localport, remoteip, remoteport, secretkey), M in steps of 4 us (RFC 6528,
// 3). Timestamps count on from another number for every four-tuple, so that they do not tell how
// long we have been up (RFC 7323, 7.1), and grow from one of its connections to the next, which
// TIME-WAIT relies on (RFC 6191).
Tcp::Beginning Tcp::beginning_of(const FourTuple& tuple) const {
  const std::uint64_t f = strong_hash_of(isn_key_, tuple);
  const auto m = static_cast<std::uint32_t>(now_.time_since_epoch().count() >> 2);
  return {Seq(m + static_cast<std::uint32_t>(f)), static_cast<std::uint32_t>(f >> 32)};
}

Tcp::Choice Tcp::check_port(const FourTuple& tuple) const {
  const std::uint32_t hash = hash_of(demux_key_, tuple);
  const Choice taken{.error = Error::kAddressInUse, .port = {}, .hash = hash};
  if (find(hash, tuple) != kNone || half_open_.find(hash, tuple) != kNone) return taken;
  const std::uint32_t time_wait = time_wait_.find(hash, tuple);
  if (time_wait != kNone && !may_reopen(time_wait_[time_wait])) return taken;
  return Choice{
      .error = Error::kOk, .port = tuple.local_port, .hash = hash, .time_wait = time_wait};
}

// Whether a new connection of ours may take the place of one in TIME-WAIT: its timestamps must be
// beyond all that the old one sent, so that the peer cannot take the one for the other (RFC 6191,
// 3). Where there are no timestamps the initial sequence number is.
bool Tcp::may_reopen(const TimeWait& record) const {
  return !record.timestamps || record.silent_for(Tick::floor(now_)) > 1;
}

// Double-hash port selection (RFC 6056, 3.3.4): one counter for each of a few groups of peers, so
// that ports towards one peer follow each other, which finds a free one at once, while nobody else
// can tell where they are. Where several of our addresses share a counter it comes round sooner,
// and meets ports in TIME-WAIT while others are free; hence so many. The tuple's own local port is
// still 0.
Tcp::Choice Tcp::choose_port(FourTuple tuple) {
  const std::uint32_t first = settings_.first_port.value;
  const std::uint32_t range = settings_.last_port.value - first + 1u;
  const std::uint64_t f = strong_hash_of(port_key_, tuple);
  const std::uint32_t offset = static_cast<std::uint32_t>(f) % range;
  std::uint16_t& counter =
      port_counters_[static_cast<std::uint32_t>(f >> 32) % port_counters_.size()];

  Choice waiting;
  int time_waits = 0;
  for (std::uint32_t tries = 0; tries < std::min(range, kPortsTried); ++tries) {
    counter = static_cast<std::uint16_t>(counter + 1u >= range ? 0 : counter + 1u);
    tuple.local_port = Port{static_cast<std::uint16_t>(first + (offset + counter) % range)};
    if (listeners_.port_taken(tuple.local_port)) continue;
    const Choice choice = check_port(tuple);
    if (choice.error != Error::kOk) continue;
    if (choice.time_wait == kNone) {
      // The next open in this group will look for the next port.
      tuple.local_port = Port{static_cast<std::uint16_t>(first + (offset + counter + 1u) % range)};
      expect(tuple);
      return choice;
    }
    if (time_waits == 0) waiting = choice;
    if (++time_waits == kTimeWaitsSkipped) break;
  }
  if (waiting.error != Error::kOk) counters_.add(Count::ports_exhausted);
  return waiting;
}

}  // namespace conker
