#include <gtest/gtest.h>

#include <set>

#include "tests/unit/verdict_scene.hpp"

namespace conker {
namespace {

using verdict::Finding;
using verdict::Rule;
using verdict::Segment;

class VerdictRulesTest : public ::testing::Test, protected test::VerdictScene {
 protected:
  void opened() { ASSERT_TRUE(open()); }
  /// Checks that the rule is broken, with these figures.
  static void expect(const std::optional<Finding>& finding, Rule rule, std::uint32_t expected,
                     std::uint32_t seen) {
    ASSERT_TRUE(finding) << "nothing was found";
    EXPECT_STREQ(verdict::info_of(finding->rule).text, verdict::info_of(rule).text);
    EXPECT_EQ(finding->expected, expected);
    EXPECT_EQ(finding->seen, seen);
  }
  static std::uint32_t number(Seq iss, std::uint32_t offset) { return (iss + offset).value(); }
};

TEST_F(VerdictRulesTest, AConformingConversationHasNoFindings) {
  opened();
  EXPECT_FALSE(say(a(kAck, 1, 1, 40)));
  EXPECT_FALSE(sent(a(kAck, 41, 1, 40))) << "lost";
  ++clock;
  EXPECT_FALSE(say(a(kAck, 81, 1, 20)));
  Segment duplicate = b(kAck, 1, 41);
  duplicate.block_count = 1;
  duplicate.blocks[0] = {kIssA + 81, kIssA + 101};
  EXPECT_FALSE(say(duplicate)) << "an ACK with a SACK block of what came";
  EXPECT_FALSE(say(a(kAck, 41, 1, 40))) << "sent again";
  Segment closed = b(kAck, 1, 101);
  closed.window = kWindow - 60;
  EXPECT_FALSE(say(closed)) << "the right edge stays where it was";
  EXPECT_FALSE(say(b(kAck, 1, 101, 100)));
  EXPECT_FALSE(say(a(kAck | kFin, 101, 101)));
  EXPECT_FALSE(say(b(kAck | kFin, 101, 102)));
  EXPECT_FALSE(say(a(kAck, 102, 102)));
  EXPECT_FALSE(sent(b(kRst, 102, 0)));
}

TEST_F(VerdictRulesTest, AFindingNamesHostAndSegment) {
  opened();
  const auto finding = say(b(kAck, 7, 1, 3));
  expect(finding, Rule::kSequenceGap, number(kIssB, 1), number(kIssB, 7));
  const FourTuple of_b{kB.address, kA.address, kB.port, kA.port};
  EXPECT_EQ(finding->tuple, of_b);
  EXPECT_EQ(finding->segment, 7u) << "three segments were shown at both ends before";
  EXPECT_EQ(finding->seq, kIssB + 7);
  EXPECT_EQ(finding->length, 3u);
}

TEST_F(VerdictRulesTest, ASegmentWithoutAck) {
  opened();
  expect(say(a(0, 1, 0, 5)), Rule::kAckMissing, kAck, 0);
}

TEST_F(VerdictRulesTest, ASegmentOfAConnectionThatWasNeverOpened) {
  expect(say(a(kAck, 1, 1)), Rule::kNeverOpened, kRst, kAck);
}

TEST_F(VerdictRulesTest, DataInASyn) {
  Segment segment = syn();
  segment.data = a(kAck, 1, 1, 9).data;
  expect(say(segment), Rule::kDataInSyn, 0, 9);
}

TEST_F(VerdictRulesTest, SynAndFinInOneSegment) {
  Segment segment = syn();
  segment.flags |= kFin;
  expect(say(segment), Rule::kSynWithFin, kSyn, kSyn | kFin);
}

TEST_F(VerdictRulesTest, ASynAckForASynNeverReceived) {
  EXPECT_FALSE(say(syn()));
  Segment segment = syn_ack();
  segment.ack += 1;
  expect(say(segment), Rule::kSynAckOfNoSyn, number(kIssA, 1), number(kIssA, 2));
}

TEST_F(VerdictRulesTest, AnAckOfASynNeverReceived) {
  EXPECT_FALSE(say(syn()));
  expect(say(a(kAck, 1, 1)), Rule::kAckOfNoSyn, 0, number(kIssB, 1));
}

TEST_F(VerdictRulesTest, AnAckOfDataNeverReceived) {
  opened();
  EXPECT_FALSE(sent(a(kAck, 1, 1, 10))) << "lost";
  expect(say(b(kAck, 1, 11)), Rule::kAckOfTheUnsent, number(kIssA, 1), number(kIssA, 11));
}

TEST_F(VerdictRulesTest, AnAckThatGoesBack) {
  opened();
  EXPECT_FALSE(say(a(kAck, 1, 1, 10)));
  EXPECT_FALSE(say(b(kAck, 1, 11)));
  expect(say(b(kAck, 1, 6)), Rule::kAckGoesBack, number(kIssA, 11), number(kIssA, 6));
}

TEST_F(VerdictRulesTest, ASequenceNumberThatLeavesAGap) {
  opened();
  expect(say(a(kAck, 2, 1, 4)), Rule::kSequenceGap, number(kIssA, 1), number(kIssA, 2));
}

TEST_F(VerdictRulesTest, DataAtTheSequenceNumberOfItsSyn) {
  opened();
  Segment segment = a(kAck, 1, 1, 4);
  segment.seq = kIssA;
  expect(say(segment), Rule::kDataAtSyn, number(kIssA, 1), number(kIssA, 0));
}

TEST_F(VerdictRulesTest, DataBeyondTheFin) {
  opened();
  EXPECT_FALSE(say(a(kAck | kFin, 1, 1)));
  expect(say(a(kAck, 2, 1, 4)), Rule::kDataAfterFin, number(kIssA, 2), number(kIssA, 6));
}

TEST_F(VerdictRulesTest, AFinThatHasMoved) {
  opened();
  EXPECT_FALSE(say(a(kAck | kFin, 1, 1, 8)));
  expect(say(a(kAck | kFin, 1, 1, 4)), Rule::kFinMoved, number(kIssA, 9), number(kIssA, 5));
}

TEST_F(VerdictRulesTest, DataBeforeThePeerHasAnnouncedAWindow) {
  EXPECT_FALSE(say(syn()));
  EXPECT_FALSE(say(syn_ack()));
  expect(say(b(kAck, 1, 1, 6)), Rule::kDataBeforeWindow, 0, 6);
}

TEST_F(VerdictRulesTest, DataBeyondThePeersWindow) {
  opened();
  for (std::uint32_t at = 1; at < kWindow; at += 100) EXPECT_FALSE(say(a(kAck, at, 1, 100)));
  EXPECT_FALSE(say(a(kAck, kWindow + 1, 1, 1))) << "a window probe";
  expect(say(a(kAck, kWindow + 1, 1, 2)), Rule::kDataBeyondWindow, number(kIssA, kWindow + 2),
         number(kIssA, kWindow + 3));
}

TEST_F(VerdictRulesTest, WindowsAreScaledAsBothSynsSay) {
  scale = 3;
  opened();
  EXPECT_FALSE(say(b(kAck, 1, 1)));
  for (std::uint32_t at = 1; at < 8 * kWindow; at += 100) EXPECT_FALSE(sent(a(kAck, at, 1, 100)));
  expect(sent(a(kAck, 8 * kWindow + 1, 1, 2)), Rule::kDataBeyondWindow,
         number(kIssA, 8 * kWindow + 2), number(kIssA, 8 * kWindow + 3));
  Segment segment = b(kAck, 1, 1);
  segment.window = kWindow - 1;
  expect(say(segment), Rule::kWindowShrinks, number(kIssA, 1 + 8 * kWindow),
         number(kIssA, 1 + 8 * (kWindow - 1)));
}

TEST_F(VerdictRulesTest, ASegmentLargerThanThePeersMss) {
  opened();
  expect(say(a(kAck, 1, 1, kMss + 1)), Rule::kSegmentOverMss, kMss, kMss + 1);
}

TEST_F(VerdictRulesTest, OtherDataThanWasSentAtThatPlace) {
  opened();
  Segment segment = a(kAck, 2, 1, 4);
  segment.seq = kIssA + 1;
  expect(say(segment), Rule::kOtherData, 'a', 'b');
}

TEST_F(VerdictRulesTest, SackBlocksThatWereNotNegotiated) {
  sack = false;
  opened();
  Segment segment = b(kAck, 1, 1);
  segment.block_count = 1;
  segment.blocks[0] = {kIssA + 5, kIssA + 6};
  expect(say(segment), Rule::kSackNotPermitted, 0, 1);
}

TEST_F(VerdictRulesTest, AnEmptySackBlock) {
  opened();
  EXPECT_FALSE(say(a(kAck, 1, 1, 20)));
  Segment segment = b(kAck, 1, 1);
  segment.block_count = 1;
  segment.blocks[0] = {kIssA + 5, kIssA + 5};
  expect(say(segment), Rule::kSackBlockEmpty, number(kIssA, 6), number(kIssA, 5));
}

TEST_F(VerdictRulesTest, ASackBlockOfDataNeverReceived) {
  opened();
  EXPECT_FALSE(sent(a(kAck, 1, 1, 20))) << "lost";
  EXPECT_FALSE(say(a(kAck, 21, 1, 20)));
  Segment segment = b(kAck, 1, 1);
  segment.block_count = 1;
  segment.blocks[0] = {kIssA + 20, kIssA + 41};
  expect(say(segment), Rule::kSackOfTheUnsent, number(kIssA, 1), number(kIssA, 41));
}

TEST_F(VerdictRulesTest, TimestampsThatWereLeftOut) {
  opened();
  timestamps = false;
  expect(say(a(kAck, 1, 1)), Rule::kTimestampsNotNegotiated, 1, 0);
}

TEST_F(VerdictRulesTest, TimestampsThatWereNotNegotiated) {
  timestamps = false;
  opened();
  timestamps = true;
  expect(say(a(kAck, 1, 1)), Rule::kTimestampsNotNegotiated, 0, 1);
}

TEST_F(VerdictRulesTest, ATimestampThatGoesBack) {
  opened();
  --clock;
  expect(say(a(kAck, 1, 1)), Rule::kTimestampGoesBack, 77, 76);
}

TEST_F(VerdictRulesTest, AWindowThatShrinks) {
  opened();
  Segment segment = b(kAck, 1, 1);
  segment.window = kWindow - 1;
  expect(say(segment), Rule::kWindowShrinks, number(kIssA, 1 + kWindow), number(kIssA, kWindow));
}

TEST_F(VerdictRulesTest, EachRuleIsOneRowOfTheTable) {
  std::set<std::string> texts;
  for (std::size_t i = 0; i < verdict::kRules; ++i) {
    const verdict::RuleInfo& info = verdict::info_of(static_cast<Rule>(i));
    EXPECT_EQ(static_cast<std::size_t>(info.rule), i);
    EXPECT_EQ(std::string(info.section).substr(0, 4), "RFC ");
    texts.insert(info.text);
  }
  EXPECT_EQ(texts.size(), verdict::kRules);
}

}  // namespace
}  // namespace conker
