// The probe of connections that the target closed first.
#include "daemon/control/time_wait_probe.hpp"

#include <algorithm>

#include "tests/unit/daemon/dead_probe_scene.hpp"

namespace conker::daemon {
namespace {

constexpr Seq kOurs{1000}, kTheirs{9000};

class TimeWaitProbeTest : public DeadProbeScene {
 protected:
  static constexpr std::uint16_t kPort = 5000;

  void they_send(std::uint16_t port, std::uint8_t flags, Seq seq, Seq ack) {
    show(Direction::kIn, port, flags, seq, ack);
  }
  void open(std::uint16_t port) {
    // Nobody predicts it from the one before.
    theirs = kTheirs + port * 0x9e3779b1u;
    we_send(port, TcpFlags::kSyn, kOurs);
    they_send(port, TcpFlags::kSyn | TcpFlags::kAck, theirs, kOurs + 1);
    we_send(port, TcpFlags::kAck, kOurs + 1, theirs + 1);
  }
  void target_closes(std::uint16_t port) {
    they_send(port, TcpFlags::kFin | TcpFlags::kAck, theirs + 1, kOurs + 1);
  }
  void we_close(std::uint16_t port, Seq ack) {
    we_send(port, TcpFlags::kFin | TcpFlags::kAck, kOurs + 1, ack);
  }
  void ended(std::uint16_t port) {
    open(port);
    target_closes(port);
    we_close(port, theirs + 2);
    they_send(port, TcpFlags::kAck, theirs + 2, kOurs + 2);
  }
  void ended_of(std::uint16_t connections) {
    for (std::uint16_t port = kPort; port != kPort + connections; ++port) ended(port);
  }
  void answered_by(std::uint8_t flags) {
    for (const Segment& segment : sent) answer(segment.source.port.value, flags);
    EXPECT_EQ(probe.step(*this, now), kNever) << "all have answered";
  }
  bool told() const { return !findings.list().empty(); }
  const protocol::TimeWaitProbed& probed() const { return *probe.time_wait(); }

  Seq theirs;
};

TEST_F(TimeWaitProbeTest, OurFinOnceMore) {
  ended(kPort);
  now += 3s;
  probe_all();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].flags, Segment::kFin | Segment::kAck);
  EXPECT_EQ(sent[0].seq, kOurs + 1);
  EXPECT_EQ(sent[0].ack, theirs + 2);
  answered_by(TcpFlags::kAck);
  EXPECT_EQ(probed().kept, 1u);
  EXPECT_EQ(probed().newest, 3s);
  EXPECT_EQ(probed().oldest, 3s);
}

TEST_F(TimeWaitProbeTest, WhoClosesLastIsNotAsked) {
  open(kPort);
  we_close(kPort, theirs + 1);
  they_send(kPort, TcpFlags::kFin | TcpFlags::kAck, theirs + 1, kOurs + 2);
  we_send(kPort, TcpFlags::kAck, kOurs + 2, theirs + 2);
  probe_all();
  EXPECT_TRUE(sent.empty());
  EXPECT_FALSE(probe.time_wait());
}

TEST_F(TimeWaitProbeTest, NorWhereOurFinWasNotAcknowledged) {
  open(kPort);
  target_closes(kPort);
  we_close(kPort, theirs + 2);
  probe_all();
  EXPECT_TRUE(sent.empty());
}

