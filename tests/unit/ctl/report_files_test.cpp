// Reports for other programs: what they escape, and what a row holds. That others read them is
// shown end to end (tests/e2e/test_reports.py).
#include "ctl/report_files.hpp"

#include <gtest/gtest.h>

namespace conker::ctl {
namespace {

const std::vector<Case> kCases{
    {.name = "verdict", .outcome = Case::Outcome::kFailed, .message = "FAIL: a < b", .detail = ""},
    {.name = "watch cat #1",
     .outcome = Case::Outcome::kFailed,
     .message = "two\nlines",
     .detail = "one\n\x01two\n"},
    {.name = "way fin", .outcome = Case::Outcome::kPassed, .message = "all", .detail = ""},
    {.name = "monitor ping", .outcome = Case::Outcome::kError, .message = "none", .detail = ""}};

TEST(ReportFilesTest, JunitCountsAndEscapes) {
  EXPECT_EQ(junit_of({{"conker", 1.5, "/a/b.pcapng", kCases}}),
            R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="conker" tests="4" failures="2" errors="1" time="1.500">
    <testcase classname="conker" name="verdict">
      <failure message="FAIL: a &lt; b"></failure>
      <system-out>[[ATTACHMENT|/a/b.pcapng]]
</system-out>
    </testcase>
    <testcase classname="conker" name="watch cat #1">
      <failure message="two&#10;lines">one
?two
</failure>
    </testcase>
    <testcase classname="conker" name="way fin">
      <system-out>all
</system-out>
    </testcase>
    <testcase classname="conker" name="monitor ping">
      <error message="none"></error>
    </testcase>
  </testsuite>
</testsuites>
)");
}

TEST(ReportFilesTest, TapHasALineForEachAndWhatIsWrong) {
  EXPECT_EQ(tap_of({{"conker", 1.5, "", kCases}}), R"(TAP version 13
1..4
not ok 1 - verdict: FAIL: a < b
not ok 2 - watch cat \#1: two lines
  ---
  detail: |
    one
    ?two
  ...
ok 3 - way fin: all
not ok 4 - monitor ping: none
)");
}

TEST(ReportFilesTest, CsvHasARowForEachSecondOrSoMany) {
  protocol::StrikeTimeline timeline;
  timeline.row_width = 10s;
  timeline.seconds = {{.begun = 5,
                       .completed = 4,
                       .failed = 1,
                       .connect_p50 = 20,
                       .connect_p99 = 30,
                       .failed_closing = 1,
                       .close_p50 = 40,
                       .close_p99 = 50,
                       .most_in_flight = 8,
                       .most_opening = 2},
                      {.begun = 1, .completed = 1}};
  EXPECT_EQ(csv_of(timeline),
            "from_s,begun,completed,failed,connect_p50_us,connect_p99_us,failed_connecting,"
            "failed_established,failed_closing,close_p50_us,close_p99_us,most_in_flight,"
            "most_opening\n"
            "0,5,4,1,20,30,0,0,1,40,50,8,2\n"
            "10,1,1,0,0,0,0,0,0,0,0,0,0\n");
}

TEST(ReportFilesTest, ACaseFailsOnlyWhereTheVerdictDoes) {
  protocol::Strike::Result result;
  result.verdict = protocol::Verdict::kPass;
  result.summary.cycles = 100;
  result.summary.completed = 99;
  result.summary.failed.refused = 1;
  result.timeline.ways.push_back(
      {.name = WayToClose::kFin, .begun = 100, .completed = 99, .failed = 1, .failures = {}});
  const auto outcomes = [&] {
    std::vector<Case::Outcome> all;
    for (const Case& one : cases_of(result, {}, {})) all.push_back(one.outcome);
    return all;
  };
  using enum Case::Outcome;
  EXPECT_EQ(outcomes(), (std::vector{kPassed, kPassed})) << "as --max failed=1% has it";
  result.verdict = protocol::Verdict::kFail;
  EXPECT_EQ(outcomes(), (std::vector{kFailed, kFailed}));
  result.verdict = protocol::Verdict::kInconclusive;
  EXPECT_EQ(outcomes(), (std::vector{kError, kPassed}));
}

}  // namespace
}  // namespace conker::ctl
