// What monitors beside a strike come to: kept, degraded, lost, and the verdict with them.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ctl/monitor_options.hpp"
#include "ctl/monitor_report.hpp"
#include "ctl/strike_verdict.hpp"

namespace conker::ctl {
namespace {

using Phase = MonitorTally::Phase;
using Kind = ProbeOutcome::Kind;

class MonitorsTest : public ::testing::Test {
 protected:
  MonitorsTest() {
    for (int i = 0; i < 3; ++i) tally.baseline(1ms);
  }
  /// Probes at intervals of a second: 'o' is good, '-' failed, '?' could not be made by us.
  void probes(Phase phase, std::string_view outcomes, Duration latency = 1ms) {
    for (const char outcome : outcomes) {
      const Kind kind = outcome == 'o' ? Kind::kGood : outcome == '-' ? Kind::kFailed : Kind::kOurs;
      tally.add(phase, at, {kind, latency, kind == Kind::kOurs ? "no daemon" : "no answer"});
      at += 1s;
    }
  }
  /// A strike of as many seconds as there are outcomes, and what came after it.
  MonitorReport report(std::string_view during, std::string_view after) {
    probes(Phase::kDuring, during);
    const Duration end = at;
    probes(Phase::kAfter, after);
    return tally.report(end, limit);
  }

