#include "tests/fuzz/stack/world.hpp"

#include <algorithm>
#include <stdexcept>

#include "tests/fuzz/stack/sent_frames.hpp"
#include "tests/fuzz/storage.hpp"
#include "tests/support/segment.hpp"

namespace conker::fuzz {
namespace {

constexpr int kMostStill = 64;  // turns without progress of time

constexpr Capacities kCapacities{.connections = 6,
                                 .half_open = 3,
                                 .time_wait = 3,
                                 .listeners = 3,
                                 .neighbours = 3,
                                 .addresses = 4,
                                 .interfaces = 1,
                                 .chunks = 40,
                                 .chunk_bytes = 256,
                                 .transitions = 8,
                                 .routes = 2,
                                 .udp_sockets = 3};

std::span<std::byte> whole() {
  static std::array<std::byte, 4096> bytes;
  return bytes;
}

Entropy entropy(const Head& head) {
  Entropy entropy;
  std::uint64_t word = head.bytes[3] + 1u;
  for (auto& w : entropy.words) w = word = word * 6364136223846793005u + 1442695040888963407u;
  return entropy;
}

/// The initial time: early, or shortly before ticks or their sign wrap.
Instant begin(const Head& head) {
  constexpr std::int64_t kTick = 1 << Tick::kShift;
  switch (head.bytes[2] >> 6) {
    case 1:
      return Instant(Duration((std::int64_t{1} << 32) * kTick - 5'000'000));
    case 2:
      return Instant(Duration((std::int64_t{1} << 31) * kTick - 5'000'000));
    case 3:
      return Instant(Duration(1'000'001));
    default:
      return Instant(1s);
  }
}

}  // namespace

Settings World::settings(const Head& head) {
  Settings s;
  s.time_wait = 5s;
  s.connect_timeout = 8s;
  s.fin_wait_2 = 6s;
  s.retransmits = 4;
  s.syn_ack_retransmits = 2;
  s.reassembly_timeout = 10s;
  s.first_port = Port{5000};
  s.last_port = Port{5007};
  s.send_buffer = 4096;
  s.receive_buffer = head.bit(14) ? 1u << 20 : 4096;
  s.timestamps = !head.bit(0);
  s.sack = !head.bit(1);
  s.window_scaling = !head.bit(2);
  if (!head.bit(4)) s.congestion = CongestionAlgorithm::kCubic;
  if (head.bit(6)) s.delayed_ack = 0ms;
  s.ecn = head.bit(8) ? Ecn::kAlways : head.bit(9) ? Ecn::kOff : Ecn::kOnRequest;
  s.user_timeout_option = head.bit(10);
  s.user_timeout_least = 1s;
  s.user_timeout_most = 60s;
  if (head.bit(11)) s.keepalive = {3s, 1s, 3};
  if (head.bit(12)) s.user_timeout = 4s;
  s.udp_receive_buffer = 2048;
  s.least_path_mtu = head.bit(16) ? 68 : 552;
  return s;
}

Parts World::parts(const Head& head) {
  Parts parts;
  if (!head.bit(3)) parts.recovery = &recovery_;
  if (!head.bit(4)) parts.cubic = &cubic_;
  if (!head.bit(5)) parts.cookies = &cookies_;
  if (!head.bit(7)) parts.reassembler = &reassembly_;
  return parts;
}

World::World(const Head& head)
    : mtu_(head.bit(13) ? 1500 : 576),
      link_(*this),
      cookies_(SipKey{1, 2}),
      reassembly_(fragments_, whole(), 24),
      stack_(storage<0>(Stack::storage_bytes(kCapacities)), kCapacities, settings(head),
             entropy(head), parts(head)),
      ipv4_(stack_.parts(), entropy(head)),
      udp_(storage<1>(Udp::storage_bytes(kCapacities)), stack_, entropy(head)),
      application_(stack_, peer_),
      now_(begin(head)),
      ends_by_close_(head.bit(18)) {
  stack_.begin(now_);
  check(bool(stack_.add_interface(link_, kOurMac, mtu_)), "an interface is refused");
  check(stack_.add_address({0}, {kOurs, 24}) == Error::kOk, "an address is refused");
  answers_arp_ = !head.bit(17);
  if (!head.bit(15)) {
    peer_.arp(Record{{0, 0, 0, 0, 0, 0, 0, 0}}, batch());
    peer_.arp(Record{{0, 0, 1, 0, 0, 0, 0, 0}}, batch());
  }
  application_.listen(Record{{0, 0, 2, 1, 0, 0, 0, 0}});
  turn(true);
}

// ---- What the stack sends ----

void World::sent(std::span<const std::byte> frame) {
  check_sent(frame, kOurMac, mtu_);
  if (frame[13] == std::byte{6}) {
    if (answers_arp_) peer_.answer_arp(frame, batch());
    return;
  }
  peer_.keep_quote(frame);
  if ((frame[20] & std::byte{0x3f}) != std::byte{0} || frame[21] != std::byte{0})
    return;  // a fragment
  try {
    const auto segment = test::decode(frame);
    if (!segment) return;
    const Flow* flow =
        peer_.find(segment->destination, segment->destination_port, segment->source_port);
    if (flow != nullptr && !late_ && !was_busy_) application_.check_sent_segment(*flow, *segment);
    peer_.learn(*segment);
  } catch (const std::runtime_error& error) {
    found(error.what());
  }
}

// ---- Turns and time ----

void World::drain() {
  int most = 1000;
  for (Event event; stack_.next_event(event); --most) {
    check(most > 0, "events without end");
    application_.on_event(event);
  }
  std::array<std::byte, 600> bytes;
  for (UdpEvent event; udp_.next_event(event);) {
    check(std::ranges::find(sockets_, event.socket) != sockets_.end(),
          "an event of a socket that is closed");
    if (event.token == Token()) {
      while (const auto datagram = udp_.receive(event.socket, bytes)) {
        check(datagram->source.port.value != 0 || datagram->length <= 65507,
              "a datagram that cannot be");
      }
    }
  }
  for (EchoReply reply; stack_.next_echo_reply(reply);)
    check(reply.ttl != 0, "an answer with no time to live");
  for (AddressEvent event; stack_.next_address_event(event);)
    check(event.address == kOurs || event.address == kSecond,
          "an event of an address that is not ours");
}

void World::turn(bool drained) {
  // Answers to frames that are sent in this turn arrive with the next.
  Batch& arriving = batch();
  filling_ ^= 1;
  batch().clear();
  stack_.begin(now_);
  // An ARP reply releases queued segments, which were written when the connection's numbers were
  // others.
  const auto is_arp = [](const FrameIn& frame) {
    return frame.bytes.size() > 13 && frame.bytes[13] == std::byte{6};
  };
  late_ = std::ranges::any_of(arriving.frames(), is_arp);
  stack_.input({0}, arriving.frames());
  late_ = false;
  stack_.timers();
  if (drained) drain();
  stack_.output();
  stack_.reap();
  audit();
}

void World::audit() {
  const Audit audit = stack_.audit();
  check(audit.balanced(), audit.fault == nullptr ? "" : audit.fault);
  application_.check_ended();
}

void World::advance(Duration duration, int turns) {
  const Instant end = now_ + duration;
  for (int still = 0; now_ < end && turns > 0; --turns) {
    const Instant next = std::clamp(stack_.next_deadline(), now_, end);
    still = next == now_ ? still + 1 : 0;
    check(still < kMostStill, "time stands still: the next deadline is always now");
    now_ = next;
    turn(true);
  }
  if (now_ >= end) return;
  now_ = end;  // the embedder may be late
  turn(true);
}

// ---- Steps ----

void World::step_datagrams(const Record& r) {
  UdpId& socket = sockets_[r[2] % sockets_.size()];
  static std::array<std::byte, 3000> bytes;
  const Endpoint to{(r[4] & 2) != 0   ? IpAddress::v4(255, 255, 255, 255)
                    : (r[4] & 1) != 0 ? kOtherPeer
                                      : kPeer,
                    Port{static_cast<std::uint16_t>(5000 + (r[4] >> 4 & 3))}};
  switch (r[1] & 7) {
    case 0: {
      if (socket.generation != 0) break;
      UdpBind request;
      request.local.port.value = static_cast<std::uint16_t>((r[3] & 8) != 0 ? 0 : 53 + (r[3] & 3));
      if ((r[3] & 16) != 0) request.local.address = kOurs;
      if ((r[3] & 32) != 0) request.interface = InterfaceId{0};
      request.broadcast = (r[3] & 64) != 0;
      request.token = Token(r[3] >> 7);  // 1: data is not read until a step receives it
      if (const auto id = udp_.bind(request)) socket = *id;
      break;
    }
    case 1:
      (void)udp_.connect(socket, to);
      break;
    case 2:
      (void)udp_.send(socket, std::span(bytes).first(r.word16(5) % bytes.size()));
      break;
    case 3:
      (void)udp_.send_to(socket, to, std::span(bytes).first(r.word16(5) % bytes.size()));
      break;
    case 4:
      (void)udp_.receive(socket, std::span(bytes).first(r[5]));
      break;
    default:
      if (udp_.close(socket) == Error::kOk) socket = {};
  }
}

void World::step_network(const Record& r) {
  switch (r[1] & 7) {
    case 0:
      (void)stack_.add_address({0}, {kSecond, 24}, {(r[2] & 1) != 0, (r[2] & 2) != 0});
      break;
    case 1:
      (void)stack_.remove_address((r[2] & 1) != 0 ? kOurs : kSecond);
      break;
    case 2:
      (void)stack_.add_address({0}, {kOurs, 24}, {false, (r[2] & 2) != 0});
      break;
    case 3:
      (void)stack_.set_gateway((r[2] & 1) != 0 ? kOtherPeer : kPeer);
      break;
    case 4:
      (void)stack_.add_route({IpAddress::v4(r[2], 0, 0, 0), 8}, kPeer);
      break;
    case 5:
      (void)stack_.remove_route({IpAddress::v4(r[2], 0, 0, 0), 8});
      break;
    case 6: {
      static const std::array<std::byte, 2000> bytes{};
      (void)stack_.ping((r[2] & 1) != 0 ? kOtherPeer : kPeer, r[3], r[4],
                        std::span(bytes).first(r.word16(5) % 2000));
      break;
    }
    default:
      answers_arp_ = (r[2] & 1) != 0;
  }
}

void World::step(const Record& r, Records& more) {
  const bool hold =
      (r[0] & 0x80) != 0;  // the turn comes later: frames arrive as one batch meanwhile
  bool drained = true;
  switch (r[0] & 31) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
      peer_.segment(r, stack_, batch());
      break;
    case 8:
      peer_.icmp(r, batch());
      break;
    case 9:
      peer_.fragment(r, batch());
      break;
    case 10:
      peer_.datagram(r, batch());
      break;
    case 11:
      peer_.arp(r, batch());
      break;
    case 12:
      peer_.raw(r, more.take(1 + r[4] % 12), stack_, batch());
      break;
    case 13:
    case 14:
      application_.connect(r);
      break;
    case 15:
      application_.listen(r);
      break;
    case 16:
      application_.unlisten(r);
      break;
    case 17:
      application_.accept(r);
      break;
    case 18:
    case 19:
      application_.send(r);
      break;
    case 20:
      application_.receive(r);
      break;
    case 21:
    case 22:
      application_.close(r);
      break;
    case 23:
      application_.tune(r);
      break;
    case 24:
      application_.set_reactions(r);
      break;
    case 25:
      advance(Duration(std::int64_t{r[1]} * 4000 + r[2]), 16);
      return;
    case 26:  // up to the next deadlines
      for (int n = 1 + (r[1] & 7); n > 0; --n) {
        now_ = std::clamp(stack_.next_deadline(), now_, now_ + 100s);
        turn((r[2] & 1) == 0);
      }
      return;
    case 27:
      advance(Duration(std::int64_t{r[1]} * 250'000), 32);
      return;
    case 28:
      link_.room = (r[1] & 1) != 0 ? r[2] & 7 : FuzzLink::kNoLimit;
      was_busy_ = true;
      break;
    case 29:
      step_datagrams(r);
      break;
    case 30:
      step_network(r);
      break;
    default:
      drained = false;
  }
  if (!hold) turn(drained);
}

void World::quiesce() {
  link_.room = FuzzLink::kNoLimit;
  application_.quiesce(!ends_by_close_);
  for (const UdpId socket : sockets_) (void)udp_.close(socket);
  sockets_ = {};
  turn(true);
  // All retransmissions together take a quarter of an hour; keepalive may probe ten times a second
  // meanwhile.
  const Instant latest = now_ + 1h;
  for (int still = 0;
       stack_.next_deadline() != kNever || batch().frames().size() != 0 || stack_.wants_turn();) {
    check(now_ < latest, "when everything is over there is always another deadline");
    const Instant next =
        stack_.next_deadline() == kNever ? now_ : std::max(stack_.next_deadline(), now_);
    still = next == now_ ? still + 1 : 0;
    check(still < kMostStill, "time stands still: the next deadline is always now");
    now_ = next;
    turn(true);
  }
  const Audit audit = stack_.audit();
  check(audit.live == 0, "connections are left over when all are aborted or closed");
  check(audit.half_open == 0, "half-open records are left over when no one listens");
  check(audit.time_wait == 0, "TIME-WAIT records are left over when their time is over");
  check(audit.listeners == 0, "listeners are left over");
  check(audit.chunks_held == 0, "chunks are left over");
  check(stack_.counters()[Count::reaped] == audit.opened,
        "not every connection that was opened was reaped");
  application_.check_told(stack_.counters()[Count::events_lost]);
}

}  // namespace conker::fuzz
