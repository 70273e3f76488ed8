// What a replay makes of a strike's evidence, and of what it finds itself.
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "ctl/strike_replay.hpp"

namespace conker::ctl {
namespace {

using protocol::Strike;

Strike::Finding finding_of(const char* rule, const char* severity, std::uint64_t cycle,
                           std::uint64_t inconclusive = 0) {
  Strike::Finding finding;
  finding.rule = rule;
  finding.severity = severity;
  finding.cycle = cycle;
  finding.count = 3;
  finding.inconclusive = inconclusive;
  return finding;
}

Strike::Result result_with(std::vector<Strike::Finding> findings) {
  Strike::Result result;
  result.summary.target = Endpoint{IpAddress::v4(10, 0, 0, 1), Port{80}};
  result.findings = std::move(findings);
  result.begin.emplace();
  result.begin->target = result.summary.target;
  result.begin->parameters.target = "device:80";
  return result;
}

void fail_in(Strike::Result& result, std::uint64_t cycle, StrikePhase phase) {
  auto& first = result.timeline.first_failure.emplace();
  first.cycle = cycle;
  first.phase = phase;
  first.ours = {IpAddress::v4(10, 0, 0, 2), Port{5000}};
}

class CtlReplay : public testing::Test {
 protected:
  ~CtlReplay() override { ::unlink(path_.c_str()); }

  void write(const std::string& text) const { std::ofstream(path_) << text; }
  /// The line with which the file is refused.
  std::string refused() const {
    try {
      (void)read_recorded(path_);
    } catch (const Failure& failure) {
      return failure.what();
    }
    return "";
  }

