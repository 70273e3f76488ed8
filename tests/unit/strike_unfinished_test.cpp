// The way `syn-silence`: what is not sent, for which segments, how long, and how the cycle counts.
#include <gtest/gtest.h>

#include "stack/strike/probes.hpp"
#include "stack/strike/unfinished.hpp"
#include "tests/unit/strike_scene.hpp"

namespace conker::test {
namespace {

class StrikeUnfinishedTest : public StrikeScene {
 protected:
  StrikeUnfinishedTest() { strike_.emplace(s_.stack(), slots_, kStriker, nullptr, &probes_); }

  void answered() {
    begin(one_cycle(Close::kSynSilence));
    s_.inject(SynAck());
    s_.expect_nothing();
  }
  const Unfinished::Counts& counts() const { return probes_.unfinished().counts(); }

  Probes probes_{s_.stack()};
};

TEST_F(StrikeUnfinishedTest, TheSynAckIsNotAcknowledgedAndTheCycleCompletes) {
  answered();
  const StrikeReport report = end();
  EXPECT_EQ(report.aborted, 1u);
  EXPECT_EQ(report.failed(), 0u);
  EXPECT_EQ(s_.stack().tcp().connection_count(), 0u);
  EXPECT_EQ(counts().left, 1u);
}

TEST_F(StrikeUnfinishedTest, SynAcksThatComeAgainAreNotAnswered) {
  answered();
  (void)end();
  for (const Duration wait : {1s, 2s, 4s, 8s, 16s}) {
    s_.advance(wait);
    s_.inject(SynAck().seq(0));
    s_.expect_nothing();
  }
  EXPECT_EQ(counts().repeated, 5u);
}

TEST_F(StrikeUnfinishedTest, WhatElseComesIsAnsweredAsEver) {
  answered();
  (void)end();
  s_.inject(Ack().seq(1).ack(1));
  s_.expect(Rst().seq(1));
  s_.inject(Rst().seq(1).ack(1));
  s_.expect_nothing();
  s_.inject(SynAck().seq(0).ack(2));
  s_.expect(Rst().seq(2));
  EXPECT_EQ(counts().repeated, 0u);
}

TEST_F(StrikeUnfinishedTest, TheSilenceEnds) {
  answered();
  (void)end();
  s_.advance(Unfinished::kKept);
  s_.inject(SynAck().seq(0));
  s_.expect(Rst().seq(1));
}

TEST_F(StrikeUnfinishedTest, ItEndsWithItsProvoker) {
  std::optional<Probes> probes(s_.stack());
  strike_.emplace(s_.stack(), slots_, kStriker, nullptr, &*probes);
  answered();
  (void)end();
  probes.reset();
  s_.inject(SynAck().seq(0));
  s_.expect(Rst().seq(1));
}

TEST_F(StrikeUnfinishedTest, ASynThatIsRefusedFails) {
  begin(one_cycle(Close::kSynSilence));
  s_.inject(RstAck().seq(0).ack(1));
  EXPECT_EQ(end().count(StrikeFailure::kSynReset), 1u);
  EXPECT_EQ(counts().left, 0u);
}

TEST_F(StrikeUnfinishedTest, ASynThatIsNotAnsweredFails) {
  begin(one_cycle(Close::kSynSilence));
  s_.advance(6s);
  s_.forget();  // SYNs
  EXPECT_EQ(end().count(StrikeFailure::kSynUnanswered), 1u);
  EXPECT_EQ(counts().left, 0u);
}

TEST(UnfinishedTest, TheOldestMakesRoom) {
  Unfinished unfinished;
  FourTuple tuple{kStackAddress, kPeerAddress, Port{1}, Port{80}};
  for (std::uint32_t i = 0; i <= Unfinished::kMost; ++i) {
    tuple.local_port = Port{static_cast<std::uint16_t>(i + 1)};
    unfinished.add(tuple, Seq(i), Seq(7), Instant(1s));
  }
  const auto keeps = [&](std::uint32_t i) {
    tuple.local_port = Port{static_cast<std::uint16_t>(i + 1)};
    const TcpSegment again{.acknowledgment = Seq(i) + 1, .flags = TcpFlags::kSyn | TcpFlags::kAck};
    return unfinished.keeps(tuple, again, Instant(2s));
  };
  EXPECT_FALSE(keeps(0));
  EXPECT_TRUE(keeps(1));
  EXPECT_TRUE(keeps(Unfinished::kMost));
  EXPECT_EQ(unfinished.counts().left, Unfinished::kMost + 1);
  EXPECT_EQ(unfinished.counts().repeated, 2u);
}

TEST(UnfinishedTest, ThoseThatWereWatchedLongEnough) {
  Unfinished unfinished;
  const FourTuple tuple{kStackAddress, kPeerAddress, Port{1}, Port{80}};
  unfinished.add(tuple, Seq(1), Seq(7), Instant(3s));
  unfinished.add(tuple, Seq(2), Seq(8), Instant(4s));
  EXPECT_EQ(unfinished.watched(Instant(3s) + Unfinished::kLongEnough - 1us).count, 0u);
  const auto watched = unfinished.watched(Instant(4s) + Unfinished::kLongEnough);
  EXPECT_EQ(watched.count, 2u);
  EXPECT_EQ(watched.irs, Seq(7));
  EXPECT_EQ(watched.at, Instant(3s));
}

}  // namespace
}  // namespace conker::test
