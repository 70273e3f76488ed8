// The probe of connections that we reset.
#include <algorithm>

#include "tests/unit/daemon/dead_probe_scene.hpp"

namespace conker::daemon {
namespace {

class DeadProbeTest : public DeadProbeScene {
 protected:
  std::ptrdiff_t times(std::uint16_t port) const {
    return std::ranges::count_if(sent, [&](const auto& s) { return s.source.port.value == port; });
  }
};

TEST_F(DeadProbeTest, OneSegmentForEachThatWeReset) {
  we_send(5000, TcpFlags::kRst, Seq(1000));
  we_send(5001, TcpFlags::kRst, Seq(2000));
  we_send(5001, TcpFlags::kRst, Seq(2000));
  we_send(5002, TcpFlags::kAck, Seq(3000));
  probe_all();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0].source.port, Port{5000});
  EXPECT_EQ(sent[0].flags, Segment::kAck);
  EXPECT_EQ(sent[0].seq, Seq(999)) << "before SND.NXT: who holds it must answer";
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
  EXPECT_GE(now - kBegin, TupleProbe::kBefore + TupleProbe::kPace * 31) << "paced";
  EXPECT_EQ(times(5043), 0);
  EXPECT_EQ(times(5044), 1);
}

}  // namespace
}  // namespace conker::daemon
