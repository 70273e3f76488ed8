#include "tests/bench/memory/acks.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <initializer_list>
#include <stdexcept>
#include <vector>

#include "daemon/mapping.hpp"
#include "stack/ip4/ipv4.hpp"
#include "stack/stack.hpp"
#include "stack/tcp/sack_recovery.hpp"
#include "stack/wire/arp.hpp"
#include "stack/wire/ethernet.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/tcp.hpp"

namespace conker::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr MacAddress kOurMac{{0x02, 0, 0, 0, 0, 1}}, kPeersMac{{0x02, 0, 0, 0, 0, 2}};
constexpr IpAddress kOurs = IpAddress::v4(10, 0, 0, 1), kPeers = IpAddress::v4(10, 0, 0, 2);
constexpr Port kService{80};
constexpr std::size_t kHeaders = kEthernetHeader + kIpv4HeaderMin;

/// The attacker's side of the link: it keeps of each segment only what its next ACK needs.
class Attacker final : public Link {
 public:
  std::size_t receive(std::span<FrameIn>, Instant) override { return 0; }

  bool send(const FrameOut& frame, Instant) override {
    std::array<std::byte, kHeaders + kTcpHeaderMax> bytes;
    std::size_t size = 0;
    for (const auto part : frame.parts) {
      const std::size_t n = std::min(part.size(), bytes.size() - size);
      std::memcpy(bytes.data() + size, part.data(), n);
      size += n;
    }
    const auto whole = std::span<const std::byte>(bytes).first(size);
    if (std::to_integer<unsigned>(bytes[13]) == (kEtherTypeArp & 0xff)) {
      asked = parse_arp(whole.subspan(kEthernetHeader)).has_value();
      return true;
    }
    const auto offset = std::to_integer<std::size_t>(bytes[kHeaders + 12]) / 16 * 4;
    const auto segment = parse_tcp(whole.subspan(kHeaders, offset));
    if (!segment) throw std::runtime_error("a segment that is none");
    const auto length = static_cast<std::uint32_t>(frame.size() - kHeaders - offset) +
                        (segment->has(TcpFlags::kSyn) ? 1 : 0);
    if (segment->has(TcpFlags::kSyn)) una = nxt = segment->sequence;
    if (length > 1) step = std::max(step, length);
    nxt = max(nxt, segment->sequence + length);
    if (segment->timestamps) echo = segment->timestamps->value;
    acknowledged = segment->acknowledgment;
    return true;
  }

  bool asked = false;  // a reply to its ARP request is pending
  Seq una, nxt;        // of the stack's data: acknowledged, and sent
  Seq acknowledged;
  std::uint32_t step = 0;  // bytes in a full segment
  std::uint32_t echo = 0;
};

class Scene {
 public:
  explicit Scene(const AckOptions& options)
      : options_(options),
        window_(options.segments * (options.mss - 12u)),
        capacities_(capacities(window_)),
        storage_(Stack::storage_bytes(capacities_)),
        stack_(storage_.bytes(), capacities_, settings(window_), Entropy{{1, 2, 3, 4}},
               Parts{.recovery = &recovery_}) {
    while (window_ >> scale_ > 65535) ++scale_;
    window_ = window_ >> scale_ << scale_;
    const auto interface = stack_.add_interface(link_, kOurMac, 1500);
    if (!interface || stack_.add_address(*interface, {kOurs, 24}) != Error::kOk)
      fail("no interface");
    stack_.begin(now_);
    if (!stack_.listen({.local = {{}, kService}})) fail("no listener");
  }

  /// Attacks a connection with `segments` in flight, pattern by pattern, until nothing changes any
  /// more.
  void attack() {
    open();
    fill();
    const std::uint32_t out = static_cast<std::uint32_t>(link_.nxt - link_.una) / link_.step;
    segments_ = out;
    // One-segment blocks, alternately from both ends and out of the middle.
    std::uint32_t acks = 0;
    Clock::duration took{};
    for (std::uint32_t low = 1, high = out - 2; low + 2 < high; low += 2, high -= 2, ++acks) {
      took += ack({block(low, low + 1), block(high, high + 1), block(out / 2, out / 2 + 1)});
    }
    count(0, acks, took);
    // Everything beyond the first segment, again and again.
    took = {};
    for (std::uint32_t i = 0; i < acks; ++i) {
      took += ack({block(1, out), block(out / 2, out / 2 + 1),
                   block(1 + i % (out - 1), 2 + i % (out - 1))});
    }
    count(1, acks, took);
    if (stack_.abort(id_) != Error::kOk) fail("no abort");
    turn({});
    if (!stack_.audit().balanced()) fail(stack_.audit().fault);
  }

  AckReport report() const {
    AckReport report{.segments = segments_};
    double all = 0;
    for (const Pattern& pattern : patterns_) {
      report.acks += pattern.acks;
      all += pattern.nanoseconds;
      report.worst =
          std::max(report.worst, pattern.nanoseconds / static_cast<double>(pattern.acks));
    }
    report.nanoseconds = all / static_cast<double>(report.acks);
    return report;
  }

 private:
  struct Pattern {
    std::uint64_t acks = 0;
    double nanoseconds = 0;
  };

  [[noreturn]] static void fail(const char* what) { throw std::runtime_error(what); }

  static Capacities capacities(std::uint32_t window) {
    Capacities c;
    c.connections = c.compact = c.half_open = c.time_wait = 16;
    c.chunks = window / c.chunk_bytes * 4 + 4096;
    c.transitions = 64;
    return c;
  }
  static Settings settings(std::uint32_t window) {
    Settings s;
    s.send_buffer = window + (1u << 20);
    return s;
  }

