// What a peer owes in answer, and when: each rule broken, and what looks like it and is none.
#include <gtest/gtest.h>

#include <random>

#include "stack/verdict/exchanges.hpp"
#include "stack/verdict/isn.hpp"
#include "tests/unit/verdict_exchanges_scene.hpp"

namespace conker {
namespace {

using verdict::Exchanges;
using verdict::IsnHistory;
using verdict::Rule;
using verdict::Segment;
using verdict::Severity;

/// A is us, B the peer that is judged.
class VerdictExchangesTest : public ::testing::Test, protected test::VerdictExchangesScene {
 protected:
  VerdictExchangesTest() : VerdictExchangesScene(2) {}
  /// A handshake that ends at 1 ms.
  void handshake() {
    send(0ms, syn());
    fine(1ms, syn_ack());
    send(1ms, a(kAck, 1, 1));
  }
  Segment fin_a(std::uint32_t seq = 1) { return a(kAck | kFin, seq, 1); }
  Segment fin_b(std::uint32_t ack) { return b(kAck | kFin, 1, ack); }
};

TEST_F(VerdictExchangesTest, AConnectionInOrder) {
  handshake();
  send(2ms, a(kAck, 1, 1, 50));
  fine(42ms, b(kAck, 1, 51));
  fine(50ms, b(kAck, 1, 51, 100));
  send(90ms, a(kAck, 51, 101));
  send(95ms, a(kAck | kFin, 51, 101));
  fine(96ms, b(kAck, 101, 52));
  fine(2s, b(kAck | kFin, 101, 52));
  send(2s, a(kAck, 52, 102));
}

// ---- Who closes first, and has TIME-WAIT ----

TEST_F(VerdictExchangesTest, ItHasClosedFirst) {
  handshake();
  fine(2ms, fin_b(1));
  EXPECT_EQ(exchanges_.closed_first(), 1u);
  fine(3s, fin_b(1));
  EXPECT_EQ(exchanges_.closed_first(), 1u) << "its FIN again";
}

TEST_F(VerdictExchangesTest, BothHaveClosedAtOnce) {
  handshake();
  send(2ms, fin_a());
  fine(3ms, fin_b(1));
  EXPECT_EQ(exchanges_.closed_first(), 1u);
}

TEST_F(VerdictExchangesTest, WeHaveClosedFirst) {
  handshake();
  send(2ms, fin_a());
  fine(3ms, fin_b(2));
  EXPECT_EQ(exchanges_.closed_first(), 0u);
}

// ---- Answers that do not come, or come late ----

TEST_F(VerdictExchangesTest, ASynIsAnsweredOnlyWhenSentAgain) {
  send(0ms, syn());
  send(1000ms, syn());
  expect(1001ms, syn_ack(), Rule::kSynUnanswered);
}

TEST_F(VerdictExchangesTest, ASynIsAnsweredLate) {
  send(0ms, syn());
  expect(251ms, syn_ack(), Rule::kAnsweredLate);
}

TEST_F(VerdictExchangesTest, ALateAnswerToTheFirstOfTwoSyns) {
  send(0ms, syn());
  send(1000ms, syn());
  expect(1021ms, syn_ack(), Rule::kAnsweredLate);
  fine(1022ms, syn_ack());
}

TEST_F(VerdictExchangesTest, ASynThatMeetsAnEarlierConnectionIsAnsweredByAnAck) {
  send(0ms, syn());
  const Segment challenge = b(kAck, 0x100000, 0x200000);
  EXPECT_FALSE(exchanges_.is_of_last(challenge));
  fine(1ms, challenge);
  send(1ms, a(kRst, 0x200000, 0));
  send(1000ms, syn());
  fine(1001ms, syn_ack());
}

TEST_F(VerdictExchangesTest, AFinIsAnsweredOnlyWhenSentAgain) {
  handshake();
  send(1ms, fin_a());
  send(201ms, fin_a());
  expect(202ms, fin_b(2), Rule::kFinUnanswered);
}

TEST_F(VerdictExchangesTest, AFinThatWasSentAgainWithinATickMayHaveBeenAnsweredBefore) {
  for (const bool with : {true, false}) {
    timestamps = with;
    handshake();
    send(1ms, fin_a());
    send(1640us, fin_a());
    fine(1695us, fin_b(2));
  }
}

TEST_F(VerdictExchangesTest, AnEchoOfTheFirstFinSaysThatItHadArrived) {
  handshake();
  send(1ms, fin_a());
  clock = 97;
  send(21ms, fin_a());  // a tail loss probe
  clock = 77;
  fine(22ms, fin_b(2));
}

TEST_F(VerdictExchangesTest, WithoutTimestampsASlowAnswerIsNoneToTheFinSentAgain) {
  timestamps = false;
  handshake();
  send(1ms, fin_a());
  send(21ms, fin_a());
  fine(28ms, fin_b(2));
}

TEST_F(VerdictExchangesTest, WithoutTimestampsAnAnswerAtOnceIs) {
  timestamps = false;
  handshake();
  send(1ms, fin_a());
  send(21ms, fin_a());
  expect(22ms, fin_b(2), Rule::kFinUnanswered);
}

TEST_F(VerdictExchangesTest, AFinIsAnsweredLate) {
  handshake();
  send(1ms, fin_a());
  send(201ms, fin_a());
  expect(301ms, fin_b(2), Rule::kAnsweredLate);
}

TEST_F(VerdictExchangesTest, DataIsAcknowledgedOnlyWhenSentAgain) {
  handshake();
  send(1ms, a(kAck, 1, 1, 50));
  send(201ms, a(kAck, 1, 1, 50));
  send(601ms, a(kAck, 1, 1, 50));
  expect(602ms, b(kAck, 1, 51), Rule::kDataUnanswered);
}

TEST_F(VerdictExchangesTest, ADelayedAckIsNoSilence) {
  handshake();
  send(1ms, a(kAck, 1, 1, 50));
  send(201ms, a(kAck, 1, 1, 50));
  fine(202ms, b(kAck, 1, 51));  // what comes again is acknowledged at once
  send(210ms, a(kAck, 51, 1, 50));
  fine(700ms, b(kAck, 1, 101));
  send(710ms, a(kAck, 101, 1, 50));
  expect(1211ms, b(kAck, 1, 151), Rule::kAnsweredLate);
}

TEST_F(VerdictExchangesTest, AWindowProbeNeedNotBeAcknowledged) {
  handshake();
  send(1ms, a(kAck, 1, 1, 50));
  Segment full = b(kAck, 1, 51);
  full.window = 0;
  fine(2ms, full);
  send(202ms, a(kAck, 51, 1, 1));
  fine(203ms, full);
  send(602ms, a(kAck, 51, 1, 1));
  fine(603ms, b(kAck, 1, 52));
}

TEST_F(VerdictExchangesTest, AnAnswerFromAnotherPort) {
  send(0ms, syn());
  Segment other = syn_ack();
  other.source.port = Port{81};
  expect(1ms, other, Rule::kOtherPort);
  other.ack = kIssA + 5000;
  fine(1ms, other);
}

// ---- Segments that come again ----

TEST_F(VerdictExchangesTest, ASynAckAtOnceAgain) {
  handshake();
  expect(2ms, syn_ack(), Rule::kSynAckTwice);
}

TEST_F(VerdictExchangesTest, ASynAckForEachOfTwoSyns) {
  send(0ms, syn());
  send(1000ms, syn());
  expect(1030ms, syn_ack(), Rule::kAnsweredLate);
  send(1030ms, fin_a());
  fine(1031ms, syn_ack());
}

TEST_F(VerdictExchangesTest, ASynAckAgainAfterItsAck) {
  handshake();
  expect(301ms, syn_ack(), Rule::kSynAckAcknowledged);
}

TEST_F(VerdictExchangesTest, TheSynAckOfOneHandshakeWithAnotherNumber) {
  handshake();
  Segment other = syn_ack();
  other.seq += 1;
  expect(2ms, other, Rule::kSynAckOtherIsn);
}

TEST_F(VerdictExchangesTest, DataSentTwiceAtOnce) {
  handshake();
  send(1ms, a(kAck, 1, 1, 10));
  fine(2ms, b(kAck, 1, 11, 50));
  expect(3ms, b(kAck, 1, 11, 50), Rule::kSentTwice);
  fine(202ms, b(kAck, 1, 11, 50));
}

TEST_F(VerdictExchangesTest, TheLastSegmentOfAFlightAgainIsAProbe) {
  handshake();
  fine(2ms, b(kAck, 1, 1, 50));
  fine(2ms, b(kAck | kFin, 51, 1));
  send(3ms, a(kAck, 1, 51));
  fine(11ms, b(kAck | kFin, 51, 1));  // RFC 8985, 7
}

TEST_F(VerdictExchangesTest, AFinThatLeftBeforeOurAckArrivedWasNotAlone) {
  handshake();
  fine(2ms, b(kAck, 1, 1, 50));
  send(3ms, a(kAck, 1, 51));  // the FIN is under way already
  fine(3ms, b(kAck | kFin, 51, 1));
  fine(3ms, b(kAck | kFin, 51, 1));
}

TEST_F(VerdictExchangesTest, DataSentAgainAfterItsAck) {
  handshake();
  fine(2ms, b(kAck, 1, 1, 50));
  send(3ms, a(kAck, 1, 51));
  fine(250ms, b(kAck, 1, 1, 50));
  expect(254ms, b(kAck, 1, 1, 50), Rule::kSentAcknowledged);
}

TEST_F(VerdictExchangesTest, AKeepaliveProbeMayHaveAByte) {
  handshake();
  fine(2ms, b(kAck, 1, 1, 50));
  send(3ms, a(kAck, 1, 51));
  fine(10s, b(kAck, 50, 1, 1));
}

// ---- Resets ----

TEST_F(VerdictExchangesTest, AResetBeyondTheWindowIsBlind) {
  handshake();
  expect(2ms, b(kRst, 2 + kWindow, 0), Rule::kResetSequence);
  expect(3ms, b(kRst, 0, 0), Rule::kResetSequence);
  fine(4ms, b(kAck, 1, 1, 50));
}

TEST_F(VerdictExchangesTest, AResetBehindDataThatWasLost) {
  handshake();
  fine(2ms, b(kRst, 51, 0));
  fine(2ms, b(kRst, 1, 0));      // each segment that comes to it now is answered by one
  fine(3ms, b(kAck, 1, 1, 50));  // overtaken
  expect(252ms, b(kAck, 51, 1), Rule::kSaysMoreAfterReset);
}

TEST_F(VerdictExchangesTest, AResetThatDoesNotAcknowledgeTheSyn) {
  send(0ms, syn());
  expect(1ms, b(kRst | kAck, 0, 5), Rule::kResetOfSyn);
  expect(2ms, b(kRst, 0, 0), Rule::kResetOfSyn);
  fine(3ms, syn_ack());
}

TEST_F(VerdictExchangesTest, AResetOfTheConnectionBeforeCrossesTheSyn) {
  handshake();
  send(1ms, a(kRst | kAck, 1, 1));
  Segment again = syn();
  again.seq += 1000;
  send(2ms, again);
  fine(2ms, b(kRst | kAck, 1, 1));
  Segment answer = syn_ack();
  answer.seq += 5000;
  answer.ack += 1000;
  fine(3ms, answer);
  again.seq += 1000;
  send(10ms, again);
  expect(260ms, b(kRst | kAck, 1, 1), Rule::kResetOfSyn);
}

TEST_F(VerdictExchangesTest, ASynIsRefused) {
  send(0ms, syn());
  fine(1ms, b(kRst | kAck, 0, 1));
}

TEST_F(VerdictExchangesTest, AFinAnsweredByAReset) {
  handshake();
  send(1ms, fin_a());
  expect(2ms, b(kRst | kAck, 1, 2), Rule::kResetOfFin);
}

TEST_F(VerdictExchangesTest, AResetAfterDataThatItsApplicationMayHaveLeftUnread) {
  handshake();
  send(1ms, a(kAck, 1, 1, 50));
  send(1ms, fin_a(51));
  fine(2ms, b(kRst | kAck, 1, 52));
}

TEST_F(VerdictExchangesTest, AConnectionIsHeldAfterOurReset) {
  handshake();
  send(1ms, a(kRst | kAck, 1, 1));
  fine(2ms, b(kAck, 1, 1));
  expect(252ms, b(kAck, 1, 1), Rule::kHeldAfterReset);
}

// ---- What is told ----

TEST_F(VerdictExchangesTest, OfAConnectionOnlyTheMoreSevereIsToldAfterwards) {
  handshake();
  EXPECT_TRUE(exchanges_.tells(kA, Severity::kNote));
  EXPECT_FALSE(exchanges_.tells(kA, Severity::kNote));
  EXPECT_TRUE(exchanges_.tells(kA, Severity::kFault));
  EXPECT_FALSE(exchanges_.tells(kA, Severity::kWeakness));
  Segment again = syn();
  again.seq += 1000;
  send(5s, again);
  EXPECT_TRUE(exchanges_.tells(kA, Severity::kNote)) << "of the next one";
}

TEST_F(VerdictExchangesTest, TheOldestConnectionMakesRoom) {
  std::optional<std::uint32_t> fresh;
  for (std::uint16_t port = 1; port <= 3; ++port) {
    Segment segment = syn();
    segment.source.port = Port{port};
    fresh = send(0ms, segment);
  }
  const Endpoint first{kA.address, Port{1}}, second{kA.address, Port{2}};
  EXPECT_FALSE(exchanges_.place(first));
  EXPECT_EQ(exchanges_.place(second), 1u);
  EXPECT_EQ(fresh, 0u) << "where the first was";
  Segment answer = syn_ack();
  answer.destination = first;
  fine(10s, answer);
}

// ---- Initial sequence numbers ----

class VerdictIsnTest : public ::testing::Test {
 protected:
  std::optional<Rule> add(std::uint32_t isn) {
    ours_.port.value++;
    const auto broken = history_.add(ours_, Seq(isn));
    return broken ? std::optional(broken->rule) : std::nullopt;
  }
  static std::uint32_t random(std::uint32_t n) { return (n + 1) * 0x9e3779b9u ^ n << 7; }

