// A strike that ends at what it was asked to stop on.
#include "daemon/control/ending.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "tests/unit/script.hpp"

namespace conker::daemon {
namespace {

using protocol::StopOn;
using protocol::Stopped;
using verdict::Rule;

class EndingTest : public ::testing::Test {
 protected:
  static constexpr Instant kBegin{1s};

  void asked(std::optional<StopOn> on, std::optional<std::string> rule = std::nullopt) {
    parameters.stop_on = on;
    parameters.stop_on_rule = std::move(rule);
    ending.emplace(parameters, kBegin);
  }
  void find(Rule rule, Instant at, std::uint64_t cycle = 7, std::uint32_t seen = 0) {
    verdict::Finding finding{.rule = rule, .tuple = {}, .segment = 0, .seq = Seq(), .seen = seen};
    findings.on_finding({finding, cycle, at});
  }
  void end_cycle(Duration at, std::optional<StrikeFailure> failure = std::nullopt) {
    history->on_begin(WayToClose::kFin, 1, 1, kBegin + at);
    history->on_end({{}, ++cycle_, WayToClose::kFin, failure, kBegin + at, kBegin + at});
  }
  bool due(Duration at = 0ms) { return ending->due(findings, *history, kBegin + at); }

  test::Script script;
  protocol::Strike::Parameters parameters;
  Findings findings{kBegin};
  std::unique_ptr<StrikeHistory> history = std::make_unique<StrikeHistory>(script.stack(), kBegin);
  std::optional<Ending> ending;