  MonitorTally tally{"ping:10.77.0.1"};
  OutageLimit limit;
  Duration at{0};
};

TEST_F(MonitorsTest, Kept) {
  const MonitorReport seen = report("oooo", "ooo");
  EXPECT_EQ(seen.state, ServiceState::kKept);
  EXPECT_EQ(seen.why, "");
  EXPECT_EQ(seen.during.probes, 4u);
  EXPECT_EQ(seen.after.probes, 3u);
  EXPECT_EQ(seen.recovered_after, Duration(0));
  EXPECT_EQ(seen.first_failed_at, std::nullopt);
  EXPECT_TRUE(tally.settled());
}

TEST_F(MonitorsTest, ThreeFailedProbesAreDegradedAndFourAreLost) {
  const MonitorReport three = report("o---oo", "ooo");
  EXPECT_EQ(three.state, ServiceState::kDegraded);
  EXPECT_EQ(three.why, "during the strike: 3 of 6 probes failed");
  EXPECT_EQ(three.longest_outage, 3s);
  EXPECT_EQ(three.first_failed_at, Duration(1s));
  EXPECT_EQ(three.after.state, ServiceState::kKept);

  const MonitorReport four = MonitorsTest::report("----o", "ooo");
  EXPECT_EQ(four.state, ServiceState::kLost);
  EXPECT_EQ(four.failed_in_a_row, 4u);
  EXPECT_EQ(four.why, "during the strike: 4 probes failed one after the other, for 4.0 s (3 may)");
  EXPECT_EQ(four.recovered_after, Duration(0));
}

TEST_F(MonitorsTest, AnOutageGoesOnBehindTheStrikesEnd) {
  const MonitorReport seen = report("oo--", "---ooo");
  EXPECT_EQ(seen.during.state, ServiceState::kDegraded);
  EXPECT_EQ(seen.during.outage, 1s);
  EXPECT_EQ(seen.after.state, ServiceState::kLost);
  EXPECT_EQ(seen.after.outage, 5s);
  EXPECT_EQ(seen.longest_outage, 5s);
  EXPECT_EQ(seen.failed_in_a_row, 5u);
  EXPECT_EQ(seen.recovered_after, Duration(3s));
  EXPECT_EQ(seen.why, "after the strike: 5 probes failed one after the other, for 5.0 s (3 may)");
}

TEST_F(MonitorsTest, ServiceThatDoesNotComeBackHasNoRecoveryTime) {
  const MonitorReport seen = report("oo", "o-----");
  EXPECT_EQ(seen.state, ServiceState::kLost);
  EXPECT_EQ(seen.recovered_after, std::nullopt);
  EXPECT_FALSE(tally.settled());
}

TEST_F(MonitorsTest, SettledAfterThreeGoodOnesInARow) {
  report("----", "oo-oo");
  EXPECT_FALSE(tally.settled());
  probes(Phase::kAfter, "o");
  EXPECT_TRUE(tally.settled());
}

TEST_F(MonitorsTest, ALimitInTimeReplacesTheNumberOfProbes) {
  limit.longest = 10s;
  EXPECT_EQ(report("------o", "ooo").state, ServiceState::kDegraded);
  limit.longest = 5s;
  const MonitorReport seen = tally.report(at, limit);
  EXPECT_EQ(seen.state, ServiceState::kLost);
  EXPECT_EQ(seen.why,
            "during the strike: 6 probes failed one after the other, for 6.0 s (5.0 s may)");
}

TEST_F(MonitorsTest, SlowIsAMedianOfFiveTimesTheBaselineAndMoreThan250Ms) {
  probes(Phase::kDuring, "oooooooo", 240ms);
  EXPECT_EQ(tally.report(at, limit).state, ServiceState::kKept);  // 240 times a baseline of 1 ms
  probes(Phase::kDuring, "oooooooooooo", 400ms);
  const MonitorReport seen = tally.report(at, limit);
  EXPECT_EQ(seen.state, ServiceState::kDegraded);
  EXPECT_EQ(
      seen.why,
      "during the strike: the median probe took 400.0 ms (250.0 ms may; 1.0 ms before the strike)");
}

TEST_F(MonitorsTest, ProbesThatWeCouldNotMakeAreNoFailures) {
  const MonitorReport seen = report("oo????????oo", "ooo");
  EXPECT_EQ(seen.state, ServiceState::kKept);
  EXPECT_EQ(seen.during.probes, 4u);
  EXPECT_EQ(seen.during.ours, 8u);
  EXPECT_EQ(seen.not_made, "no daemon");
  EXPECT_EQ(seen.first_failure, "");
}

// ---- The verdict ----

using protocol::Verdict;
using verdict::Severity;

const Ruling kPassed{Verdict::kPass, "nothing was found"};
const Ruling kFailed{Verdict::kFail, "fault: broken"};
const Ruling kInterrupted{Verdict::kInconclusive, "interrupted before its time"};

TEST_F(MonitorsTest, ServiceThatIsKeptChangesNoVerdict) {
  const std::vector<MonitorReport> kept{report("ooo", "ooo")};
  for (const Ruling& daemon : {kPassed, kFailed, kInterrupted}) {
    EXPECT_EQ(ruling(daemon, kept, {}, Severity::kWeakness).verdict, daemon.verdict);
    EXPECT_EQ(ruling(daemon, kept, {}, Severity::kWeakness).why, daemon.why);
  }
}

TEST_F(MonitorsTest, ServiceThatIsLostFails) {
  const std::vector<MonitorReport> lost{report("----o", "ooo")};
  const std::string why =
      "service lost during the strike: 4 probes failed one after the other, for 4.0 s (3 may), "
      "seen by ping:10.77.0.1";
  for (const Ruling& daemon : {kPassed, kInterrupted}) {
    EXPECT_EQ(ruling(daemon, lost, {}, Severity::kFault).verdict, Verdict::kFail);
    EXPECT_EQ(ruling(daemon, lost, {}, Severity::kFault).why, why);
  }
  EXPECT_EQ(ruling(kFailed, lost, {}, Severity::kFault).why, "fault: broken; " + why);
}

TEST_F(MonitorsTest, ServiceThatIsDegradedIsAWeakness) {
  const std::vector<MonitorReport> degraded{report("o-oo", "ooo")};
  EXPECT_EQ(ruling(kPassed, degraded, {}, Severity::kWeakness).verdict, Verdict::kFail);
  EXPECT_EQ(ruling(kPassed, degraded, {}, Severity::kNote).verdict, Verdict::kFail);
  const Ruling passes = ruling(kPassed, degraded, {}, Severity::kFault);
  EXPECT_EQ(passes.verdict, Verdict::kPass);
  EXPECT_EQ(passes.why,
            "nothing was found; service degraded during the strike: 1 of 4 probes failed, seen by "
            "ping:10.77.0.1");
}

TEST_F(MonitorsTest, WhatOurOwnSideDidNotSeeIsInconclusive) {
  const std::vector<MonitorReport> unseen{report("oo", "??")};
  const Ruling made = ruling(kPassed, unseen, {}, Severity::kWeakness);
  EXPECT_EQ(made.verdict, Verdict::kInconclusive);
  EXPECT_EQ(made.why, "2 probes of ping:10.77.0.1 could not be made by our own side: no daemon");
  EXPECT_EQ(ruling(kFailed, unseen, {}, Severity::kWeakness).why, kFailed.why);
}

TEST_F(MonitorsTest, NoProbeIsInconclusive) {
  const std::vector<MonitorReport> none{report("", "")};
  EXPECT_EQ(ruling(kPassed, none, {}, Severity::kWeakness).verdict, Verdict::kInconclusive);
}

// ---- The command line, and the report ----

TEST(MonitorSpec, Names) {
  const auto parse = [](const char* text) { return MonitorSpec::parse(text, "10.77.0.1:9000"); };
  EXPECT_EQ(parse("ping").name, "ping:10.77.0.1");
  EXPECT_EQ(parse("ping").where, "10.77.0.1");
  EXPECT_EQ(parse("ping:host.example").where, "host.example");
  EXPECT_EQ(parse("tcp://10.77.0.1:80").where, "10.77.0.1:80");
  EXPECT_EQ(parse("http://10.77.0.1").where, "10.77.0.1:80");
  EXPECT_EQ(parse("http://10.77.0.1").path, "/");
  EXPECT_EQ(parse("http://10.77.0.1:8080/a/b?c").where, "10.77.0.1:8080");
  EXPECT_EQ(parse("http://10.77.0.1:8080/a/b?c").path, "/a/b?c");
  EXPECT_EQ(parse("exec:test -e /tmp/x").where, "test -e /tmp/x");
  for (const char* text : {"", "pong", "ping:", "ping:a b", "tcp://", "tcp://10.77.0.1",
                           "tcp:10.77.0.1:80", "http://", "http://:80/", "http://10.77.0.1/a b",
                           "http://10.77.0.1/\r\nHost: x", "exec:", "https://10.77.0.1/"}) {
    EXPECT_THROW(parse(text), Failure) << text;
  }
}

TEST(MonitorSettings, NoMoreThanEight) {
  MonitorOptions options;
  options.monitors.assign(8, "ping");
  EXPECT_EQ(options.settings("10.77.0.1:9000").monitors.size(), 8u);
  options.monitors.emplace_back("ping");
  EXPECT_THROW((void)options.settings("10.77.0.1:9000"), Failure);
}

TEST(MonitorSettings, TheLimitOfOutages) {
  OutageLimit limit;
  EXPECT_FALSE(take_outage_limit("failed=1%", limit));
  EXPECT_TRUE(take_outage_limit("monitor_outage=90s", limit));
  EXPECT_EQ(limit.longest, Duration(90s));
  EXPECT_THROW(take_outage_limit("monitor_outage=", limit), Failure);
}

TEST_F(MonitorsTest, TheReport) {
  EXPECT_EQ(monitors_report({}), "");
  EXPECT_EQ(monitors_report({report("o----o", "ooo")}),
            "\n"
            "monitor      ping:10.77.0.1: lost during the strike: 4 probes failed one after the "
            "other, for 4.0 s (3 may)\n"
            "             before  3 probes, half within 1.0 ms\n"
            "             during  6 probes, 4 failed, half within 1.0 ms, longest 1.0 ms\n"
            "             after   3 probes, 0 failed, half within 1.0 ms, longest 1.0 ms\n"
            "             first failed after 1.0 s: no answer\n"
            "             longest outage 4.0 s; back before the strike ended\n");
}

}  // namespace
}  // namespace conker::ctl