  SackBlock block(std::uint32_t left, std::uint32_t right) const {
    return {link_.una + left * link_.step, link_.una + right * link_.step};
  }

  void count(std::size_t pattern, std::uint32_t acks, Clock::duration took) {
    patterns_[pattern].acks += acks;
    patterns_[pattern].nanoseconds += std::chrono::duration<double, std::nano>(took).count();
  }

  TcpSegment segment(std::uint8_t flags) {
    TcpSegment s{
        .source = Port{static_cast<std::uint16_t>(port_)}, .destination = kService, .flags = flags};
    s.sequence = link_.acknowledged;
    s.acknowledgment = link_.una;
    s.window = static_cast<std::uint16_t>(window_ >> scale_);
    s.timestamps = TcpTimestamps{static_cast<std::uint32_t>(now_.time_since_epoch().count() / 1000),
                                 link_.echo};
    return s;
  }

  std::span<const std::byte> frame(const TcpSegment& segment) {
    const auto header = std::span(frame_).subspan(kHeaders);
    Checksum sum;
    const std::size_t length = emit_tcp(segment, header, sum);
    finish_tcp_checksum(header.first(length), sum, kPeers, kOurs, {});
    Ipv4Packet packet;
    packet.source = kPeers;
    packet.destination = kOurs;
    packet.protocol = kProtocolTcp;
    emit_ipv4(packet, length, std::span(frame_).subspan(kEthernetHeader));
    emit_ethernet({kOurMac, kPeersMac, kEtherTypeIpv4, {}}, frame_);
    return std::span(frame_).first(kHeaders + length);
  }

  std::span<const std::byte> arp_reply() {
    emit_ethernet({kOurMac, kPeersMac, kEtherTypeArp, {}}, frame_);
    emit_arp({ArpPacket::Operation::kReply, kPeersMac, kPeers, kOurMac, kOurs},
             std::span(frame_).subspan(kEthernetHeader));
    return std::span(frame_).first(kEthernetHeader + kArpLength);
  }

  void turn(std::span<const std::byte> arrived) {
    now_ += 2us;
    stack_.begin(now_);
    const std::array<FrameIn, 1> batch{FrameIn{arrived, ChecksumState::kUnknown}};
    if (!arrived.empty()) stack_.input({}, batch);
    stack_.timers();
    for (Event event; stack_.next_event(event);) {
      if (!event.has(Event::kAcceptable)) continue;
      const auto accepted = stack_.accept(event.listener);
      if (accepted) id_ = *accepted;
    }
    stack_.output();
    stack_.reap();
  }

  Clock::duration ack(std::initializer_list<SackBlock> blocks) {
    TcpSegment s = segment(TcpFlags::kAck);
    for (const SackBlock& each : blocks) s.sack[s.sack_count++] = each;
    const auto arrived = frame(s);
    const auto begin = Clock::now();
    turn(arrived);
    return Clock::now() - begin;
  }

  void open() {
    port_ = port_ % 60000 + 1;
    id_ = {};
    link_.step = 0;
    link_.acknowledged = Seq(1000);
    TcpSegment syn = segment(TcpFlags::kSyn);
    syn.acknowledgment = {};
    syn.window = 65535;
    syn.mss = options_.mss;
    syn.window_scale = scale_;
    syn.sack_permitted = true;
    turn(frame(syn));
    if (link_.asked) turn(arp_reply());
    link_.asked = false;
    now_ += 10ms;
    link_.una = link_.nxt;
    turn(frame(segment(TcpFlags::kAck)));
    ConnectionInfo info;
    if (!stack_.info(id_, info)) fail("no connection");
  }

  // Slow start, acknowledging no more than it needs: an application does not write far ahead of
  // what is in flight.
  void fill() {
    static const std::vector<std::byte> kBytes(1 << 18);
    for (int turns = 0; turns < 1'000'000; ++turns) {
      const Seq before = link_.nxt;
      (void)stack_.send(id_, kBytes);
      turn({});
      const auto out = static_cast<std::uint32_t>(link_.nxt - link_.una);
      if (out + link_.step > window_) return;
      if (link_.nxt != before || link_.step == 0) continue;
      now_ += 5ms;
      for (std::uint32_t acked = 0; acked < out / 2; acked += 2 * link_.step) {
        link_.una += 2 * link_.step;
        turn(frame(segment(TcpFlags::kAck)));
      }
    }
    fail("the window was never full");
  }

  AckOptions options_;
  std::uint32_t window_;
  std::uint8_t scale_ = 0;
  Capacities capacities_;
  daemon::Mapping storage_;
  Attacker link_;
  SackRecovery recovery_;
  Stack stack_;
  Ipv4 ipv4_{stack_.parts(), Entropy{{1, 2, 3, 4}}};
  Instant now_{1s};
  unsigned port_ = 1000;
  ConnectionId id_{};
  std::array<std::byte, kHeaders + kTcpHeaderMax> frame_{};
  std::array<Pattern, 2> patterns_{};
  std::uint32_t segments_ = 0;
};

}  // namespace

AckReport measure_acks(const AckOptions& options) {
  Scene scene(options);
  const auto end = Clock::now() + std::chrono::duration<double>(options.seconds);
  do {
    scene.attack();
  } while (Clock::now() < end);
  return scene.report();
}

}  // namespace conker::bench
