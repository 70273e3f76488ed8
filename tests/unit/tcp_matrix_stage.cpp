#include "tests/unit/tcp_matrix_stage.hpp"

#include <array>

#include "stack/tcp/tcp.hpp"

namespace conker::test::matrix {
namespace {

constexpr std::uint16_t kPort = 7, kPeerPort = 40000;
constexpr std::uint32_t kWindow = 4000;       // the stack's
constexpr std::uint32_t kPeerWindow = 65535;  // the peer's

constexpr std::uint32_t kClock = 5'000'000;  // the peer's TSval, where timestamps were negotiated

Settings settings(Offered offered) {
  Settings s = plain_settings();
  s.receive_buffer = kWindow;
  if (offered == Offered::kEverything) {
    s.ecn = Ecn::kAlways;
    s.user_timeout_option = true;
  }
  return s;
}

/// Settings under which a control block stays expanded, where its bytes are compared.
Capacities capacities(Offered offered) {
  Capacities c = small_capacities();
  if (offered == Offered::kEverything) c.compact = 0;
  return c;
}

/// The numbers of each start, relative to the initial sequence numbers, which the script below must
/// have brought about.
struct Numbers {
  State state;
  const char* name;
  std::uint32_t snd_una, snd_nxt, rcv_nxt;
};
constexpr std::array<Numbers, static_cast<std::size_t>(Start::kCount)> kNumbers{{
    {State::kClosed, "Closed", 2, 2, 2},
    {State::kListen, "Listen", 0, 0, 0},
    {State::kSynSent, "SynSent", 0, 1, 0},
    {State::kSynReceived, "SynReceivedPassive", 0, 1, 1},
    {State::kSynReceived, "SynReceivedActive", 0, 1, 1},
    {State::kEstablished, "Established", 1, 2, 1},
    {State::kFinWait1, "FinWait1", 1, 2, 1},
    {State::kFinWait2, "FinWait2", 2, 2, 1},
    {State::kCloseWait, "CloseWait", 1, 2, 2},
    {State::kClosing, "Closing", 1, 2, 2},
    {State::kLastAck, "LastAck", 1, 2, 2},
    {State::kTimeWait, "TimeWait", 2, 2, 2},
    {State::kTimeWait, "TimeWaitBesideListener", 2, 2, 2},
    {State::kClosed, "Destroy", 1, 1, 1},
}};
const Numbers& numbers(Start start) {
  return kNumbers[static_cast<std::size_t>(start)];
}

struct Named {
  const char* name;
  std::uint8_t flags;
};
constexpr std::array<Named, static_cast<std::size_t>(Kind::kCount)> kKinds{{
    {"Syn", kSyn},
    {"SynAck", kSyn | kAck},
    {"Fin", kFin},
    {"FinAck", kFin | kAck},
    {"Ack", kAck},
    {"Rst", kRst},
    {"RstAck", kRst | kAck},
    {"None", 0},
}};
std::uint8_t flags_of(Kind kind) {
  return kKinds[static_cast<std::size_t>(kind)].flags;
}

}  // namespace

State state_of(Start start) {
  return numbers(start).state;
}
bool has_ack(Kind kind) {
  return (flags_of(kind) & kAck) != 0;
}
const char* name_of(Start start) {
  return numbers(start).name;
}
const char* name_of(Kind kind) {
  return kKinds[static_cast<std::size_t>(kind)].name;
}
const char* name_of(Place place) {
  constexpr std::array kNames{"Left", "JustLeft", "LeftEdge", "Inside", "RightEdge", "Right"};
  return kNames[static_cast<std::size_t>(place)];
}
const char* name_of(Ack ack) {
  constexpr std::array kNames{"Ancient", "Old", "Una", "Nxt", "Beyond"};
  return kNames[static_cast<std::size_t>(ack)];
}

Stage::Stage(Start start, Offered offered, Family family)
    : offered_(offered), script_(capacities(offered), settings(offered), {}, family) {
  reach(start);
  const Flow& flow = script_.flow();
  const Numbers& n = numbers(start);
  iss = flow.iss.value_or(0);
  snd_una = iss + n.snd_una;
  snd_nxt = iss + n.snd_nxt;
  rcv_nxt = flow.peer_iss + n.rcv_nxt;
  rcv_wnd = kWindow;
  EXPECT_EQ(state(), state_of(start));
  // Where there is a connection, its numbers must agree with the table's.
  ConnectionInfo info;
  if (!id_ || !script_.stack().info(*id_, info)) return;
  EXPECT_EQ(info.snd_una.value(), snd_una);
  EXPECT_EQ(info.snd_nxt.value(), snd_nxt);
  if (start == Start::kSynSent) return;  // nothing is known of the peer yet
  EXPECT_EQ(info.rcv_nxt.value(), rcv_nxt);
  rcv_wnd = info.rcv_wnd;
}

void Stage::listen() {
  (void)script_.listen(kPort);
  script_.peer(kPeerPort, kPort);
}

/// The peer's SYN or SYN-ACK with its options; a SYN with the request for ECN.
Segment Stage::offering(const Segment& syn) {
  if (offered_ == Offered::kNothing) return syn;
  script_.flow().timestamp = kClock;
  const bool answers = (syn.flags & kAck) != 0;
  return (answers ? syn.also(kEce) : asking_for_ecn(syn)).mss(1460).wscale(0).sackok();
}

Segment Stage::asking_for_ecn(const Segment& syn) const {
  return offered_ == Offered::kNothing ? syn : syn.also(kEce | kCwr);
}

/// An active open, up to ESTABLISHED.
void Stage::open() {
  id_ = script_.connect(80);
  script_.expect(asking_for_ecn(Syn()));
  script_.inject(offering(SynAck().mss(1460)));
  script_.expect(conker::test::Ack().seq(1).ack(1));
}

void Stage::reach(Start start) {
  Script& s = script_;
  const bool plain = offered_ == Offered::kNothing;
  switch (start) {
    case Start::kListen:
      return listen();
    case Start::kHalfOpen:
      listen();
      s.inject(offering(Syn()));
      return s.expect(plain ? SynAck() : SynAck().also(kEce));
    case Start::kTimeWaitListened: {
      const auto listener = s.listen(kPort);
      s.peer(kPeerPort, kPort);
      s.inject(offering(Syn()));
      s.expect(plain ? SynAck() : SynAck().also(kEce));
      s.inject(conker::test::Ack());
      if (!plain) s.skip();  // the user timeout option, sent at once
      id_ = s.accept(listener);
      break;
    }
    case Start::kSynSent:
    case Start::kSynReceived:
      id_ = s.connect(80);
      s.expect(asking_for_ecn(Syn()));
      if (start == Start::kSynSent) return;
      s.inject(offering(Syn()));
      return s.expect(plain ? SynAck() : SynAck().also(kEce));
    default:
      open();
  }
  const auto close = [&] {
    EXPECT_EQ(s.close(*id_), Error::kOk);
    s.expect(Fin().seq(1));
  };
  const auto peer_closes = [&](std::uint32_t acknowledges) {
    s.inject(Fin().ack(acknowledges));
    s.expect(conker::test::Ack().ack(2));
  };
  const auto send = [&] {
    EXPECT_EQ(s.send(*id_, "x"), 1u);
    s.expect(Data("x").seq(1));
  };
  switch (start) {
    case Start::kEstablished:
      return send();
    case Start::kFinWait1:
      return close();
    case Start::kFinWait2:
      close();
      return s.inject(conker::test::Ack());
    case Start::kCloseWait:
      peer_closes(1);
      return send();
    case Start::kClosing:
      close();
      return peer_closes(1);
    case Start::kLastAck:
      peer_closes(1);
      return close();
    case Start::kTimeWait:
    case Start::kTimeWaitListened:
      close();
      peer_closes(2);
      return s.expect_ended(*id_, CloseReason::kClosed);
    case Start::kClosed:
      peer_closes(1);
      EXPECT_EQ(s.shutdown(*id_), Error::kOk);
      s.expect(Fin().seq(1));
      return s.inject(conker::test::Ack());
    case Start::kDestroy:
      // No turn: the segment finds the connection waiting for the reaper.
      EXPECT_EQ(s.stack().abort(*id_), Error::kOk);
      return;
    default:
      ADD_FAILURE() << "no way to " << name_of(start);
  }
}

WireSegment Stage::segment(Kind kind, Place place, Ack ack) {
  const std::array<std::uint32_t, static_cast<std::size_t>(Place::kCount)> places{
      rcv_nxt - 1000, rcv_nxt - 1, rcv_nxt, rcv_nxt + 1, rcv_nxt + rcv_wnd - 1, rcv_nxt + rcv_wnd};
  const std::array<std::uint32_t, static_cast<std::size_t>(Ack::kCount)> acks{
      snd_una - kPeerWindow - 1, snd_una - 1, snd_una, snd_nxt, snd_nxt + 1};
  const Flow& flow = script_.flow();
  WireSegment wire;
  wire.source = flow.peer;
  wire.destination = flow.local;
  wire.source_port = flow.peer_port;
  wire.destination_port = flow.local_port;
  wire.seq = places[static_cast<std::size_t>(place)];
  wire.flags = flags_of(kind);
  if (has_ack(kind)) wire.ack = acks[static_cast<std::size_t>(ack)];
  wire.window = kPeerWindow;
  return wire;
}

std::vector<WireSegment> Stage::arrives(const WireSegment& segment) {
  script_.inject_frames({encode(segment, kPeerMac, kStackMac)});
  return script_.take_frames();
}

State Stage::state() {
  const Flow& flow = script_.flow();
  const auto ours = [&](const FourTuple& tuple) {
    return tuple.remote_port.value == flow.peer_port && tuple.local_port.value == flow.local_port;
  };
  std::optional<State> found;
  const Tcp& tcp = script_.stack().tcp();
  tcp.for_each_connection([&](const ConnectionInfo& c) {
    if (ours(c.tuple) && c.state != State::kDestroy) found = c.state;
  });
  tcp.for_each_time_wait([&](const TimeWaitInfo& r) {
    if (ours(r.tuple)) found = State::kTimeWait;
  });
  // Also where a SYN reopens: the old record stays until the handshake is complete.
  tcp.for_each_half_open([&](const HalfOpenInfo& r) {
    if (ours(r.tuple)) found = State::kSynReceived;
  });
  if (found) return *found;
  tcp.for_each_listener([&](const ListenerInfo& l) {
    if (l.local.port.value == flow.local_port) found = State::kListen;
  });
  return found.value_or(State::kClosed);
}

}  // namespace conker::test::matrix