 private:
  std::uint64_t cycle_ = 0;
};

TEST_F(EndingTest, GoesOnWhateverIsFoundUnlessAsked) {
  asked(std::nullopt);
  find(Rule::kSequenceGap, kBegin);
  end_cycle(1ms, StrikeFailure::kReset);
  EXPECT_FALSE(due());
  EXPECT_FALSE(ending->why());
}

TEST_F(EndingTest, StopsAtTheFirstOfASeverityOrAbove) {
  asked(StopOn::kWeakness);
  find(Rule::kPaddingLeak, kBegin + 1ms);
  end_cycle(1ms, StrikeFailure::kReset);
  EXPECT_FALSE(due()) << "a note, and a failure that nobody asked about";
  find(Rule::kFinMoved, kBegin + 3ms, 12);
  find(Rule::kFinUnanswered, kBegin + 2ms, 11, 1);
  ASSERT_TRUE(due());
  EXPECT_EQ(ending->why()->cause, Stopped::Cause::kFinding);
  EXPECT_EQ(ending->why()->cycle, 11u);
  EXPECT_EQ(ending->why()->at, 2ms);
  EXPECT_EQ(ending->why()->why, "the first weakness (fin-unanswered) in cycle 11, after 2.0 ms");
  find(Rule::kFinMoved, kBegin + 1ms, 1);
  EXPECT_TRUE(due());
  EXPECT_EQ(ending->why()->cycle, 11u) << "the reason stays";
}

TEST_F(EndingTest, WhatIsInconclusiveDoesNotStop) {
  asked(StopOn::kNote);
  findings.impaired(kBegin);
  find(Rule::kFinMoved, kBegin + 1ms);
  EXPECT_FALSE(due());
  find(Rule::kFinMoved, kBegin + 3s, 900);
  ASSERT_TRUE(due());
  EXPECT_EQ(ending->why()->cycle, 900u) << "the first one that proves something";
}

TEST_F(EndingTest, StopsAtTheFirstFailedCycle) {
  asked(StopOn::kFailure);
  find(Rule::kFinMoved, kBegin);
  end_cycle(1ms);
  EXPECT_FALSE(due());
  end_cycle(20ms, StrikeFailure::kFinReset);
  ASSERT_TRUE(due());
  EXPECT_EQ(ending->why()->cause, Stopped::Cause::kFailure);
  EXPECT_EQ(ending->why()->why, "the first failed cycle, 2, after 20.0 ms: RST to FIN");
}

TEST_F(EndingTest, StopsAtEither) {
  asked(StopOn::kAny);
  find(Rule::kPaddingLeak, kBegin);
  EXPECT_TRUE(due());
  asked(StopOn::kAny);
  end_cycle(1ms, StrikeFailure::kReset);
  EXPECT_TRUE(due());
}

TEST_F(EndingTest, StopsAtTheRuleOfTheName) {
  asked(std::nullopt, "padding-leak");
  find(Rule::kFinMoved, kBegin);
  EXPECT_FALSE(due());
  find(Rule::kPaddingLeak, kBegin, 3);
  ASSERT_TRUE(due());
  EXPECT_EQ(ending->why()->cycle, 3u);
}

TEST_F(EndingTest, APeerThatHasStoppedAnswering) {
  parameters.concurrency = 3;
  parameters.connect_timeout_ms = 1000;
  asked(std::nullopt);
  end_cycle(2s);
  end_cycle(4s, StrikeFailure::kSynUnanswered);
  end_cycle(4s, StrikeFailure::kReset);
  end_cycle(5s, StrikeFailure::kFinUnanswered);
  EXPECT_FALSE(due(9s)) << "two of three, and one that was answered";
  end_cycle(6s, StrikeFailure::kSynReset);
  EXPECT_FALSE(due(2s + 6049ms)) << "1 s and 5 s of timeouts, 50 ms of holding";
  ASSERT_TRUE(due(2s + 6050ms));
  EXPECT_EQ(ending->why()->cause, Stopped::Cause::kWedged);
  EXPECT_EQ(ending->why()->cycle, 1u);
  EXPECT_EQ(ending->why()->why,
            "the peer has stopped answering after cycle 1, 2.0 s: 2 cycles unanswered and 1 "
            "refused one after another, none completed in 6.1 s");
}

TEST_F(EndingTest, ACompletedCycleIsAnAnswer) {
  asked(std::nullopt);
  for (int i = 1; i < 9; ++i) end_cycle(i * 1s, StrikeFailure::kSynUnanswered);
  end_cycle(9s);
  EXPECT_FALSE(due(11s));
  end_cycle(11s, StrikeFailure::kSynUnanswered);
  end_cycle(12s, StrikeFailure::kUnreachable);
  EXPECT_FALSE(due(12s));
  EXPECT_TRUE(due(20s));
}

TEST_F(EndingTest, APeerThatNeverAnswered) {
  asked(std::nullopt);
  end_cycle(5s, StrikeFailure::kSynUnanswered);
  EXPECT_FALSE(due(60s)) << "one of a concurrency of one is not enough";
  end_cycle(61s, StrikeFailure::kSynUnanswered);
  ASSERT_TRUE(due(61s));
  EXPECT_EQ(ending->why()->why.substr(0, 26), "the peer does not answer: ");
  EXPECT_EQ(ending->why()->cycle, 0u);
}

TEST_F(EndingTest, KeepsGoingWhenAsked) {
  parameters.keep_going = true;
  asked(std::nullopt);
  for (int i = 1; i < 99; ++i) end_cycle(i * 1s, StrikeFailure::kSynUnanswered);
  EXPECT_FALSE(due(100s));
}

TEST_F(EndingTest, SilenceFailsUnlessOurOwnLinkMayHaveMadeIt) {
  StrikeSummary summary;
  summary.cycles = summary.failed.timed_out = summary.audit.opened = summary.audit.timed_out = 10;
  summary.audit.balanced = true;
  parameters.max_failed_ppm = 1'000'000;
  asked(std::nullopt);
  for (int i = 1; i < 10; ++i) end_cycle(i * 5s, StrikeFailure::kSynUnanswered);
  ASSERT_TRUE(due(50s));
  const auto judged = [&] {
    return Judgement::of(parameters, summary, findings, false, {.stopped = ending->why()});
  };
  EXPECT_EQ(judged().verdict, protocol::Verdict::kFail);
  EXPECT_EQ(judged().why, ending->why()->why);
  findings.impaired(kBegin + 1s);
  EXPECT_EQ(judged().verdict, protocol::Verdict::kInconclusive);
}

TEST_F(EndingTest, ARuleThatIsNone) {
  asked(std::nullopt, "padding-leek");
  const std::string wrong = Ending::complaint(parameters);
  EXPECT_EQ(
      wrong.substr(0, wrong.find("never")),
      "strike: stop_on_rule must be the name of a rule, not padding-leek: one of ack-missing, ");
  EXPECT_NE(wrong.find(", padding-leak"), std::string::npos);
  for (std::size_t i = 0; i < verdict::kRules; ++i) {
    const auto rule = static_cast<Rule>(i);
    EXPECT_EQ(verdict::rule_named(verdict::info_of(rule).name), rule);
  }
}

TEST_F(EndingTest, IsJudgedByWhatWasFound) {
  StrikeSummary summary;
  summary.cycles = summary.completed = summary.audit.opened = summary.audit.closed = 10;
  summary.audit.balanced = true;
  parameters.cycles = 1000;
  asked(StopOn::kNote);
  find(Rule::kPaddingLeak, kBegin, 9);
  ASSERT_TRUE(due());
  const auto judged = [&] {
    return Judgement::of(parameters, summary, findings, false, {.stopped = ending->why()});
  };
  EXPECT_EQ(judged().verdict, protocol::Verdict::kInconclusive);
  EXPECT_EQ(judged().why,
            "stopped as asked at the first note (padding-leak) in cycle 9, after 0 us, which is "
            "nothing that fails");
  find(Rule::kFinMoved, kBegin);
  EXPECT_EQ(judged().verdict, protocol::Verdict::kFail);
}

}  // namespace
}  // namespace conker::daemon
