// The peers: they make segments of any kind from the stack's own tables.
#include "tests/explore/peer.hpp"

#include <string>

#include "stack/tcp/tcp.hpp"

namespace conker::explore {
namespace {

constexpr std::size_t kSequenceAt = 38, kAckAt = 42, kFlagsAt = 47, kWindowAt = 48;
constexpr std::uint16_t kWindow = 4096;
constexpr Seq kPeerIss{5000};
constexpr std::uint32_t kFarBeyond = 100'000;

void put32(test::Bytes& frame, std::size_t at, std::uint32_t v) {
  for (int i = 0; i < 4; ++i)
    frame[at + static_cast<std::size_t>(i)] = static_cast<std::byte>(v >> (24 - 8 * i));
}

test::WireSegment from_peer(std::uint32_t peer) {
  test::WireSegment wire;
  wire.source = kPeerAddress;
  wire.destination = kStackAddress;
  wire.source_port = static_cast<std::uint16_t>(kFirstPeerPort + peer);
  wire.destination_port = kStackPort.value;
  return wire;
}

}  // namespace

FourTuple tuple_of(std::uint32_t peer) {
  return {kStackAddress, kPeerAddress, kStackPort,
          Port{static_cast<std::uint16_t>(kFirstPeerPort + peer)}};
}

Counterpart look(const Stack& stack, std::uint32_t peer) {
  const TcpTables& t = stack.tcp().tables();
  const FourTuple tuple = tuple_of(peer);
  Counterpart found;
  const auto take = [&](std::uint32_t slot) {
    const Connection& c = t.connections[slot];
    found = {.what = Counterpart::What::kConnection,
             .slot = slot,
             .state = c.state,
             .rcv_nxt = c.state == State::kSynSent ? kPeerIss : c.rcv.nxt,
             .snd_una = c.snd.una,
             .snd_nxt = c.snd.nxt,
             .irs = c.rcv.irs,
             .window = c.rcv.wnd(),
             .application_closed = c.application.closed,
             .fin_sent = c.fin.sent,
             .peer_fin_seen = c.rcv.fin_seen};
  };
  for (std::uint32_t slot = 0; slot < t.connections.end(); ++slot) {
    if (!t.connections.live(slot) || t.connections[slot].tuple != tuple) continue;
    if (t.connections[slot].listed.index) {
      take(slot);
      return found;
    }
  }
  t.time_wait.for_each([&](const TimeWait& record) {
    if (record.tuple != tuple) return;
    found = {.what = Counterpart::What::kTimeWait,
             .rcv_nxt = record.rcv_nxt,
             .snd_una = record.snd_nxt,
             .snd_nxt = record.snd_nxt,
             .irs = record.rcv_nxt - 1,
             .window = kPiece};
  });
  // A half-open record takes precedence over the TIME-WAIT record that it reopens.
  t.half_open.for_each([&](std::uint32_t, const HalfOpen& record) {
    if (record.tuple != tuple) return;
    found = {.what = Counterpart::What::kHalfOpen,
             .rcv_nxt = record.irs + 1,
             .snd_una = record.iss,
             .snd_nxt = record.iss + 1,
             .irs = record.irs,
             .window = kPiece};
  });
  if (found.what != Counterpart::What::kNothing) return found;
  // There is no connection; the peer may send segments as if there were one.
  found = {.rcv_nxt = kPeerIss, .snd_una = Seq(77), .snd_nxt = Seq(77), .irs = kPeerIss};
  for (std::uint32_t slot = 0; slot < t.connections.end(); ++slot) {
    if (t.connections.live(slot) && t.connections[slot].tuple == tuple) take(slot);
  }
  found.what = Counterpart::What::kNothing;
  return found;
}

Peer::Peer(std::uint32_t peer) : peer_(peer) {
  test::WireSegment wire = from_peer(peer);
  bare_ = test::encode(wire, kPeerMac, kStackMac);
  wire.mss = kPiece;
  wire.options.sack_permitted = true;
  syn_ = test::encode(wire, kPeerMac, kStackMac);
  wire.mss.reset();
  wire.options.sack_permitted.reset();
  wire.data = std::string(kPiece, 'd');
  data_ = test::encode(wire, kPeerMac, kStackMac);
  wire.data = std::string(2 * kPiece, 'd');
  long_ = test::encode(wire, kPeerMac, kStackMac);
}

std::span<const std::byte> Peer::segment(Kind kind, const Counterpart& to) {
  using test::kAck, test::kFin, test::kPsh, test::kRst, test::kSyn;
  const bool before_syn = to.what == Counterpart::What::kConnection && to.state == State::kSynSent;
  test::Bytes* frame = &bare_;
  Seq sequence = to.rcv_nxt;
  Seq ack = to.snd_nxt;
  std::uint8_t flags = kAck;
  std::uint16_t window = kWindow;
  switch (kind) {
    case Kind::kSyn:
      frame = &syn_;
      flags = kSyn;
      if (to.what == Counterpart::What::kTimeWait) sequence = sequence + kFarBeyond;
      if (to.what == Counterpart::What::kConnection && !before_syn) sequence = sequence + 1;
      if (to.what == Counterpart::What::kHalfOpen) sequence = sequence + 1;
      break;
    case Kind::kSynAgain:
      frame = &syn_;
      flags = kSyn;
      if (!before_syn) sequence = to.irs;
      break;
    case Kind::kSynAck:
      frame = &syn_;
      flags = kSyn | kAck;
      if (to.what == Counterpart::What::kConnection && !before_syn) sequence = to.irs;
      break;
    case Kind::kAck:
      break;
    case Kind::kAckOld:
      ack = to.snd_una;
      break;
    case Kind::kAckUnsent:
      ack = ack + 1;
      break;
    case Kind::kZeroWindow:
      window = 0;
      break;
    case Kind::kData:
      frame = &data_;
      flags = kAck | kPsh;
      break;
    case Kind::kDataLong:
      frame = &long_;
      break;
    case Kind::kDataAhead:
      frame = &data_;
      sequence = sequence + kPiece;
      break;
    case Kind::kDataOld:
      frame = &data_;
      sequence = sequence - kPiece;
      break;
    case Kind::kFin:
      flags = kAck | kFin;
      break;
    case Kind::kFinAgain:
      flags = kAck | kFin;
      sequence = sequence - 1;
      break;
    case Kind::kFinCross:
      flags = kAck | kFin;
      ack = to.snd_una;
      break;
    case Kind::kFinData:
      frame = &data_;
      flags = kAck | kFin;
      break;
    case Kind::kFinAhead:
      frame = &data_;
      flags = kAck | kFin;
      sequence = sequence + kPiece;
      break;
    case Kind::kRst:
      flags = before_syn ? kRst | kAck : kRst;
      break;
    case Kind::kRstInside:
      flags = kRst;
      sequence = sequence + 1;
      break;
    case Kind::kRstOutside:
      flags = kRst;
      sequence = sequence - 1;
      break;
    case Kind::kNoFlags:
      flags = 0;
      break;
  }
  put32(*frame, kSequenceAt, sequence.value());
  put32(*frame, kAckAt, ack.value());
  (*frame)[kFlagsAt] = static_cast<std::byte>(flags);
  (*frame)[kWindowAt] = static_cast<std::byte>(window >> 8);
  (*frame)[kWindowAt + 1] = static_cast<std::byte>(window);
  return *frame;
}

test::Bytes Peer::unreachable(Seq iss) const {
  test::WireSegment ours = from_peer(peer_);
  std::swap(ours.source, ours.destination);
  std::swap(ours.source_port, ours.destination_port);
  ours.seq = iss.value();
  ours.flags = test::kSyn;
  constexpr std::uint8_t kNoSuchPort = 3;
  return test::encode_unreachable(test::encode(ours, kStackMac, kPeerMac), kNoSuchPort,
                                  kPeerAddress);
}

}  // namespace conker::explore
