// The probes of connections that have ended, against a host that is played here.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <vector>

#include "daemon/control/dead_probe.hpp"
#include "stack/verdict/segment.hpp"
#include "stack/wire/ethernet.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/tcp.hpp"

namespace conker::daemon {

inline constexpr Endpoint kProbed{IpAddress::v4(10, 0, 0, 1), Port{80}};

/// We, 10.0.0.2, strike kProbed; what is sent and received is shown to the judge and to the probe.
class DeadProbeScene : public ::testing::Test, protected verdict::Judge::Sink, protected Link {
 protected:
  static constexpr Instant kBegin{1s};
  static constexpr IpAddress kUs = IpAddress::v4(10, 0, 0, 2);
  using Segment = verdict::Segment;

  void show(Direction direction, std::uint16_t port, std::uint8_t flags, Seq seq = Seq(),
            Seq ack = Seq()) {
    std::array<std::byte, kEthernetHeader + kIpv4HeaderMin + 20> frame{};
    EthernetFrame ethernet;
    ethernet.type = kEtherTypeIpv4;
    emit_ethernet(ethernet, frame);
    const bool ours = direction == Direction::kOut;
    const Ipv4Packet packet{.source = ours ? kUs : kProbed.address,
                            .destination = ours ? kProbed.address : kUs,
                            .protocol = 6,
                            .options = {},
                            .payload = {}};
    emit_ipv4(packet, 20, std::span(frame).subspan(kEthernetHeader));
    const TcpSegment segment{.source = ours ? Port{port} : kProbed.port,
                             .destination = ours ? kProbed.port : Port{port},
                             .sequence = seq,
                             .acknowledgment = ack,
                             .flags = flags};
    emit_tcp(segment, std::span(frame).subspan(kEthernetHeader + kIpv4HeaderMin));
    const std::array<std::span<const std::byte>, 1> parts{frame};
    const ObservedFrame shown{
        .parts = parts, .direction = direction, .checksum = ChecksumState::kVouched};
    if (!probing) judge.on_frame(shown, now);
    probe.on_frame(shown, now);
  }
  void we_send(std::uint16_t port, std::uint8_t flags, Seq seq = Seq(), Seq ack = Seq()) {
    show(Direction::kOut, port, flags, seq, ack);
  }
  void answer(std::uint16_t port, std::uint8_t flags) { show(Direction::kIn, port, flags); }

  std::size_t receive(std::span<FrameIn>, Instant) override { return 0; }
  bool send(const FrameOut& frame, Instant) override {
    Segment segment;
    EXPECT_EQ(verdict::parse(frame.parts[0], segment), verdict::Parsed::kTcp);
    EXPECT_EQ(segment.destination, kProbed);
    sent.push_back(segment);
    return true;
  }
  void on_finding(const verdict::Judge::Found& found) override {
    ADD_FAILURE() << verdict::info_of(found.finding.rule).name;
  }

  /// Sends all that is to be sent.
  void probe_all(bool certain = true) {
    probing = true;
    probe.begin(certain, now);
    for (Instant due = probe.step(*this, now); due != kNever && due - now <= 50ms;
         due = probe.step(*this, now))
      now = due;
  }
  void wait() {
    now += TupleProbe::kPatience;
    EXPECT_EQ(probe.step(*this, now), kNever);
  }

  Instant now = kBegin;
  bool probing = false;  // the judge does not observe any more
  verdict::Judge judge{kProbed, 512, *this};
  Findings findings{kBegin};
  DeadProbe probe{kProbed, judge, findings};
  std::vector<Segment> sent;  // by the probe; their bytes are gone
};

}  // namespace conker::daemon
