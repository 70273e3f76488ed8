// What conkerctl makes of a journal: of one that is whole, cut off anywhere, or of several parts.
#include "ctl/journal.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>

#include "ctl/strike_parts.hpp"

namespace conker::ctl {
namespace {

using protocol::Verdict;

class CtlJournal : public testing::Test {
 protected:
  static constexpr std::uint64_t kAsked = 300;

  ~CtlJournal() override { ::unlink(path_.c_str()); }

  template <typename T>
  void line(std::string_view name, const T& value) {
    text_ += json{{std::string(name), protocol::to_json(value)}}.dump() + "\n";
  }
  void begin(std::uint64_t resumed = 0) {
    protocol::JournalBegin begin;
    begin.target = Endpoint{IpAddress::v4(10, 0, 0, 1), Port{80}};
    begin.parameters.target = "10.0.0.1:80";
    begin.parameters.cycles = kAsked - resumed;
    begin.parameters.resumed_cycles = resumed;
    line("begin", begin);
  }
  /// A second in which 100 cycles were begun; `sums` are of the part.
  void second(Duration at, std::uint64_t cycles, Duration elapsed) {
    protocol::JournalSecond second;
    second.at = at;
    second.row = {.begun = 100, .completed = 90, .failed = 0, .connect_p50 = 10, .connect_p99 = 20};
    second.live = 10;
    second.sums.cycles = cycles;
    second.sums.closed = cycles - 10;
    second.sums.elapsed = elapsed;
    second.sums.connect = {10, 15, 20, 25, 30};
    line("second", second);
  }
  void finding(std::uint64_t count, std::uint64_t inconclusive, const char* severity = "fault") {
    line("finding", found(count, inconclusive, severity));
  }
  static protocol::Strike::Finding found(std::uint64_t count, std::uint64_t inconclusive,
                                         const char* severity) {
    protocol::Strike::Finding finding;
    finding.rule = std::string("rule-of-") + severity;
    finding.severity = severity;
    finding.section = "RFC 1";
    finding.text = "it is wrong";
    finding.count = count;
    finding.inconclusive = inconclusive;
    finding.cycle = 7;
    return finding;
  }
  void report(std::uint64_t cycles, Verdict verdict, const char* why) {
    protocol::Strike::Result result;
    result.verdict = verdict;
    result.why = why;
    result.summary.target = Endpoint{IpAddress::v4(10, 0, 0, 1), Port{80}};
    result.summary.cycles = result.summary.completed = cycles;
    result.summary.audit.opened = result.summary.audit.closed = cycles;
    result.summary.audit.balanced = true;
    result.summary.elapsed = 1s;
    result.summary.connect = {20, 20, 20, 20, 20};
    result.timeline.row_width = 1s;
    result.timeline.seconds = {{.begun = cycles, .completed = cycles}};
    line("report", result);
  }
  StrikeJournal read() const {
    std::ofstream(path_) << text_;
    return read_journal(path_);
  }

