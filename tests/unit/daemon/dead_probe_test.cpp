// The probe of connections that we reset, against a host that is played here.
#include "daemon/control/dead_probe.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "stack/verdict/segment.hpp"
#include "stack/wire/ethernet.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/tcp.hpp"

namespace conker::daemon {
namespace {

using verdict::Segment;

const Endpoint kTarget{IpAddress::v4(10, 0, 0, 1), Port{80}};
const IpAddress kUs = IpAddress::v4(10, 0, 0, 2);

class DeadProbeTest : public ::testing::Test, protected verdict::Judge::Sink, protected Link {
 protected:
  static constexpr Instant kBegin{1s};

  void show(Direction direction, std::uint16_t port, std::uint8_t flags, Seq seq = Seq()) {
    std::array<std::byte, kEthernetHeader + kIpv4HeaderMin + 20> frame{};
    EthernetFrame ethernet;
    ethernet.type = kEtherTypeIpv4;
    emit_ethernet(ethernet, frame);
    const bool ours = direction == Direction::kOut;
    const Ipv4Packet packet{.source = ours ? kUs : kTarget.address,
                            .destination = ours ? kTarget.address : kUs,
                            .protocol = 6,
                            .options = {},
                            .payload = {}};
    emit_ipv4(packet, 20, std::span(frame).subspan(kEthernetHeader));
    const TcpSegment segment{.source = ours ? Port{port} : kTarget.port,
                             .destination = ours ? kTarget.port : Port{port},
                             .sequence = seq,
                             .flags = flags};
    emit_tcp(segment, std::span(frame).subspan(kEthernetHeader + kIpv4HeaderMin));
    const std::array<std::span<const std::byte>, 1> parts{frame};
    probe.on_frame({.parts = parts, .direction = direction}, now);
  }
  void we_send(std::uint16_t port, std::uint8_t flags, Seq seq = Seq()) {
    show(Direction::kOut, port, flags, seq);
  }
  void answer(std::uint16_t port, std::uint8_t flags) { show(Direction::kIn, port, flags); }

  std::size_t receive(std::span<FrameIn>, Instant) override { return 0; }
  bool send(const FrameOut& frame, Instant) override {
    Segment segment;
    EXPECT_EQ(verdict::parse(frame.parts[0], segment), verdict::Parsed::kTcp);
    EXPECT_EQ(segment.destination, kTarget);
    EXPECT_EQ(segment.flags, Segment::kAck);
    sent.emplace_back(segment.source.port.value, segment.seq);
    return true;
  }
  void on_finding(const verdict::Judge::Found&) override {}

  /// Sends all that is to be sent.
  void probe_all(bool certain = true) {
    probe.begin(certain, now);
    for (Instant due = probe.step(*this, now); due != kNever && due - now <= 50ms;
         due = probe.step(*this, now))
      now = due;
  }
  void wait() {
    now += DeadProbe::kPatience;
    EXPECT_EQ(probe.step(*this, now), kNever);
  }

  Instant now = kBegin;
  verdict::Judge judge{kTarget, 16, *this};
  Findings findings{kBegin};
  DeadProbe probe{kTarget, judge, findings};
  std::vector<std::pair<std::uint16_t, Seq>> sent;
};

TEST_F(DeadProbeTest, OneSegmentForEachThatWeReset) {
  we_send(5000, TcpFlags::kRst, Seq(1000));
  we_send(5001, TcpFlags::kRst, Seq(2000));
  we_send(5001, TcpFlags::kRst, Seq(2000));
  we_send(5002, TcpFlags::kAck, Seq(3000));
  probe_all();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0].first, 5000);
  EXPECT_EQ(sent[0].second, Seq(999)) << "before SND.NXT: who holds it must answer";
  answer(5000, TcpFlags::kRst);
  answer(5001, TcpFlags::kRst);
  EXPECT_EQ(probe.step(*this, now), kNever) << "all have answered";
  EXPECT_EQ(probe.result().forgotten, 2u);
  EXPECT_EQ(findings.conclusive(), 0u);
}

TEST_F(DeadProbeTest, WhatIsHeldIsAFindingForEach) {
  we_send(5000, TcpFlags::kRst);
  we_send(5001, TcpFlags::kRst);
  we_send(5002, TcpFlags::kRst);
  probe_all();
  findings.running(now);
  answer(5000, TcpFlags::kAck);
  answer(5001, TcpFlags::kAck);
  answer(5001, TcpFlags::kRst);
  wait();
  EXPECT_EQ(probe.result().held, 1u);
  EXPECT_EQ(probe.result().forgotten, 1u) << "an ACK that was on its way proves nothing";
  EXPECT_EQ(probe.result().silent, 1u);
  ASSERT_EQ(findings.list().size(), 1u);
  EXPECT_EQ(findings.list()[0].rule, "held-after-reset");
  EXPECT_EQ(findings.list()[0].count, 1u);
}

TEST_F(DeadProbeTest, NothingIsFoundWhereARstMayHaveBeenLost) {
  we_send(5000, TcpFlags::kRst);
  probe_all(false);
  answer(5000, TcpFlags::kAck);
  wait();
  EXPECT_EQ(probe.result().held, 1u);
  EXPECT_TRUE(findings.list().empty());
}

TEST_F(DeadProbeTest, AFourTupleThatWasUsedAgainIsLeftAlone) {
  we_send(5000, TcpFlags::kRst);
  we_send(5000, TcpFlags::kSyn);
  probe_all();
  EXPECT_TRUE(sent.empty());
  EXPECT_EQ(probe.result().probed, 0u);
}

TEST_F(DeadProbeTest, TheLast256) {
  for (std::uint16_t port = 5000; port < 5300; ++port) we_send(port, TcpFlags::kRst);
  probe_all();
  EXPECT_EQ(sent.size(), DeadProbe::kMost);
  EXPECT_GE(now - kBegin, DeadProbe::kBefore + DeadProbe::kPace * 31) << "paced";
  EXPECT_EQ(std::ranges::count(sent, 5043, &std::pair<std::uint16_t, Seq>::first), 0);
  EXPECT_EQ(std::ranges::count(sent, 5044, &std::pair<std::uint16_t, Seq>::first), 1);
}

}  // namespace
}  // namespace conker::daemon
