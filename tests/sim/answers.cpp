#include "tests/sim/answers.hpp"

#include <algorithm>

#include "stack/tcp/diagram.hpp"
#include "stack/tcp/tcp.hpp"
#include "tests/sim/stations.hpp"

namespace conker::sim {
namespace {

using verdict::Segment;

// Per second. The stack sends at most two challenge ACKs (RFC 5961, 7) for a connection or record;
// the limits here are larger, since the stack's seconds begin at other times.
constexpr std::uint32_t kMostRepeated = 5;
constexpr std::uint32_t kMostFromRecord = 5;
constexpr std::uint32_t kMostAgain = 2;  // SYN-ACKs retransmitted by the timer

bool bare_ack(const Segment& segment) {
  constexpr std::uint8_t kOthers = Segment::kFin | Segment::kSyn | Segment::kRst;
  return segment.has(Segment::kAck) && (segment.flags & kOthers) == 0 && segment.data.empty();
}

template <typename F>
bool any_connection(const Stack& stack, F&& matches) {
  bool found = false;
  stack.tcp().for_each_connection(
      [&](const ConnectionInfo& info) { found |= matches(info.tuple); });
  return found;
}

}  // namespace

Answers::Second& Answers::second(const FourTuple& tuple) {
  const std::uint64_t key = std::uint64_t{tuple.remote.v4_bits()} << 32 |
                            std::uint32_t{tuple.local_port.value} << 16 | tuple.remote_port.value;
  Second& second = seconds_[key];
  if (context_.now - second.began >= 1s) {
    second.began = context_.now;
    second.from_record = second.repeated = second.due = second.syns = second.syn_acks = 0;
  }
  return second;
}

// Any segment of the peer may require an ACK; a forged one does when it has text, SYN or FIN, since
// unacceptable segments are acknowledged (RFC 9293, 3.10.7.4, first).
void Answers::heard(const Segment& segment, bool forged) {
  Second& s = second(segment.of_receiver());
  if (segment.opens()) ++s.syns;
  if (!forged || segment.length() > 0) ++s.due;
}

bool Answers::of_time_wait(const Segment& segment, const Stack& stack) {
  bool found = false;
  const FourTuple said = segment.of_sender();
  stack.tcp().tables().time_wait.for_each([&](const TimeWait& r) {
    const FourTuple tuple = r.tuple;
    found |= r.snd_nxt == segment.seq && r.rcv_nxt == segment.ack && tuple == said;
  });
  return found && bare_ack(segment);
}

void Answers::said(const Segment& segment, const Stack& stack) {
  const bool to_host = number_of_host(segment.destination.address) < context_.config.hosts;
  Second& s = second(segment.of_sender());
  const bool same = bare_ack(s.last) && s.last.ack == segment.ack &&
                    s.last.window == segment.window && s.last.seq == segment.seq &&
                    s.last.block_count == segment.block_count;
  s.last = segment;
  s.last.data = {};
  if (segment.has(Segment::kSyn | Segment::kAck) && ++s.syn_acks > s.syns + kMostAgain) {
    context_.fail(static_cast<int>(host_), "more SYN-ACKs than SYNs came");
  }
  if (!bare_ack(segment)) return;
  const bool connected =
      any_connection(stack, [&](const FourTuple& t) { return t == segment.of_sender(); });
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

// A TIME-WAIT record may end by its timer, by a RST at RCV.NXT, by eviction, or for a new
// connection. A half-open record may replace it, and is replaced by it when the handshake fails.
void Answers::check_records(const Stack& stack) {
  const TcpTables& tables = stack.tcp().tables();
  for (Record& record : records_) record.seen = false;
  tables.time_wait.for_each([&](const TimeWait& r) {
    const FourTuple tuple = r.tuple;
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

// Only timeouts may lower the MSS (RFC 4821): all links of a siege have the hosts' MTU, and no ICMP
// is forged about data in flight (RFC 5927, 7.2).
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