  std::string text_;
  std::string path_ = testing::TempDir() + "ctl_journal." + std::to_string(::getpid());
};

TEST_F(CtlJournal, WithoutItsEndItIsInconclusiveUpToTheLastRow) {
  begin();
  second(1s, 100, 1s);
  second(2s, 200, 2s);
  const auto result = result_of(read());
  EXPECT_EQ(result.timeline.in_flight.max, 10u);
  EXPECT_EQ(result.timeline.in_flight.mean, 10.0);
  EXPECT_EQ(result.verdict, Verdict::kInconclusive);
  EXPECT_EQ(result.why,
            "the daemon ended, or the journal was cut: known up to 2.0 s and cycle 200");
  EXPECT_EQ(result.summary.cycles, 200u);
  EXPECT_EQ(result.summary.completed, 190u);
  EXPECT_EQ(result.summary.connect.p99, 20u);
  EXPECT_TRUE(result.summary.audit.balanced);
  EXPECT_EQ(result.timeline.asked, kAsked);
  ASSERT_EQ(result.timeline.seconds.size(), 2u);
  EXPECT_EQ(result.timeline.seconds[1].begun, 100u);
}

TEST_F(CtlJournal, WhatWasFoundBeforeTheCutFails) {
  begin();
  second(1s, 100, 1s);
  finding(1, 0);
  line("counts", protocol::JournalCounts{2s, {{"rule-of-fault", 5, 2, "faults were set"}}});
  const auto result = result_of(read());
  EXPECT_EQ(result.verdict, Verdict::kFail);
  EXPECT_EQ(result.why, "fault: it is wrong (RFC 1)");
  ASSERT_EQ(result.findings.size(), 1u);
  EXPECT_EQ(result.findings[0].count, 5u);
  EXPECT_EQ(result.findings[0].inconclusive, 2u);
}

TEST_F(CtlJournal, WhatMayBeOurOwnDoingOrIsANoteDoesNotFail) {
  begin();
  finding(3, 3);
  finding(2, 0, "note");
  EXPECT_EQ(result_of(read()).verdict, Verdict::kInconclusive);
}

TEST_F(CtlJournal, AReportIsTold) {
  begin();
  second(1s, 100, 1s);
  report(kAsked, Verdict::kPass, "nothing was found");
  const auto result = result_of(read());
  EXPECT_EQ(result.verdict, Verdict::kPass);
  EXPECT_EQ(result.summary.cycles, kAsked);
  EXPECT_THROW((void)rest_of(read(), "file"), Failure) << "nothing is left";
}

TEST_F(CtlJournal, CutOffAnywhereItTellsWhatItHas) {
  begin();
  const std::size_t begun = text_.size();
  second(1s, 100, 1s);
  finding(1, 0, "note");
  line("counts", protocol::JournalCounts{1s, {{"rule-of-note", 5, 2, "busy"}}});
  report(kAsked, Verdict::kPass, "nothing was found");
  const std::string whole = text_;
  for (std::size_t length = 0; length < whole.size() - 1; length += 7) {
    text_ = whole.substr(0, length);
    if (length < begun - 1) {
      EXPECT_THROW((void)read(), Failure) << length;
      continue;
    }
    const StrikeJournal journal = read();
    EXPECT_LE(journal.unreadable, 1u);
    EXPECT_EQ(result_of(journal).verdict, Verdict::kInconclusive) << length;
  }
}

TEST_F(CtlJournal, TheRestIsWhatIsLeftAndPartsAreAddedUp) {
  begin();
  second(1s, 100, 1s);
  finding(1, 1);
  text_ += "{\"second\":{\"at";  // killed
  const auto rest = rest_of(read(), "file");
  EXPECT_EQ(rest.cycles, 200u);
  EXPECT_EQ(rest.resumed_cycles, 100u);
  EXPECT_EQ(rest.resumed_ms, 1000u);

  (void)append_to_journal(path_);
  (void)append_to_journal(path_);
  const std::string before = text_;
  std::ifstream in(path_);
  text_.assign(std::istreambuf_iterator<char>(in), {});
  EXPECT_EQ(text_, before + "\n") << "the next part begins in a new line";
  begin(100);
  second(2s, 100, 1s);
  begin(200);
  report(100, Verdict::kPass, "nothing was found");
  const StrikeJournal journal = read();
  EXPECT_EQ(journal.unreadable, 1u);
  const auto result = result_of(journal);
  EXPECT_EQ(result.summary.cycles, kAsked);
  EXPECT_EQ(result.summary.elapsed, Duration(3s));
  EXPECT_EQ(result.summary.connect.p50, 20u) << "the higher one";
  EXPECT_EQ(result.summary.audit.live, 20u) << "those in flight when it was killed";
  EXPECT_EQ(result.verdict, Verdict::kInconclusive);
  EXPECT_EQ(result.why, "what was found may be our own side's doing");
  ASSERT_EQ(result.timeline.seconds.size(), 3u);
  for (const auto& row : result.timeline.seconds) EXPECT_EQ(row.begun, 100u);
}

TEST_F(CtlJournal, AFailedPartFailsTheWhole) {
  begin();
  report(100, Verdict::kFail, "the service was lost");
  begin(100);
  report(200, Verdict::kPass, "nothing was found");
  EXPECT_EQ(result_of(read()).verdict, Verdict::kFail);
  EXPECT_EQ(result_of(read()).why, "the service was lost");
}

TEST_F(CtlJournal, PartsThatFoundNothingPass) {
  begin();
  report(100, Verdict::kInconclusive, "interrupted: asked for 300 cycles, did 100");
  begin(100);
  report(200, Verdict::kPass, "nothing was found");
  EXPECT_EQ(result_of(read()).verdict, Verdict::kPass);
}

}  // namespace
}  // namespace conker::ctl
