// Measures the wire and the loop around it: the same frames as conker's, in number and size,
// between two ends that answer each by a template and keep no state.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>

#include "stack/wire/ethernet.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/tcp.hpp"
#include "tests/bench/memory/shards.hpp"
#include "tests/bench/memory/wire.hpp"

namespace conker::bench {
namespace {

constexpr std::size_t kTcpAt = kEthernetHeader + kIpv4HeaderMin;
constexpr std::size_t kPortsAt = kTcpAt, kNumbersAt = kTcpAt + 4, kFlagsAt = kTcpAt + 13;

/// A frame that is copied, except for its ports and sequence numbers.
class Template {
 public:
  explicit Template(std::uint8_t flags) {
    TcpSegment segment{.flags = flags};
    segment.timestamps = TcpTimestamps{1, 1};
    if ((flags & TcpFlags::kSyn) != 0) {
      segment.mss = std::uint16_t{1460};
      segment.window_scale = std::uint8_t{6};
      segment.sack_permitted = true;
    }
    Ipv4Packet ip;
    ip.source = IpAddress::v4(10, 0, 0, 1);
    ip.destination = IpAddress::v4(10, 0, 0, 2);
    ip.protocol = kProtocolTcp;
    const std::span<std::byte> out(bytes_);
    const std::size_t tcp = emit_tcp(segment, out.subspan(kTcpAt));
    emit_ipv4(ip, tcp, out.subspan(kEthernetHeader));
    emit_ethernet(
        {MacAddress{{2, 0, 0, 0, 0, 1}}, MacAddress{{2, 0, 0, 0, 0, 2}}, kEtherTypeIpv4, {}}, out);
    whole_ = out.first(kTcpAt + tcp);
    frame_.parts = std::span(&whole_, 1);
  }
  Template(const Template&) = delete;
  Template& operator=(const Template&) = delete;

  /// The answer to a segment, with its ports and numbers exchanged.
  const FrameOut& answer(const std::byte* to) {
    turn_round<2>(to + kPortsAt, kPortsAt);
    turn_round<4>(to + kNumbersAt, kNumbersAt);
    return frame_;
  }
  const FrameOut& from_port(std::uint16_t port) {
    std::memcpy(bytes_.data() + kPortsAt, &port, sizeof port);
    return frame_;
  }

 private:
  template <std::size_t kWidth>
  void turn_round(const std::byte* from, std::size_t at) {
    std::memcpy(bytes_.data() + at, from + kWidth, kWidth);
    std::memcpy(bytes_.data() + at + kWidth, from, kWidth);
  }

  std::array<std::byte, 128> bytes_{};
  std::span<const std::byte> whole_;
  FrameOut frame_;
};

class NullPair {
 public:
  explicit NullPair(const StrikeOptions& options)
      : options_(options),
        reset_(options.close == Close::kReset),
        left_(options.flight * 4 + kBatch),
        right_(options.flight * 4 + kBatch) {
    left_.join(right_);
    right_.join(left_);
  }

  void warm_up() {
    for (std::uint32_t i = 0; i < options_.flight; ++i) open();
    strike(clock_now() + 1s);
  }

  void strike(Instant end) {
    Instant now{};
    do {
      now = clock_now();
      turn(left_, now, [this](const std::byte* frame) { left_hears(frame); });
      turn(right_, now, [this](const std::byte* frame) { right_hears(frame); });
    } while (now < end);
  }

  Tally tally() const { return {completed_, 0, 0, 0}; }
  void check() const {
    if (lost_ != 0) throw std::runtime_error("the null peers lost frames: the wire is too short");
  }

 private:
  static constexpr std::uint8_t kSyn = TcpFlags::kSyn, kAck = TcpFlags::kAck, kFin = TcpFlags::kFin,
                                kRst = TcpFlags::kRst;

  template <typename Hear>
  void turn(WireEnd& end, Instant now, Hear&& hear) {
    while (const std::size_t n = end.receive(batch_, now)) {
      for (const FrameIn& frame : std::span(batch_).first(n)) hear(frame.bytes.data());
    }
  }

  void left_hears(const std::byte* frame) {
    const bool syn = (std::to_integer<std::uint8_t>(frame[kFlagsAt]) & kSyn) != 0;
    if (syn && !reset_) return send(left_, left_fin_.answer(frame));
    send(left_, last_ack_.answer(frame));
    if (reset_) send(left_, left_reset_.answer(frame));
    ++completed_;
    open();
  }

  void right_hears(const std::byte* frame) {
    const auto flags = std::to_integer<std::uint8_t>(frame[kFlagsAt]);
    if ((flags & kSyn) != 0) return send(right_, syn_ack_.answer(frame));
    if ((flags & kFin) != 0) send(right_, right_fin_.answer(frame));
  }

  void open() { send(left_, syn_.from_port(++port_)); }

  void send(WireEnd& from, const FrameOut& frame) {
    if (!from.send(frame, Instant())) ++lost_;
  }

  StrikeOptions options_;
  bool reset_;
  WireEnd left_, right_;
  std::array<FrameIn, kBatch> batch_;
  Template syn_{kSyn}, syn_ack_{kSyn | kAck};
  Template left_fin_{kFin | kAck}, right_fin_{kFin | kAck}, left_reset_{kRst | kAck},
      last_ack_{kAck};
  std::uint16_t port_ = 0;
  std::uint64_t completed_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace

std::vector<ShardReport> strike_null(const StrikeOptions& options) {
  return run_shards<NullPair>(options);
}

}  // namespace conker::bench