  Endpoint ours_{IpAddress::v4(10, 0, 0, 1), Port{1}};
  IsnHistory history_;
};

TEST_F(VerdictIsnTest, RandomNumbersBreakNoRule) {
  for (std::uint32_t i = 0; i < 100'000; ++i) EXPECT_FALSE(add(random(i)));
}

TEST_F(VerdictIsnTest, TheNumberOfTheConnectionBefore) {
  EXPECT_FALSE(add(1000));
  EXPECT_FALSE(add(1000)) << "by chance, perhaps";
  EXPECT_FALSE(add(0x40000000));
  EXPECT_EQ(add(0x40000000), Rule::kIsnRepeats);
  EXPECT_FALSE(add(0x40000000)) << "told once";
}

TEST_F(VerdictIsnTest, ANumberThatReturns) {
  for (std::uint32_t i = 0; i < 2; ++i) {
    EXPECT_FALSE(add(1000));
    EXPECT_FALSE(add(random(i)));
  }
  EXPECT_EQ(add(1000), Rule::kIsnReturns);
}

TEST_F(VerdictIsnTest, ANumberThatReturnsOnceInAWhileIsChance) {
  constexpr std::uint32_t kLongAfter = 65'537;
  EXPECT_FALSE(add(1000));
  EXPECT_FALSE(add(random(0)));
  EXPECT_FALSE(add(1000));
  for (std::uint32_t i = 1; i < kLongAfter; ++i) EXPECT_FALSE(add(random(i)));
  EXPECT_FALSE(add(1000)) << "the third in 65,540 connections";
}

TEST_F(VerdictIsnTest, NumbersThatFollowAClock) {
  std::optional<Rule> told;
  for (std::uint32_t i = 0; i < 256 && !told; ++i) told = add(0xffff0000 + i * 64000);
  EXPECT_EQ(told, Rule::kIsnPredictable);
}

TEST_F(VerdictIsnTest, SynCookiesHaveTheirTopBitsInCommon) {
  std::mt19937 random(1);
  for (std::uint32_t i = 0; i < 1'000'000; ++i)
    ASSERT_FALSE(add(0xab000000 | static_cast<std::uint32_t>(random() >> 8))) << i;
}

TEST_F(VerdictIsnTest, OneFourTupleMayFollowAClock) {
  for (std::uint32_t i = 0; i < 1000; ++i)
    EXPECT_FALSE(history_.add(ours_, Seq(0xffff0000 + i * 64000)));
}

// ---- What was lost or overtaken on the way ----

class VerdictTransitTest : public ::testing::Test, protected test::VerdictScene {};

TEST_F(VerdictTransitTest, AGapWithinTheWindowMayBeALoss) {
  excuses.in_transit = true;
  ASSERT_TRUE(open());
  EXPECT_FALSE(sent(b(kAck, 51, 1, 10)));
  EXPECT_FALSE(sent(b(kAck, 1, 1, 50)));
  const auto beyond = sent(b(kAck, 2 + kWindow, 1));
  ASSERT_TRUE(beyond);
  EXPECT_EQ(beyond->rule, Rule::kSequenceGap);
  Segment before = b(kAck, 1, 1, 10);
  before.seq = kIssB - 1000;
  const auto old = sent(before);
  ASSERT_TRUE(old);
  EXPECT_EQ(old->rule, Rule::kSequenceGap);
}

TEST_F(VerdictTransitTest, ASegmentWithoutNewNumbersMayBeOvertaken) {
  excuses.in_transit = true;
  ASSERT_TRUE(open());
  EXPECT_FALSE(say(a(kAck, 1, 1, 50)));
  clock = 80;
  EXPECT_FALSE(sent(b(kAck, 1, 51)));
  clock = 79;
  EXPECT_FALSE(sent(b(kAck, 1, 21)));
  const auto older_timestamp = sent(b(kAck, 1, 51, 1));
  ASSERT_TRUE(older_timestamp);
  EXPECT_EQ(older_timestamp->rule, Rule::kTimestampGoesBack);
  clock = 81;
  const auto older_ack = sent(b(kAck | kFin, 2, 21));
  ASSERT_TRUE(older_ack);
  EXPECT_EQ(older_ack->rule, Rule::kAckGoesBack);
}

/// Remembers one connection, so that each makes room for the next.
class VerdictUnfinishedTest : public ::testing::Test, protected test::VerdictExchangesScene {
 protected:
  VerdictUnfinishedTest() : VerdictExchangesScene(1) {}

  /// Whether a SYN-ACK for a SYN so far back may be of a connection that was forgotten, where one
  /// was left with this segment of ours.
  bool may_be(const std::optional<Segment>& last, Duration after, std::uint32_t back = 1 << 20) {
    send(0ms, syn());
    fine(1ms, syn_ack());
    if (last) send(2ms, *last);
    Segment other = syn();
    other.source.port = Port{1001};
    send(3ms, other);
    Segment next = syn();
    next.seq += 1 << 20;
    send(after, next);
    Segment old = syn_ack();
    old.ack = next.seq + 1 - back;
    return exchanges_.may_be_of_one_before(old, start_ + after);
  }
};

TEST_F(VerdictUnfinishedTest, TheSynAckOfOneThatWasLeftMayComeAgain) {
  EXPECT_TRUE(may_be({}, 1s));
}
TEST_F(VerdictUnfinishedTest, NotForEver) {
  EXPECT_FALSE(may_be({}, 3min));
}
TEST_F(VerdictUnfinishedTest, NotWithANumberOfTheNewSyn) {
  EXPECT_FALSE(may_be({}, 1s, 2));
}
TEST_F(VerdictUnfinishedTest, NotWhereItWasAcknowledgedOrReset) {
  EXPECT_FALSE(may_be(a(kAck, 1, 1), 1s));
  EXPECT_FALSE(may_be(a(kRst, 1, 0), 2s));
}

TEST_F(VerdictTransitTest, ASynAckWithDataHasTheNumbersBehindIt) {
  ASSERT_FALSE(say(syn()));
  Segment early = syn_ack();
  early.data = b(kAck, 1, 1, 4).data;
  const auto finding = say(early);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->rule, Rule::kDataInSyn);
  EXPECT_FALSE(say(a(kAck, 1, 5)));
  EXPECT_FALSE(say(b(kAck | kFin, 5, 1)));
}

}  // namespace
}  // namespace conker
