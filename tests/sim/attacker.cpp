#include "tests/sim/attacker.hpp"

#include <algorithm>

#include "stack/tcp/tcp.hpp"
#include "tests/sim/stations.hpp"
#include "tests/sim/visits.hpp"

namespace conker::sim {
namespace {

constexpr Duration kLongest = 2s;

// Draws a forged source address: on the link, where no station has it, or behind the router.
IpAddress somebody(Dice& dice) {
  if (dice.one_in(4))
    return IpAddress::v4(10, 0, 0, static_cast<std::uint8_t>(200 + dice.below(8)));
  return IpAddress::v4(192, 0, 2, static_cast<std::uint8_t>(100 + dice.below(100)));
}

// The four-tuple of the peer's side.
FourTuple of_peer(const FourTuple& tuple) {
  return {tuple.remote, tuple.local, tuple.remote_port, tuple.local_port};
}

}  // namespace

void Attacker::begin(const Op& op) {
  const std::uint32_t rate = std::clamp(op.a[1], 1u, kMostASecond);
  bursts_.push_back(
      {.host = op.a[0] % context_.config.hosts,
       .knows = op.a[2] % kKnowledge,
       .family = op.a[3] % kFamilies,
       .every = Duration(1'000'000 / rate),
       .next = context_.now,
       .end = context_.now + std::min(Duration(std::int64_t{op.a[4]} * 1000), kLongest),
       .dice = Dice(op.a[5])});
}

Instant Attacker::next() const {
  Instant next = kNever;
  for (const Burst& burst : bursts_) next = std::min(next, burst.next);
  return next;
}

void Attacker::step() {
  for (Burst& burst : bursts_) {
    for (; burst.next <= context_.now; burst.next += burst.every) send_one(burst);
  }
  std::erase_if(bursts_, [](const Burst& burst) { return burst.next > burst.end; });
}

void Attacker::send(const Burst& burst, const char* what, const test::Bytes& frame) {
  ++context_.figures.forged;
  context_.tell("       forged for host %u: %s", burst.host, what);
  context_.wire.inject_burst(burst.host, frame, context_.now);
}

void Attacker::send_one(Burst& burst) {
  const std::uint32_t family = burst.family == kAny ? burst.dice.below(kAny) : burst.family;
  if (family == kKnock) return knock(burst);
  if (family == kStray || burst.knows == kAddresses) return stray(burst);
  const std::vector<Mark> all = marks(burst.host);
  if (all.empty()) return;
  const Mark& mark = all[burst.dice.below(static_cast<std::uint32_t>(all.size()))];
  const bool numbers = burst.knows == kNumbers;
  if (family == kIcmp) return send(burst, "ICMP", forge_icmp(mark, numbers, burst.dice));
  if (family == kTooBig)
    return send(burst, "fragmentation needed", forge_too_big(mark, burst.dice));
  test::WireSegment segment;
  const auto shape = static_cast<Shape>(family);
  if (!forge(shape, mark, numbers, burst.dice, segment)) return;
  send(burst, to_string(shape), test::encode(segment, kRouterMac, mac_of_host(burst.host)));
}

// Sends a segment to a listener or a closed port, on a four-tuple that has no connection.
void Attacker::stray(Burst& burst) {
  Dice& dice = burst.dice;
  test::WireSegment s;
  const std::uint32_t other = (burst.host + 1) % context_.config.hosts;
  s.source = dice.one_in(2) ? somebody(dice) : address_of_host(other);
  s.destination = address_of_host(burst.host);
  s.source_port = static_cast<std::uint16_t>(20'000 + dice.below(20'000));
  s.destination_port = dice.one_in(3) ? static_cast<std::uint16_t>(dice()) : Visits::kPort;
  s.seq = static_cast<std::uint32_t>(dice());
  s.ack = static_cast<std::uint32_t>(dice());
  s.flags = dice.of<std::uint8_t>({0, test::kAck, test::kFin, test::kRst, test::kAck | test::kRst,
                                   test::kSyn | test::kAck, test::kFin | test::kAck,
                                   test::kAck | test::kPsh});
  s.window = 1000;
  if (dice.one_in(3)) s.data.assign(dice.below(500), '?');
  send(burst, "a stray segment", test::encode(s, kRouterMac, mac_of_host(burst.host)));
}

void Attacker::knock(Burst& burst) {
  Dice& dice = burst.dice;
  test::WireSegment s;
  s.source = somebody(dice);
  s.destination = address_of_host(burst.host);
  s.source_port = static_cast<std::uint16_t>(20'000 + dice.below(20'000));
  s.destination_port = Visits::kPort;
  s.seq = static_cast<std::uint32_t>(dice());
  s.flags = test::kSyn;
  s.window = 1000;
  s.mss = 1460;
  if (dice.one_in(2)) s.options.timestamps = {static_cast<std::uint32_t>(dice()), 0};
  send(burst, "a SYN of nobody", test::encode(s, kRouterMac, mac_of_host(burst.host)));
}

// ---- Victims ----

Mark Attacker::mark_of(const ConnectionInfo& info) const {
  const verdict::Conversation& peer = context_.conversations.side(of_peer(info.tuple));
  return {.state = info.state,
          .tuple = info.tuple,
          .snd_una = info.snd_una.value(),
          .snd_nxt = info.snd_nxt.value(),
          .rcv_nxt = info.rcv_nxt.value(),
          .rcv_wnd = info.rcv_wnd,
          .peer_end = peer.end(),
          .timestamps = info.timestamps,
          .peer_timestamp = peer.last_timestamp()};
}

// The connections and records of honest peers; those of hostile peers may be harmed.
std::vector<Mark> Attacker::marks(std::uint32_t host) const {
  constexpr std::uint32_t kSomeWindow = 1000;  // less than any connection's first window
  std::vector<Mark> all;
  const Tcp& tcp = hosts_[host]->stack().tcp();
  const auto honest = [&](const FourTuple& tuple) {
    return number_of_host(tuple.remote) < context_.config.hosts;
  };
  tcp.for_each_connection([&](const ConnectionInfo& info) {
    if (info.state != State::kDestroy && honest(info.tuple)) all.push_back(mark_of(info));
  });
  const TcpTables& tables = tcp.tables();
  const auto add = [&](Mark::Record kind, const FourTuple& tuple, Seq snd_nxt, Seq rcv_nxt,
                       bool timestamps) {
    if (!honest(tuple)) return;
    const verdict::Conversation& peer = context_.conversations.side(of_peer(tuple));
    all.push_back({.record = kind,
                   .tuple = tuple,
                   .snd_una = snd_nxt.value(),
                   .snd_nxt = snd_nxt.value(),
                   .rcv_nxt = rcv_nxt.value(),
                   .rcv_wnd = kSomeWindow,
                   .peer_end = peer.end(),
                   .timestamps = timestamps,
                   .peer_timestamp = peer.last_timestamp()});
  };
  tables.half_open.for_each([&](std::uint32_t, const HalfOpen& r) {
    add(Mark::Record::kHalfOpen, r.tuple, r.iss + 1, r.irs + 1, r.negotiated.timestamps);
  });
  tables.time_wait.for_each([&](const TimeWait& r) {
    add(Mark::Record::kTimeWait, r.tuple, r.snd_nxt, r.rcv_nxt, r.timestamps);
  });
  return all;
}

}  // namespace conker::sim