TEST_F(TimeWaitProbeTest, NorAFourTupleThatWasOpenedAgain) {
  ended(kPort);
  we_send(kPort, TcpFlags::kSyn, kOurs + 100'000);
  probe_all();
  EXPECT_TRUE(sent.empty());
}

TEST_F(TimeWaitProbeTest, AFinThatWasSentTwiceIsOneConnection) {
  open(kPort);
  target_closes(kPort);
  we_close(kPort, theirs + 2);
  we_close(kPort, theirs + 2);
  they_send(kPort, TcpFlags::kAck, theirs + 2, kOurs + 2);
  probe_all();
  EXPECT_EQ(sent.size(), 1u);
}

TEST_F(TimeWaitProbeTest, TheFirstAndTheNewest) {
  ended_of(400);
  probe_all();
  const auto asked = [&](std::uint16_t port) {
    return std::ranges::any_of(sent, [&](const auto& s) { return s.source.port.value == port; });
  };
  EXPECT_EQ(sent.size(), TimeWaitProbe::kFirst + TimeWaitProbe::kNewest);
  EXPECT_TRUE(asked(kPort + TimeWaitProbe::kFirst - 1));
  EXPECT_FALSE(asked(kPort + TimeWaitProbe::kFirst));
  EXPECT_FALSE(asked(kPort + 400 - TimeWaitProbe::kNewest - 1));
  EXPECT_TRUE(asked(kPort + 400 - TimeWaitProbe::kNewest));
}

TEST_F(TimeWaitProbeTest, OneThatKeepsNone) {
  ended_of(400);
  probe_all();
  answered_by(TcpFlags::kRst);
  ASSERT_TRUE(told());
  const protocol::Strike::Finding finding = findings.list()[0];
  EXPECT_EQ(finding.rule, "time-wait-forgotten");
  EXPECT_EQ(finding.expected, 288u);
  EXPECT_EQ(finding.seen, 0u);
  EXPECT_EQ(finding.cycle, 400u);
}

TEST_F(TimeWaitProbeTest, FewProveNothing) {
  ended_of(TimeWaitProbe::kLeast - 1);
  probe_all();
  answered_by(TcpFlags::kRst);
  EXPECT_EQ(probed().forgotten, TimeWaitProbe::kLeast - 1);
  EXPECT_FALSE(told());
}

TEST_F(TimeWaitProbeTest, WhoKeepsAnyIsShortOfRoom) {
  ended_of(400);
  probe_all();
  answer(kPort, TcpFlags::kAck);
  for (const Segment& segment : std::span(sent).subspan(1))
    answer(segment.source.port.value, TcpFlags::kRst);
  EXPECT_EQ(probe.step(*this, now), kNever);
  EXPECT_EQ(probed().kept, 1u);
  EXPECT_EQ(probed().forgotten, 287u);
  EXPECT_FALSE(told());
}

TEST_F(TimeWaitProbeTest, SilenceIsNotForgetting) {
  ended_of(20);
  probe_all();
  for (const Segment& segment : std::span(sent).subspan(5))
    answer(segment.source.port.value, TcpFlags::kRst);
  EXPECT_NE(probe.step(*this, now), kNever);
  wait();
  EXPECT_EQ(probed().silent, 5u);
  EXPECT_FALSE(told()) << "15 are too few";
}

TEST_F(TimeWaitProbeTest, NothingIsToldOfOldOnes) {
  ended_of(20);
  now += TimeWaitProbe::kFresh + 1ms;
  probe_all();
  answered_by(TcpFlags::kRst);
  EXPECT_FALSE(told()) << "2 MSL may be over";
}

TEST_F(TimeWaitProbeTest, NorAfterALongStrike) {
  ended_of(300);
  now += TimeWaitProbe::kOld + 1ms;
  for (std::uint16_t port = kPort + 300; port != kPort + 400; ++port) ended(port);
  probe_all();
  answered_by(TcpFlags::kRst);
  EXPECT_FALSE(told()) << "who takes no more for want of room has forgotten the first ones by now";
}

TEST_F(TimeWaitProbeTest, NorWhereSegmentsMayHaveBeenLost) {
  ended_of(400);
  probe_all(false);
  answered_by(TcpFlags::kRst);
  EXPECT_EQ(probed().forgotten, 288u);
  EXPECT_FALSE(told());
}

TEST_F(TimeWaitProbeTest, BothKindsOfTheEndedAreAsked) {
  ended(kPort);
  we_send(6000, TcpFlags::kRst, Seq(77));
  probe_all();
  ASSERT_EQ(sent.size(), 2u);
  answered_by(TcpFlags::kRst);
  EXPECT_EQ(probe.result().forgotten, 1u);
  EXPECT_EQ(probed().forgotten, 1u);
}

}  // namespace
}  // namespace conker::daemon
