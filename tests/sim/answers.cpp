#include "tests/sim/answers.hpp"

#include <algorithm>

#include "stack/tcp/diagram.hpp"
#include "tests/sim/stations.hpp"

namespace conker::sim {
namespace {

// In a second. RFC 5961, 7: two are promised of each connection and each record; the seconds of who
// counts begin at other times.
constexpr std::uint32_t kMostRepeated = 5;
constexpr std::uint32_t kMostFromRecord = 5;
constexpr std::uint32_t kMostAgain = 2;  // SYN-ACKs that are sent again by their timer

bool bare_ack(const Seen& seen) {
  constexpr std::uint8_t kOthers = Seen::kFin | Seen::kSyn | Seen::kRst;
  return seen.has(Seen::kAck) && (seen.flags & kOthers) == 0 && seen.data.empty();
}

template <typename F>
bool any_connection(const Stack& stack, F&& matches) {
  bool found = false;
  stack.tcp().for_each_connection(
      [&](const ConnectionInfo& info) { found |= matches(info.tuple); });
  return found;
}

}  // namespace

Answers::Second& Answers::second(std::uint32_t remote, std::uint16_t local_port,
                                 std::uint16_t remote_port) {
  const std::uint64_t key =
      std::uint64_t{remote} << 32 | std::uint32_t{local_port} << 16 | remote_port;
  Second& second = seconds_[key];
  if (context_.now - second.began >= 1s) {
    second.began = context_.now;
    second.from_record = second.repeated = second.due = second.syns = second.syn_acks = 0;
  }
  return second;
}

// Of the peer, any segment may ask for one more; of others, those that take sequence numbers do,
// for an ACK may have been lost (RFC 9293, 3.10.7.4, first).
void Answers::heard(const Seen& seen, bool forged) {
  if (seen.opens()) ++second(seen.source, seen.destination_port, seen.source_port).syns;
  if (!forged || seen.length() > 0)
    ++second(seen.source, seen.destination_port, seen.source_port).due;
}

bool Answers::of_time_wait(const Seen& seen, const Stack& stack) {
  bool found = false;
  stack.tcp().tables().time_wait.for_each([&](const TimeWait& r) {
    const FourTuple tuple = r.tuple.whole();
    found |= r.snd_nxt.value() == seen.seq && r.rcv_nxt.value() == seen.ack &&
             tuple.remote.v4_bits() == seen.destination &&
             tuple.local_port.value == seen.source_port &&
             tuple.remote_port.value == seen.destination_port;
  });
  return found && bare_ack(seen);
}

void Answers::said(const Seen& seen, const Stack& stack) {
  const bool to_host = number_of_host(IpAddress::v4(seen.destination)) < context_.config.hosts;
  Second& s = second(seen.destination, seen.source_port, seen.destination_port);
  const bool same = bare_ack(s.last) && s.last.ack == seen.ack && s.last.window == seen.window &&
                    s.last.seq == seen.seq && s.last.block_count == seen.block_count;
  s.last = seen;
  s.last.data = {};
  if (seen.has(Seen::kSyn | Seen::kAck) && ++s.syn_acks > s.syns + kMostAgain) {
    context_.fail(static_cast<int>(host_), "more SYN-ACKs than SYNs came");
  }
  if (!bare_ack(seen)) return;
  const bool connected = any_connection(stack, [&](const FourTuple& t) {
    return t.remote.v4_bits() == seen.destination && t.local_port.value == seen.source_port &&
           t.remote_port.value == seen.destination_port;
  });
  if (!connected) {
    if (++s.from_record > kMostFromRecord + s.syns) {  // each may make a new record
      context_.fail(static_cast<int>(host_), "a record answers without a limit");
    }
    return;
  }
  if (same && to_host && ++s.repeated > s.due + kMostRepeated) {
    context_.fail(static_cast<int>(host_), "a connection answers what is forged without a limit");
  }
}

// A record ends in its time, with an exact RST, for want of room, or for a new connection. A SYN
// may take its place; when nothing comes of that, it is there again.
void Answers::check_records(const Stack& stack) {
  const Tcp::Tables tables = stack.tcp().tables();
  for (Record& record : records_) record.seen = false;
  tables.time_wait.for_each([&](const TimeWait& r) {
    const FourTuple tuple = r.tuple.whole();
    auto at =
        std::ranges::find_if(records_, [&](const Record& known) { return known.tuple == tuple; });
    if (at == records_.end()) at = records_.insert(at, {tuple, {}, false});
    at->ends = r.ends.instant(context_.now);
    at->seen = true;
  });
  const Counters& n = stack.counters();
  const std::uint64_t given_up = n[Count::time_wait_reset] + n[Count::time_wait_evicted];
  const bool excused = given_up != given_up_;
  given_up_ = given_up;
  std::erase_if(records_, [&](const Record& record) {
    if (record.seen) return false;
    if (excused || record.ends <= context_.now) return true;
    const auto same = [&](const FourTuple& tuple) { return tuple == record.tuple; };
    if (any_connection(stack, same)) return true;
    bool pending = false;
    tables.half_open.for_each([&](std::uint32_t, const HalfOpen& r) { pending |= same(r.tuple); });
    if (!pending)
      context_.fail(static_cast<int>(host_),
                    "a TIME-WAIT record is gone, and nothing came in its place");
    return !pending;
  });
}

// No link of a siege is smaller than the hosts say, and nobody forges what is in flight (RFC
// 5927, 7.2): only timeouts may make segments smaller (RFC 4821).
void Answers::check_sizes(const Stack& stack) {
  const std::uint64_t timeouts = stack.counters()[Count::retransmit_timeouts];
  const bool excused = timeouts != timeouts_;
  timeouts_ = timeouts;
  sizes_.resize(stack.capacities().connections);
  stack.tcp().for_each_connection([&](const ConnectionInfo& info) {
    if (!in_state(info.state, kSynchronized)) return;
    Size& size = sizes_[info.id.slot];
    if (!excused && size.generation == info.id.generation && info.mss < size.mss) {
      context_.fail(static_cast<int>(host_), "segments become smaller, and no link is");
    }
    size = {info.id.generation, info.mss};
  });
}

}  // namespace conker::sim