  std::string path_ = testing::TempDir() + "replay." + std::to_string(::getpid());
};

TEST(CtlReplayGoal, IsTheWorstThatIsForCertain) {
  Strike::Result result =
      result_with({finding_of("a-fault", "fault", 7, 3), finding_of("a-weakness", "weakness", 9),
                   finding_of("a-note", "note", 5)});
  EXPECT_EQ(goal_of(result, "", "f").rule, "a-weakness");
  EXPECT_EQ(goal_of(result, "", "f").cycle, 9u);
  EXPECT_EQ(goal_of(result, "a-fault", "f").cycle, 7u);
}

TEST(CtlReplayGoal, FailedCyclesAreWorseThanNotes) {
  Strike::Result result = result_with({finding_of("a-note", "note", 5)});
  EXPECT_EQ(goal_of(result, "", "f").name(), "a-note");
  fail_in(result, 12, StrikePhase::kClosing);
  EXPECT_EQ(goal_of(result, "", "f").name(), "failed cycle (closing)");
  EXPECT_EQ(goal_of(result, "failure", "f").cycle, 12u);
}

TEST(CtlReplayGoal, WhatIsNotForCertainComesLast) {
  EXPECT_EQ(goal_of(result_with({finding_of("a-fault", "fault", 7, 3)}), "", "f").cycle, 7u);
}

TEST(CtlReplayGoal, RefusesWhatCannotComeAgain) {
  Strike::Result result = result_with({finding_of("a-fault", "fault", 7)});
  const auto why = [&](const char* rule) -> std::string {
    try {
      (void)goal_of(result, rule, "f.json");
    } catch (const Failure& failure) {
      return failure.what();
    }
    return "";
  };
  EXPECT_EQ(why("another"), "f.json: nothing of another: it has a-fault");
  EXPECT_EQ(why("failure"), "f.json: nothing of failure: it has a-fault");
  result.findings[0].section = "--watch-fail";
  EXPECT_EQ(why(""), "f.json: nothing was found that could come again");
}

TEST(CtlReplayGoal, KnowsHowManyCyclesHadBeenBegun) {
  Strike::Result result = result_with({finding_of("a-fault", "fault", 7)});
  result.summary.elapsed = 2'500ms;
  result.timeline.row_width = 1s;
  result.timeline.seconds.resize(3);
  for (auto& row : result.timeline.seconds) row.begun = 1'000;
  const auto begun = [&](Duration at) {
    result.findings[0].at = at;
    return goal_of(result, "a-fault", "f").begun;
  };
  EXPECT_EQ(begun(Duration(0)), 7u) << "its own at least";
  EXPECT_EQ(begun(400ms), 400u);
  EXPECT_EQ(begun(1'500ms), 1'500u);
  EXPECT_EQ(begun(2'250ms), 2'500u) << "the last row is not a whole one";
  EXPECT_EQ(begun(1h), 3'000u);
}

TEST(CtlReplayBudget, IsTwiceTheCyclesAndThoseInFlight) {
  EXPECT_EQ(budget_for(5, 16), 1'000u);
  EXPECT_EQ(budget_for(5'000, 64), 10'064u);
  EXPECT_LT(budget_for(UINT64_MAX, 1), UINT64_MAX);
}

TEST(CtlReplayParameters, StopAtTheGoal) {
  Strike::Result result = result_with({finding_of("a-fault", "fault", 7)});
  fail_in(result, 12, StrikePhase::kClosing);
  Strike::Parameters& asked = result.begin->parameters;
  asked.duration_ms = 1'000;
  asked.concurrency = 9;
  asked.seed = 77;
  asked.from_port = 40'000;
  asked.mix = "fin=1,rst=2";
  asked.evidence = asked.journal = true;
  asked.resumed_cycles = 1'000;
  const Strike::Parameters p = repeated(result, goal_of(result, "", "f"), 50);
  EXPECT_EQ(p.target, "10.0.0.1:80");
  EXPECT_EQ(p.cycles, 50u);
  EXPECT_FALSE(p.duration_ms);
  EXPECT_EQ(p.concurrency, 9u);
  EXPECT_EQ(p.seed, 77u);
  EXPECT_EQ(p.mix, "fin=1,rst=2");
  EXPECT_EQ(p.stop_on_rule, "a-fault");
  EXPECT_FALSE(p.stop_on || p.evidence || p.journal || p.resumed_cycles);
  EXPECT_EQ(p.from_port, 0) << "it is not known who closed first";
  const Strike::Parameters failed = repeated(result, goal_of(result, "failure", "f"), 50);
  EXPECT_EQ(failed.stop_on, StopOn::kFailure);
  EXPECT_FALSE(failed.stop_on_rule);
}

TEST(CtlReplayParameters, HaveTheSamePortsWhereTheTargetClosedNoneFirst) {
  Strike::Result result = result_with({finding_of("a-fault", "fault", 7)});
  const auto port = [&] { return repeated(result, goal_of(result, "", "f"), 50).from_port; };
  result.closed_first = 0;
  EXPECT_FALSE(port()) << "an earlier version's evidence";
  result.begin->parameters.from_port = 40'000;
  EXPECT_EQ(port(), 40'000);
  result.closed_first = 1;
  EXPECT_EQ(port(), 0) << "it may have them in TIME-WAIT";
  result.closed_first = 0;
  result.begin->parameters.mix = "fin=1,syn-silence=1";
  EXPECT_EQ(port(), 0) << "it may have them half-open";
  result.begin->parameters.mix = "fin=1,reopen=1";
  EXPECT_EQ(port(), 0) << "it would not be fresh to the target";
}

TEST(CtlReplayParameters, WaitForPeersInProportion) {
  Strike::Result result = result_with({finding_of("a-fault", "fault", 7)});
  result.findings[0].at = 10s;
  result.begin->parameters.passive = true;
  EXPECT_EQ(repeated(result, goal_of(result, "", "f"), 50).duration_ms, 70'000);
  EXPECT_EQ(wait_for(Duration(0)), 30'000u);
  EXPECT_LE(wait_for(Duration::max()), 5u * 86'400'000);
}

TEST(CtlReplaySighting, IsOfTheSameRule) {
  const Goal goal{"a-fault", {}, 7, {}, 7};
  Strike::Result result = result_with({finding_of("a-fault", "fault", 1'400)});
  result.findings[0].at = 2s;
  EXPECT_EQ(sighting_of(result, goal).exit(), kExitFail);
  EXPECT_EQ(told(sighting_of(result, goal), goal),
            "found again: a-fault in cycle 1,400 (in the evidence: cycle 7), 2.0 s");
  result.findings[0].inconclusive = 3;
  EXPECT_EQ(sighting_of(result, goal).exit(), kExitInconclusive);
  result.findings[0].rule = "another";
  result.summary.cycles = 1'500;
  EXPECT_EQ(sighting_of(result, goal).exit(), kExitInconclusive);
  EXPECT_EQ(told(sighting_of(result, goal), goal), "not found again in 1,500 cycles: a-fault");
}

TEST(CtlReplaySighting, IsOfTheSamePhase) {
  const Goal goal{"", StrikePhase::kClosing, 7};
  Strike::Result result = result_with({});
  fail_in(result, 12, StrikePhase::kConnecting);
  result.stopped.emplace().why = "the first failed cycle, 12";
  EXPECT_EQ(told(sighting_of(result, goal), goal),
            "not found again in 0 cycles: failed cycle (closing); it was stopped: the first failed "
            "cycle, 12");
  fail_in(result, 12, StrikePhase::kClosing);
  EXPECT_EQ(sighting_of(result, goal).exit(), kExitFail);
  EXPECT_EQ(sighting_of(result, goal).cycle, 12u);
}

TEST_F(CtlReplay, ReadsTheReportBesideTheEvidence) {
  write(protocol::to_json(result_with({finding_of("a-fault", "fault", 7)})).dump(2));
  const Strike::Result read = read_recorded(path_);
  EXPECT_EQ(read.findings.at(0).cycle, 7u);
  EXPECT_EQ(to_string(read.begin->target), "10.0.0.1:80");
}

TEST_F(CtlReplay, ReadsAJournalThatIsCutOff) {
  json begin = protocol::to_json(*result_with({}).begin);
  write(json{{"begin", begin}}.dump() + "\n" +
        json{{"finding", protocol::to_json(finding_of("a-fault", "fault", 7))}}.dump() +
        "\n{\"sec");
  const Strike::Result read = read_recorded(path_);
  EXPECT_EQ(read.findings.at(0).rule, "a-fault");
  EXPECT_EQ(to_string(read.begin->target), "10.0.0.1:80");
}

TEST_F(CtlReplay, RefusesOtherFiles) {
  EXPECT_EQ(refused(), path_ + ": No such file or directory");
  write("hello");
  EXPECT_EQ(refused(), path_ +
                           ": not the journal of a strike, which begins with a line "
                           "{\"begin\":...}");
  write("{\"verdict\":\"pass\"}");
  EXPECT_EQ(refused(), path_ + ": not the report of a strike: why: is missing");
  Strike::Result old = result_with({});
  old.begin.reset();
  write(protocol::to_json(old).dump());
  EXPECT_EQ(refused(), path_ +
                           ": of a conkerd before replays: it does not say how the target was "
                           "struck");
  EXPECT_THROW((void)read_recorded("found.pcapng"), Failure);
}

}  // namespace
}  // namespace conker::ctl
