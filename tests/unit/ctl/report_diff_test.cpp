// Two reports beside each other: what is new, gone and in both, and how far ratios may be noise.
#include "ctl/report_diff.hpp"

#include <gtest/gtest.h>

namespace conker::ctl {
namespace {

using protocol::Strike;
using protocol::Verdict;

Strike::Result passed() {
  Strike::Result result;
  result.verdict = Verdict::kPass;
  result.begin.emplace();
  result.summary.cycles = 1'000;
  result.summary.completed = 1'000;
  result.summary.elapsed = 5s;
  result.timeline.row_width = 1s;
  for (int i = 0; i < 5; ++i)
    result.timeline.seconds.push_back(
        {.begun = 200, .completed = 200, .connect_p50 = 100, .connect_p99 = 200});
  result.summary.connect.p50 = 100;
  return result;
}

Strike::Finding finding(const char* rule, const char* severity, std::uint64_t count,
                        std::uint64_t inconclusive = 0) {
  Strike::Finding made;
  made.rule = rule;
  made.severity = severity;
  made.count = count;
  made.inconclusive = inconclusive;
  return made;
}

TEST(ReportDiffTest, TheSameTwice) {
  const auto diff = ReportDiff::of(passed(), passed());
  EXPECT_TRUE(diff.appeared.empty() && diff.gone.empty() && diff.both.empty());
  EXPECT_TRUE(diff.asked.empty());
  EXPECT_EQ(diff.figures[0].ratio, 1.0);
  EXPECT_EQ(diff.figures[0].noise, 0.0) << "each second is like the others";
  EXPECT_EQ(diff.exit(), kExitDone);
}

TEST(ReportDiffTest, RulesAreNewGoneOrInBoth) {
  Strike::Result a = passed(), b = passed();
  a.findings = {finding("sent-twice", "weakness", 3), finding("isn-repeats", "fault", 1)};
  b.findings = {finding("sent-twice", "weakness", 5), finding("fin-moved", "fault", 2, 1),
                finding("answered-late", "weakness", 4, 4)};
  const auto diff = ReportDiff::of(a, b);
  ASSERT_EQ(diff.appeared.size(), 1u) << "inconclusive ones do not count";
  EXPECT_EQ(diff.appeared[0].name, "fin-moved");
  EXPECT_EQ(diff.appeared[0].b, 1u);
  ASSERT_EQ(diff.gone.size(), 1u);
  EXPECT_EQ(diff.gone[0].name, "isn-repeats");
  ASSERT_EQ(diff.both.size(), 1u);
  EXPECT_EQ(diff.both[0].a, 3u);
  EXPECT_EQ(diff.both[0].b, 5u);
  EXPECT_EQ(diff.exit(), kExitFail);
  EXPECT_EQ(ReportDiff::of(b, a).exit(), kExitFail) << "isn-repeats is new there";
}

TEST(ReportDiffTest, ANewNoteIsNothingWorse) {
  Strike::Result b = passed();
  b.findings = {finding("stretch-acks", "note", 1)};
  EXPECT_EQ(ReportDiff::of(passed(), b).exit(), kExitDone);
  b.verdict = Verdict::kInconclusive;
  EXPECT_EQ(ReportDiff::of(passed(), b).exit(), kExitInconclusive);
  b.verdict = Verdict::kFail;
  EXPECT_EQ(ReportDiff::of(passed(), b).exit(), kExitFail);
  EXPECT_EQ(ReportDiff::of(b, b).exit(), kExitDone) << "no worse than before";
}

TEST(ReportDiffTest, SecondsThatDifferAreNoise) {
  Strike::Result a = passed(), b = passed();
  a.timeline.seconds[0].completed = 240;
  a.timeline.seconds[1].completed = 160;
  b.summary.completed = 1'050;
  auto rate = ReportDiff::of(a, b).figures[0];
  EXPECT_DOUBLE_EQ(*rate.ratio, 1.05);
  // A standard deviation of 32.66 in four seconds: 16.33 of 200.
  EXPECT_NEAR(*rate.noise, 1.05 * 2 * 16.33 / 200, 0.001);
  EXPECT_FALSE(rate.differs());
  b.summary.completed = 1'300;
  EXPECT_TRUE(ReportDiff::of(a, b).figures[0].differs());
  b.timeline.seconds.resize(3);
  EXPECT_FALSE(ReportDiff::of(a, b).figures[0].noise) << "too few to tell";
}

TEST(ReportDiffTest, WhatWasNotAskedTheSame) {
  Strike::Result a = passed(), b = passed();
  b.begin->parameters.concurrency = 64;
  b.begin->parameters.from_port = 2'000;
  b.begin->parameters.journal = true;
  const auto diff = ReportDiff::of(a, b);
  ASSERT_EQ(diff.asked.size(), 1u);
  EXPECT_EQ(diff.asked[0].name, "concurrency");
  EXPECT_EQ(diff.asked[0].b, "64");
  EXPECT_NE(diff.text().find("not asked the same: concurrency 1, then 64\n"), std::string::npos);
}

}  // namespace
}  // namespace conker::ctl
