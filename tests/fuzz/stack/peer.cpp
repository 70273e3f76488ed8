#include "tests/fuzz/stack/peer.hpp"

#include <algorithm>
#include <cstring>

#include "stack/base/checksum.hpp"
#include "stack/tcp/diagram.hpp"
#include "stack/wire/arp.hpp"
#include "stack/wire/bytes.hpp"
#include "stack/wire/ethernet.hpp"
#include "stack/wire/icmp4.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/udp.hpp"

namespace conker::fuzz {
namespace {

constexpr std::size_t kPayloadAt = kEthernetHeader + kIpv4HeaderMin;
constexpr std::array<std::uint32_t, 4> kFirsts{1000, 0xfffffff0, 0x7ffffff0, 0x80000000};
/// Deviations from the right number.
constexpr std::array<std::uint32_t, 32> kDeltas{
    0,          0,          0,          1,          0xffffffff, 2,          0xfffffffe, 10,
    0xfffffff6, 100,        0xffffff9c, 128,        536,        1000,       1072,       1460,
    2000,       0xfffffde8, 0xfffffa4c, 4096,       0xfffff000, 32768,      300,        65535,
    65536,      0xffff0000, 0x7fffffff, 0x80000000, 0x80000001, 0x40000000, 20,         0xffffffec};
constexpr std::array<std::uint16_t, 16> kLengths{0,   0,   1,   2,   10,  64,  100,  127,
                                                 128, 129, 256, 300, 512, 536, 1000, 1400};
constexpr std::uint8_t F = TcpFlags::kFin, S = TcpFlags::kSyn, R = TcpFlags::kRst,
                       P = TcpFlags::kPsh, A = TcpFlags::kAck, U = TcpFlags::kUrg,
                       E = TcpFlags::kEce, C = TcpFlags::kCwr;
/// 0: the flags that fit the state.
constexpr std::array<std::uint8_t, 16> kFlags{0,     A,         A | P,     A | F, A | F | P, S,
                                              S | A, R,         R | A,     F,     A | E,     A | C,
                                              A | U, S | E | C, S | F | A, 0};

MacAddress mac_of(const IpAddress& peer) {
  return {{2, 0, 0, 0, 1, static_cast<std::uint8_t>(peer.v4_bits())}};
}

/// Writes the headers in front of a payload that is at kPayloadAt already; returns the frame's
/// length.
std::size_t wrap(std::span<std::byte> frame, Ipv4Packet ip, std::size_t payload) {
  emit_ethernet({kOurMac, mac_of(ip.source), kEtherTypeIpv4, {}}, frame);
  emit_ipv4(ip, payload, frame.subspan(kEthernetHeader));
  return kPayloadAt + payload;
}

Ipv4Packet packet_from(const IpAddress& from, std::uint8_t protocol, const IpAddress& to = kOurs) {
  Ipv4Packet ip;
  ip.source = from;
  ip.destination = to;
  ip.protocol = protocol;
  return ip;
}

IpAddress peer_by(std::uint8_t byte) {
  return (byte & 1) != 0 ? kOtherPeer : kPeer;
}

/// The damage of a step to a finished frame: the upper four bits of its last byte.
enum Damage : std::uint8_t {
  kNone,
  kOneByte,
  kCut,
  kHeaderByte,
  kTwice,
  kNoTime,
  kToOthers,
  kLonger
};

}  // namespace

Peer::Peer() {
  for (std::size_t i = 0; i < kPassive; ++i) {
    Flow& flow = flows_[i];
    flow.peer = peer_by(static_cast<std::uint8_t>(i >> 2));
    flow.peer_port = static_cast<std::uint16_t>(40000 + (i & 1));
    flow.local_port = (i & 2) != 0 ? kOtherListenPort : kListenPort;
    flow.first = flow.next = kFirsts[i % kFirsts.size()];
  }
}

Flow* Peer::find(const IpAddress& peer, std::uint16_t peer_port, std::uint16_t local_port) {
  for (Flow& flow : flows_) {
    if (flow.local_port == local_port && flow.peer_port == peer_port && flow.peer == peer)
      return &flow;
  }
  return nullptr;
}

Flow& Peer::choose(std::uint8_t byte) {
  Flow& flow = flows_[byte % kFlows];
  return flow.local_port != 0 ? flow : flows_[byte % kPassive];
}

void Peer::opened(ConnectionId id, const ConnectionInfo& info) {
  const FourTuple& tuple = info.tuple;
  Flow* flow = find(tuple.remote, tuple.remote_port.value, tuple.local_port.value);
  if (flow == nullptr) {
    flow = &flows_[kPassive + active_ % (kFlows - kPassive)];
    *flow = Flow{};
    flow->peer = tuple.remote;
    flow->peer_port = tuple.remote_port.value;
    flow->local_port = tuple.local_port.value;
    flow->first = flow->next = kFirsts[active_++ % kFirsts.size()] + 5;
  }
  flow->local = tuple.local;
  flow->id = id;
}

void Peer::learn(const test::WireSegment& s) {
  Flow* flow = find(s.destination, s.destination_port, s.source_port);
  if (flow == nullptr) return;
  flow->last_flags = s.flags;
  if ((s.flags & R) != 0) return;
  const auto end = s.seq + static_cast<std::uint32_t>(s.data.size()) +
                   ((s.flags & S) != 0 ? 1 : 0) + ((s.flags & F) != 0 ? 1 : 0);
  if ((s.flags & S) != 0 || Seq(end) > Seq(flow->seen)) flow->seen = end;
  if ((s.flags & A) != 0) flow->next = s.ack;
  flow->timestamps = s.options.timestamps.has_value();
  if (flow->timestamps) flow->clock = s.options.timestamps->first;
}

void Peer::keep_quote(std::span<const std::byte> frame) {
  Quote& quote = quotes_[quote_++ % quotes_.size()];
  const auto ip = frame.subspan(kEthernetHeader);
  quote.size = std::min(ip.size(), quote.bytes.size());
  std::memcpy(quote.bytes.data(), ip.data(), quote.size);
}

// ---- TCP ----

TcpSegment Peer::plausible(const Flow& flow, const Record& r, const Stack& stack) const {
  TcpSegment segment;
  segment.source.value = flow.peer_port;
  segment.destination.value = flow.local_port;
  std::uint32_t sequence = flow.next, ack = flow.seen;
  ConnectionInfo info;
  if (stack.info(flow.id, info) && in_state(info.state, kSynchronized)) {
    sequence = info.rcv_nxt.value();
    ack = info.snd_nxt.value();
  }
  const std::uint8_t kind = r[2] & 15;
  segment.flags = kind == 15 ? r[6] : kFlags[kind];
  if (kind == 0) {
    const bool fresh = flow.last_flags == 0 || (flow.last_flags & R) != 0;
    segment.flags = fresh ? S : (flow.last_flags & (S | A)) == S ? S | A : A;
  }
  if (segment.has(S) && segment.has(A) && !stack.info(flow.id, info)) sequence = flow.first;
  segment.sequence = Seq(sequence + kDeltas[r[3] % kDeltas.size()]);
  segment.acknowledgment = Seq(segment.has(A) ? ack + kDeltas[r[4] % kDeltas.size()] : 0);
  constexpr std::array<std::uint16_t, 4> kWindows{65535, 0, 1, 100};
  segment.window = r[6] < kWindows.size() ? kWindows[r[6]] : static_cast<std::uint16_t>(r[6] * 64);

  const std::uint8_t how = r[5];
  const bool syn = segment.has(S) && (how & 32) == 0;
  const bool timestamps = (syn || flow.timestamps) != ((how & 1) != 0);
  if (timestamps) {
    segment.timestamps =
        TcpTimestamps{(how & 2) != 0 ? clock_ - 100000 : clock_, flow.clock - (how & 2) * 50u};
  }
  if (syn) {
    segment.mss = (how & 16) != 0 ? std::uint16_t{64} : std::uint16_t{536};
    segment.window_scale = (how & 16) != 0 ? std::uint8_t{14} : std::uint8_t{2};
    segment.sack_permitted = true;
  }
  if ((how & 4) != 0) {
    const std::uint32_t block = 64u * (1 + r[1] / 16);
    const Seq left =
        (how & 64) != 0 ? segment.acknowledgment - block : segment.acknowledgment + block;
    segment.sack[segment.sack_count++] = {left, left + block};
    if ((how & 16) != 0) segment.sack[segment.sack_count++] = {left + 2 * block, left + 3 * block};
  }
  if ((how & 8) != 0) segment.user_timeout = static_cast<std::uint16_t>(r.word16(6));
  if ((how & 128) != 0) {
    segment.urgent = static_cast<std::uint16_t>(r[6] * 8);
    segment.flags |= U;
  }
  return segment;
}

void Peer::segment(const Record& r, const Stack& stack, Batch& batch) {
  if (batch.full()) return;
  Flow& flow = choose(r[1]);
  ++clock_;
  TcpSegment segment = plausible(flow, r, stack);
  const std::size_t length = kLengths[r[7] & 15];
  segment.marked = (r[2] & 16) != 0;
  segment.payload = batch.room().subspan(kPayloadAt, length);  // for its length only
  tell(flow, segment, {}, r[7] >> 4 & 7, batch);
}

void Peer::tell(const Flow& flow, const TcpSegment& segment, Input options, std::uint8_t damage,
                Batch& batch) {
  const auto frame = batch.room();
  const auto tcp = frame.subspan(kPayloadAt);
  std::size_t header = emit_tcp(segment, tcp);
  if (!options.empty()) {
    std::ranges::copy(options, tcp.begin() + static_cast<std::ptrdiff_t>(kTcpHeaderMin));
    header = kTcpHeaderMin + options.size();
    tcp[12] = static_cast<std::byte>(header / 4 << 4);
  }
  const std::size_t length = std::min(segment.payload.size(), std::size_t{1460} - header);
  const std::uint32_t sequence = segment.sequence.value() + (segment.has(TcpFlags::kSyn) ? 1 : 0);
  for (std::uint32_t i = 0; i < length; ++i) tcp[header + i] = byte_of(sequence + i);
  const std::size_t whole = header + length;
  if (damage == kHeaderByte) {
    // The mutation may move the beginning of the data, which is unknown from here on.
    honest_ = false;
    tcp[12 + segment.window % (header - 12)] ^=
        static_cast<std::byte>(1u << segment.sequence.value() % 8);
  }
  Ipv4Packet ip = packet_from(flow.peer, kProtocolTcp, flow.local);
  ip.traffic_class = segment.marked ? 3 : 0;
  if (damage == kNoTime) ip.ttl = 0;
  if (damage == kToOthers) ip.destination = IpAddress::v4(10, 0, 0, 255);
  tcp[16] = tcp[17] = std::byte{0};
  Checksum sum;  // of the mutated header
  sum.add(tcp.first(header));
  finish_tcp_checksum(tcp.first(header), sum, ip.source, ip.destination,
                      std::array{Input(tcp.subspan(header, length))});
  std::size_t size = wrap(frame, ip, whole);
  if (damage == kOneByte)
    frame[kEthernetHeader + segment.window % (size - kEthernetHeader)] ^= std::byte{0x20};
  if (damage == kCut) size -= 1 + segment.window % 40;
  if (damage == kLonger) std::memset(frame.data() + size, 0xee, 6), size += 6;
  batch.add(size);
  if (damage != kTwice || batch.full()) return;
  std::memcpy(batch.room().data(), frame.data(), size);
  batch.add(size);
}

// ---- Other protocols ----

void Peer::icmp(const Record& r, Batch& batch) {
  if (batch.full()) return;
  const auto frame = batch.room();
  constexpr std::array<std::uint8_t, 8> kTypes{3, 3, 11, 12, 5, 8, 0, 13};
  Icmp4Message message;
  message.type = kTypes[r[1] & 7];
  message.code = r[2] & 15;
  message.upper = static_cast<std::uint16_t>(r[1] & 64 ? r[7] * 257 : 0);
  message.lower = static_cast<std::uint16_t>(r.word16(4));
  const auto payload = frame.subspan(kPayloadAt + kIcmp4Header);
  std::size_t size = 0;
  if (is_icmp4_query(message.type)) {
    size = r[3] * 5u;
    std::memset(payload.data(), 0x5a, size);
  } else {
    const Quote& quote = quotes_[r[3] % quotes_.size()];
    size = quote.size;
    if ((r[1] & 16) != 0) size = std::min<std::size_t>(size, r[7]);
    std::memcpy(payload.data(), quote.bytes.data(), size);
    if ((r[1] & 32) != 0 && size > 0) payload[r[6] % size] ^= std::byte{4};
  }
  message.payload = payload.first(size);
  emit_icmp4(message, frame.subspan(kPayloadAt));
  batch.add(wrap(frame, packet_from(peer_by(r[1] >> 7), kProtocolIcmp), kIcmp4Header + size));
}

void Peer::fragment(const Record& r, Batch& batch) {
  if (batch.full()) return;
  const auto frame = batch.room();
  Ipv4Packet ip = packet_from(kPeer, (r[1] & 4) != 0 ? kProtocolTcp : kProtocolUdp);
  ip.dont_fragment = false;
  ip.identification = r[1] & 3;
  ip.more_fragments = (r[2] & 1) != 0;
  ip.fragment_offset =
      static_cast<std::uint16_t>((r[2] & 2) != 0 ? r.word16(6) & 0x1fff : r[3] & 31);
  const std::size_t length = (r[2] & 4) != 0 ? r[4] * 5u : r[4] % 32 * 8u;
  const auto payload = frame.subspan(kPayloadAt, length);
  for (std::uint32_t i = 0; i < length; ++i) payload[i] = byte_of(ip.fragment_offset * 8u + i);
  if (ip.fragment_offset == 0 && length >= kUdpHeader) {
    put16(payload, 0, 5000);
    put16(payload, 2, 53);
    put16(payload, 4, static_cast<std::uint16_t>(r[5] * 8));
    put16(payload, 6, 0);  // no checksum
  }
  batch.add(wrap(frame, ip, length));
}

void Peer::datagram(const Record& r, Batch& batch) {
  if (batch.full()) return;
  const auto frame = batch.room();
  Ipv4Packet ip = packet_from(peer_by(r[1]), kProtocolUdp);
  if ((r[1] & 2) != 0) ip.destination = IpAddress::v4(10, 0, 0, 255);
  if ((r[1] & 4) != 0) ip.destination = IpAddress::v4(255, 255, 255, 255);
  UdpDatagram datagram;
  datagram.source.value = static_cast<std::uint16_t>(5000 + (r[2] & 3));
  datagram.destination.value = static_cast<std::uint16_t>(53 + (r[3] & 3));
  const std::size_t length = r[4] * 4u;
  const auto payload = frame.subspan(kPayloadAt + kUdpHeader, length);
  std::memset(payload.data(), r[5], length);
  datagram.payload = payload;
  emit_udp(datagram, ip.source, ip.destination, frame.subspan(kPayloadAt));
  if ((r[1] & 8) != 0) put16(frame, kPayloadAt + 4, static_cast<std::uint16_t>(r.word16(6)));
  batch.add(wrap(frame, ip, kUdpHeader + length));
}

void Peer::arp(const Record& r, Batch& batch) {
  if (batch.full()) return;
  const auto frame = batch.room();
  constexpr std::array<IpAddress, 8> kWho{kPeer,
                                          kOtherPeer,
                                          kOurs,
                                          kSecond,
                                          IpAddress::v4(0),
                                          IpAddress::v4(10, 0, 0, 5),
                                          IpAddress::v4(10, 0, 0, 6),
                                          IpAddress::v4(192, 168, 0, 1)};
  ArpPacket packet;
  packet.operation =
      (r[1] & 1) != 0 ? ArpPacket::Operation::kReply : ArpPacket::Operation::kRequest;
  packet.sender = kWho[r[2] & 7];
  packet.target = kWho[(r[3] + 2u) & 7];
  packet.sender_mac = (r[1] & 2) != 0 ? kOurMac : mac_of(packet.sender);
  packet.sender_mac.bytes[3] = r[4] & 3;
  packet.target_mac = kOurMac;
  const MacAddress to = (r[1] & 4) != 0 ? MacAddress::broadcast() : kOurMac;
  emit_ethernet({to, packet.sender_mac, kEtherTypeArp, {}}, frame);
  emit_arp(packet, frame.subspan(kEthernetHeader));
  if ((r[1] & 8) != 0) frame[kEthernetHeader + r[5] % kArpLength] ^= std::byte{1};
  batch.add(kEthernetHeader + ((r[1] & 16) != 0 ? r[6] % kArpLength : kArpLength));
}

void Peer::raw(const Record& r, Input bytes, const Stack& stack, Batch& batch) {
  if (batch.full() || bytes.empty()) return;
  const auto frame = batch.room();
  switch (r[1] & 3) {
    case 0:  // a frame for this host, of some protocol
      emit_ethernet({kOurMac, mac_of(kPeer), (r[2] & 1) != 0 ? kEtherTypeArp : kEtherTypeIpv4, {}},
                    frame);
      std::ranges::copy(bytes, frame.begin() + kEthernetHeader);
      batch.add(kEthernetHeader + bytes.size());
      break;
    case 1:  // a packet for this host, of some protocol
      std::ranges::copy(bytes, frame.begin() + kPayloadAt);
      batch.add(wrap(frame, packet_from(kPeer, r[2]), bytes.size()));
      break;
    case 2: {  // options of a segment
      const Flow& flow = choose(r[2]);
      TcpSegment segment = plausible(flow, Record{{0, 0, r[3], 0, 0, 32, 0, 0}}, stack);
      tell(flow, segment, bytes.first(std::min<std::size_t>(bytes.size(), 40) / 4 * 4), kNone,
           batch);
      break;
    }
    default: {  // options of a packet
      const std::size_t options = std::min<std::size_t>(bytes.size(), 40) / 4 * 4,
                        header = kIpv4HeaderMin + options;
      const auto ip = frame.subspan(kEthernetHeader);
      std::ranges::copy(bytes.first(options), ip.begin() + kIpv4HeaderMin);
      std::memset(ip.data() + header, 0, 8);
      (void)wrap(frame, packet_from(kPeer, r[2]), options + 8);
      ip[0] = static_cast<std::byte>(0x40 | header / 4);
      put16(ip, 10, 0);
      Checksum sum;
      sum.add(ip.first(header));
      put16(ip, 10, sum.finish());
      batch.add(kEthernetHeader + header + 8);
    }
  }
}

void Peer::answer_arp(std::span<const std::byte> frame, Batch& batch) {
  const auto question = parse_arp(frame.subspan(kEthernetHeader));
  if (batch.full() || !question || question->operation != ArpPacket::Operation::kRequest) return;
  if (question->target != kPeer && question->target != kOtherPeer) return;
  const auto out = batch.room();
  const MacAddress mac = mac_of(question->target);
  emit_ethernet({kOurMac, mac, kEtherTypeArp, {}}, out);
  emit_arp(
      {ArpPacket::Operation::kReply, mac, question->target, question->sender_mac, question->sender},
      out.subspan(kEthernetHeader));
  batch.add(kEthernetHeader + kArpLength);
}

}  // namespace conker::fuzz
