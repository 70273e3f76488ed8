// The verdict of a strike: what is held against the target, what against our own side.
#include "daemon/control/findings.hpp"

#include <gtest/gtest.h>

namespace conker::daemon {
namespace {

using protocol::Verdict;
using verdict::Rule;

class FindingsTest : public ::testing::Test {
 protected:
  static constexpr Instant kBegin{1s};

  FindingsTest() {
    summary.cycles = summary.completed = summary.audit.opened = summary.audit.closed = 1000;
    summary.audit.balanced = true;
    limits.cycles = 1000;
  }
  void find(Rule rule, Instant at, std::uint32_t seen = 0) {
    verdict::Finding finding{.rule = rule, .tuple = {}, .segment = 0, .seq = Seq(), .seen = seen};
    findings.on_finding({finding, 7, at});
  }
  Judgement judged(bool interrupted = false) const {
    return Judgement::of(limits, summary, findings, interrupted);
  }
  void expect(Verdict verdict, std::string_view why, bool interrupted = false) const {
    const Judgement judgement = judged(interrupted);
    EXPECT_EQ(judgement.verdict, verdict) << judgement.why;
    EXPECT_EQ(judgement.why, why);
  }

  Findings findings{kBegin};
  StrikeSummary summary;
  protocol::Strike::Parameters limits;
};

TEST_F(FindingsTest, NothingFoundPasses) {
  expect(Verdict::kPass, "nothing was found");
}

TEST_F(FindingsTest, AFaultFails) {
  find(Rule::kResetSequence, kBegin + 10ms);
  expect(Verdict::kFail,
         "fault: a reset whose sequence number is not the one its receiver waits for (RFC 9293, "
         "3.10.7.1)");
}

TEST_F(FindingsTest, WhatFailsWhileOurLinkIsNotUpIsInconclusive) {
  findings.running(kBegin + 20ms);
  findings.running(kBegin + 40ms, "link lab was gone");
  findings.running(kBegin + 60ms, "link lab was gone");
  findings.running(kBegin + 80ms);
  find(Rule::kSynUnanswered, kBegin + 4s, 3'000'000);
  summary.failed.timed_out = 900;
  expect(Verdict::kInconclusive, "our own link lab was gone for 40.0 ms");
  find(Rule::kResetSequence, kBegin + 6s);  // long after it
  expect(Verdict::kFail,
         "fault: a reset whose sequence number is not the one its receiver waits for (RFC 9293, "
         "3.10.7.1)");
}

TEST_F(FindingsTest, SeveritiesBelowTheLimitPass) {
  find(Rule::kFinUnanswered, kBegin + 10ms, 1);
  EXPECT_EQ(judged().verdict, Verdict::kFail);
  limits.fail_on = verdict::Severity::kFault;
  expect(Verdict::kPass, "nothing worse than a weakness was found");
}

TEST_F(FindingsTest, ANotePassesByDefault) {
  find(Rule::kPaddingLeak, kBegin + 10ms);
  expect(Verdict::kPass, "nothing worse than a note was found");
  limits.fail_on = verdict::Severity::kNote;
  EXPECT_EQ(judged().verdict, Verdict::kFail);
}

TEST_F(FindingsTest, AWaitInWhichTheDaemonDidNotRunIsInconclusive) {
  for (Instant t = kBegin; t < kBegin + 1s; t += Findings::kHeartbeat) findings.running(t);
  findings.running(kBegin + 1300ms);  // 300 ms late
  findings.running(kBegin + 1320ms);
  find(Rule::kAnsweredLate, kBegin + 1330ms, 260'000);
  expect(Verdict::kInconclusive, "what was found may be our own side's doing");
  EXPECT_EQ(findings.list().at(0).because, "the daemon itself did not run for a while");
  find(Rule::kSentTwice, kBegin + 1330ms, 10'000);
  EXPECT_EQ(judged().verdict, Verdict::kInconclusive) << "both copies were in the backlog";
  for (Instant t = kBegin + 1340ms; t <= kBegin + 1400ms; t += Findings::kHeartbeat)
    findings.running(t);
  find(Rule::kSentTwice, kBegin + 1400ms, 10'000);
  EXPECT_EQ(judged().verdict, Verdict::kFail) << "the first copy came after it";
}

TEST_F(FindingsTest, AStallThatHasJustEndedIsNoticed) {
  findings.running(kBegin + 20ms);
  find(Rule::kSynUnanswered, kBegin + 300ms, 260'000);
  EXPECT_EQ(judged().verdict, Verdict::kInconclusive);
}

TEST_F(FindingsTest, WhatASegmentSaysDoesNotDependOnStalls) {
  findings.running(kBegin + 20ms);
  find(Rule::kSequenceGap, kBegin + 300ms);
  EXPECT_EQ(judged().verdict, Verdict::kFail);
}

TEST_F(FindingsTest, FaultsOfTheLinkExcuseTheTarget) {
  findings.impaired(kBegin + 10ms);
  find(Rule::kSequenceGap, kBegin + 900ms);
  EXPECT_EQ(judged().verdict, Verdict::kInconclusive);
  findings.running(kBegin + 2s);
  find(Rule::kSequenceGap, kBegin + 2s);
  EXPECT_EQ(judged().verdict, Verdict::kFail);
  EXPECT_EQ(findings.list().at(0).count, 2u);
  EXPECT_EQ(findings.list().at(0).inconclusive, 1u);
  EXPECT_EQ(findings.list().at(0).at, 2s) << "the first that is not in doubt";
}

TEST_F(FindingsTest, TheWorstComesFirst) {
  find(Rule::kPaddingLeak, kBegin);
  find(Rule::kFinUnanswered, kBegin);
  find(Rule::kFinMoved, kBegin);
  const auto list = findings.list();
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[0].severity, "fault");
  EXPECT_EQ(list[1].severity, "weakness");
  EXPECT_EQ(list[2].severity, "note");
  EXPECT_EQ(list[0].cycle, 7u);
}

TEST_F(FindingsTest, FailedCyclesFail) {
  summary.completed = summary.audit.closed = 999;
  summary.failed.timed_out = summary.audit.timed_out = 1;
  expect(Verdict::kFail, "1 of 1000 cycles failed: 0 refused, 1 timed out, 0 reset, 0 other");
  limits.max_failed_ppm = 1000;
  EXPECT_EQ(judged().verdict, Verdict::kPass) << "0.1 % may fail";
}

TEST_F(FindingsTest, RetransmissionsBeyondTheLimitFail) {
  summary.retransmits = 2;
  EXPECT_EQ(judged().verdict, Verdict::kPass);
  limits.max_retransmits_ppm = 1000;
  expect(Verdict::kFail, "2 segments had to be sent again in 1000 cycles: 0.2 %");
  limits.max_retransmits_ppm = 2000;
  EXPECT_EQ(judged().verdict, Verdict::kPass);
}

TEST_F(FindingsTest, SlowCyclesFail) {
  summary.connect.p99 = 20'001;
  limits.max_connect_p99_us = 20'000;
  expect(Verdict::kFail, "to connect took 20001 us for one cycle in a hundred, more than 20000 us");
  limits.max_connect_p99_us = 20'001;
  EXPECT_EQ(judged().verdict, Verdict::kPass);
  const Quantiles due{.p99 = 30'000};
  EXPECT_EQ(Judgement::of(limits, summary, findings, false, {.connect_due = due}).why,
            "from when it was due to connected took 30000 us for one cycle in a hundred, more than "
            "20001 us");
  limits.max_connect_p99_us = 30'000;
  EXPECT_EQ(Judgement::of(limits, summary, findings, false, {.connect_due = due}).verdict,
            Verdict::kPass);
  summary.closing.p99 = 5;
  limits.max_close_p99_us = 4;
  EXPECT_EQ(judged().verdict, Verdict::kFail);
}

TEST_F(FindingsTest, WantOfRoomIsNotCountedWhileItIsLearntWhatTheTargetBears) {
  Ladder ladder(64, kBegin);
  findings.while_learning(ladder);
  find(Rule::kSynUnanswered, kBegin);
  EXPECT_EQ(findings.list().size(), 1u) << "one at a time is no want of room";
  for (int i = 0; i < 6; ++i) ladder.on_begin();
  ladder.step(kBegin + Ladder::kLongest);
  ladder.on_begin();
  find(Rule::kSynUnanswered, kBegin);
  find(Rule::kFinUnanswered, kBegin);
  EXPECT_EQ(findings.list().size(), 1u);
  EXPECT_EQ(findings.list()[0].count, 1u) << "cycle 7 is of the second rung";
  find(Rule::kFinMoved, kBegin);
  EXPECT_EQ(findings.list().size(), 2u) << "nothing to do with room";
}

TEST_F(FindingsTest, RefusedWhileLearningIsNoFault) {
  summary.completed = summary.audit.closed = 990;
  summary.failed.refused = summary.audit.refused = 10;
  EXPECT_EQ(judged().verdict, Verdict::kFail);
  EXPECT_EQ(Judgement::of(limits, summary, findings, false, {.excused = 10}).verdict,
            Verdict::kPass);
  EXPECT_EQ(Judgement::of(limits, summary, findings, false, {.excused = 9}).why,
            "10 of 1000 cycles failed: 10 refused, 0 timed out, 0 reset, 0 other, 9 of them no "
            "fault: see ladder");
}

TEST_F(FindingsTest, AnInterruptedStrikeDoesNotPass) {
  expect(Verdict::kInconclusive, "interrupted before its time", true);
  limits.cycles = 5000;
  expect(Verdict::kInconclusive, "interrupted: asked for 5000 cycles, did 1000", true);
  find(Rule::kSequenceGap, kBegin);
  EXPECT_EQ(judged(true).verdict, Verdict::kFail) << "what was found was found";
}

TEST_F(FindingsTest, FewerCyclesThanAskedForDoNotPass) {
  limits.cycles = 1'000'000;
  expect(Verdict::kInconclusive, "asked for 1000000 cycles, did 1000");
}

TEST_F(FindingsTest, NoCycleIsNoVerdict) {
  summary.cycles = 0;
  expect(Verdict::kInconclusive, "no connection could be opened");
  limits.passive = true;
  expect(Verdict::kInconclusive, "nobody came: no connection was opened to us");
  EXPECT_EQ(Judgement::of(limits, summary, findings, false, {.turned_away = 12}).why,
            "nobody came that strike.allow of the configuration names: 12 connections of others "
            "were reset");
}

TEST_F(FindingsTest, AnAuditThatDoesNotBalanceIsOurFault) {
  summary.audit.balanced = false;
  find(Rule::kSequenceGap, kBegin);
  EXPECT_EQ(judged().verdict, Verdict::kInconclusive);
}

}  // namespace
}  // namespace conker::daemon
