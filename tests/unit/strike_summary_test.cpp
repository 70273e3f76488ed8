// The figures of a strike and their words, which daemon, conkerctl and chip share.
#include <gtest/gtest.h>

#include <string>

#include "protocol/text.hpp"
#include "stack/strike/summary.hpp"

namespace conker {
namespace {

StrikeSummary good() {
  StrikeRequest request;
  request.target = {IpAddress::v4(10, 77, 0, 1), Port{9000}};
  request.concurrency = 64;
  StrikeReport report;
  report.begun = report.closed = 12'345;
  report.elapsed = 10s;
  for (int i = 0; i < 12'345; ++i) report.connect.add(Duration(500));
  return StrikeSummary::of(request, report, Audit{});
}

TEST(StrikeSummary, RateAndVerdictComeFirst) {
  const StrikeSummary summary = good();
  EXPECT_TRUE(summary.good());
  EXPECT_EQ(to_string(StrikeOutcome{summary}), "good");
  EXPECT_DOUBLE_EQ(summary.cycles_per_second(), 1234.5);
  EXPECT_EQ(
      printed(summary),
      "1,235 cycles a second: good\n"
      "\n"
      "target       10.77.0.1:9000, closed by fin, 64 at a time, seed 1\n"
      "completed    12,345 of 12,345 cycles in 10.0 s\n"
      "failed       0 cycles: 0 refused, 0 timed out, 0 reset, 0 other\n"
      "connect      half within 500 us, 90% 500 us, 99% 500 us, 99.9% 500 us, longest 500 us\n"
      "close        at once\n"
      "retransmits  0 segments\n"
      "TIME-WAIT    0 records evicted, 0 reused\n"
      "audit        12,345 opened = 12,345 closed + 0 reset + 0 aborted + 0 timed out + 0 "
      "refused + 0 other + 0 live: balanced\n");
}

TEST(StrikeSummary, AVerdictNamesWhatIsWrongFirst) {
  StrikeSummary failed = good();
  failed.completed -= 3;
  failed.failed.refused = 2;
  failed.failed.reset = 1;
  EXPECT_EQ(to_string(StrikeOutcome{failed}),
            "3 of 12345 cycles failed: 2 refused, 0 timed out, 1 reset, 0 other");
  failed.completed -= 1;
  EXPECT_EQ(to_string(StrikeOutcome{failed}),
            "the strike's own audit does not balance: please report it");

  Audit audit;
  audit.fault = "a timer on a free slot";
  const StrikeSummary unbalanced = StrikeSummary::of({}, {}, audit);
  EXPECT_FALSE(unbalanced.good());
  EXPECT_EQ(to_string(StrikeOutcome{unbalanced}),
            "the stack's audit does not balance: a timer on a free slot");

  StrikeSummary nothing = StrikeSummary::of({}, {}, Audit{});
  EXPECT_FALSE(nothing.good());
  EXPECT_EQ(to_string(StrikeOutcome{nothing}), "no connection could be opened");
  nothing.passive = true;
  EXPECT_EQ(to_string(StrikeOutcome{nothing}), "nobody came");
}

}  // namespace
}  // namespace conker
