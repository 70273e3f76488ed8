// The page of a strike: what its charts are made of, and that no text of a peer becomes a part of
// it. That it is drawn is shown end to end (tests/e2e/test_report_page.py).
#include "ctl/report_page.hpp"

#include <gtest/gtest.h>

#include "ctl/page_charts.hpp"
#include "ctl/page_data.hpp"
#include "stack/wire/tcp.hpp"

namespace conker::ctl {
namespace {

class ReportPageTest : public testing::Test {
 protected:
  protocol::json data() const {
    return page_data({result_, monitors_, watches_, frames_, "text", "a b.pcapng", ""});
  }
  std::vector<Chart> charts() const { return charts_of(result_.summary, result_.timeline); }
  const Chart& chart(const std::string& title) {
    charts_ = charts();
    for (const Chart& one : charts_)
      if (one.title == title) return one;
    ADD_FAILURE() << "no chart " << title;
    return charts_.emplace_back();
  }

  protocol::Strike::Result result_;
  std::vector<MonitorReport> monitors_;
  std::vector<WatchReport> watches_;
  std::vector<FindingFrames> frames_;
  std::vector<Chart> charts_;
};

TEST_F(ReportPageTest, TextOfAPeerEndsNoElementAndBeginsNoComment) {
  WatchReport& watch = watches_.emplace_back();
  watch.log.push_back({.at = 1s, .cycle = 1, .line = "</script><!-- <b>\xff"});
  const std::string page = report_page(data(), "n0nce");
  EXPECT_EQ(page.find("</script><!-- <b>"), std::string::npos);
  EXPECT_NE(page.find("\\u003c/script>\\u003c!-- \\u003cb>"), std::string::npos);
}

TEST_F(ReportPageTest, EachPartIsInItsPlace) {
  const std::string page = report_page(data(), "n0nce");
  EXPECT_TRUE(page.starts_with("<!DOCTYPE html>"));
  EXPECT_NE(page.find("script-src 'nonce-n0nce'"), std::string::npos);
  constexpr std::string_view kData = R"({"program":"conkerctl )";
  EXPECT_EQ(page.find(kData), page.rfind(kData)) << "another part's name is wrong";
  for (const char* text :
       {"Chart.js v", "Permission is hereby granted", "function sequence(",
        "function chart_figure(", "prefers-color-scheme", R"("evidence":"a b.pcapng")"})
    EXPECT_NE(page.find(text), std::string::npos) << text;
  EXPECT_EQ(fresh_nonce().size(), 32u);
  EXPECT_NE(fresh_nonce(), fresh_nonce());
}

TEST_F(ReportPageTest, FramesHaveTheirNumbersTwice) {
  FindingFrames& found = frames_.emplace_back();
  found.rule = "fin-twice";
  found.ours = {IpAddress::v4(10, 0, 0, 2), Port{5'000}};
  found.peer = {IpAddress::v4(10, 0, 0, 9), Port{80}};
  ShownFrame& frame = found.frames.emplace_back();
  frame.flags = TcpFlags::kSyn | TcpFlags::kAck;
  frame.sequence = 1'000;
  frame.acknowledgment = 2'001;
  frame.acked = frame.length = 1;
  frame.comments = {"fault fin-twice (R): t"};
  found.frames.emplace_back().malformed = "00 50";
  found.frames.emplace_back().flags = TcpFlags::kRst;
  const protocol::json shown = data()["frames"][0];
  EXPECT_EQ(shown["ours"], "10.0.0.2:5000");
  EXPECT_EQ(shown["frames"][0].dump(),
            R"({"at_us":0,"ours":false,"peer_port":0,"comments":["fault fin-twice (R): t"],)"
            R"("flags":"SYN ACK","first":0,"sequence":1000,"acked":1,"acknowledgment":2001,)"
            R"("length":1,"payload":0,"window":0,"options":""})");
  EXPECT_EQ(shown["frames"][1]["malformed"], "00 50");
  EXPECT_FALSE(shown["frames"][1].contains("flags"));
  EXPECT_EQ(shown["frames"][2]["acked"], nullptr);
}

TEST_F(ReportPageTest, ARateIsASecondsAndOfNoFractionOfARow) {
  result_.summary.elapsed = 24s;
  result_.timeline.row_width = 10s;
  result_.timeline.seconds = {{.completed = 100}, {.completed = 50}, {.completed = 4}};
  const std::vector<ChartPoint> without_last{{0, 10}, {10, 5}};
  EXPECT_EQ(chart("Cycles a second").lines.at(0).points, without_last);
  result_.summary.elapsed = 28s;
  const std::vector<ChartPoint> all{{0, 10}, {10, 5}, {20, 0.5}};
  EXPECT_EQ(chart("Cycles a second").lines.at(0).points, all);
}

TEST_F(ReportPageTest, LatenciesAreOfTimesThatHaveAny) {
  result_.timeline.row_width = 1s;
  result_.timeline.seconds = {{.connect_p50 = 7, .connect_p99 = 9}, {}, {.connect_p50 = 8}};
  const Chart& made = chart("Latency over time");
  ASSERT_EQ(made.lines.size(), 2u);
  const std::vector<ChartPoint> half{{0, 7}, {2, 8}};
  EXPECT_EQ(made.lines[0].points, half);
}

TEST_F(ReportPageTest, FailuresAreByPhaseWhereThatIsKnown) {
  result_.timeline.row_width = 1s;
  result_.timeline.seconds = {{.failed = 3, .failed_closing = 3}, {}};
  const auto lines = [&] {
    std::vector<std::string> names;
    for (const Chart::Line& line : chart("Failed cycles a second").lines)
      names.push_back(line.name);
    return names;
  };
  result_.summary.failed.timed_out = 3;
  EXPECT_EQ(lines(), (std::vector<std::string>{"while closing"}));
  result_.timeline.seconds[1] = {.failed = 1, .failed_connecting = 1};
  EXPECT_EQ(lines(), (std::vector<std::string>{"while connecting", "while closing", "in all"}));
  result_.timeline.seconds = {{.failed = 3}, {.failed = 1}};
  EXPECT_EQ(lines(), (std::vector<std::string>{"in all"})) << "of an earlier version";
}

TEST_F(ReportPageTest, AShareIsKnownOfSoManyCyclesAsItNeeds) {
  result_.summary.completed = 50;
  result_.summary.connect = {.p50 = 10, .p90 = 20, .p99 = 30, .p999 = 30, .max = 30};
  const std::vector<ChartPoint> known{{2, 10}, {10, 20}, {50, 30}};
  EXPECT_EQ(chart("Distribution of latencies").lines.at(0).points, known);
}

TEST_F(ReportPageTest, IsBoundedHoweverLongTheStrikeWas) {
  result_.timeline.row_width = 32s;
  for (unsigned i = 0; i < 3'600; ++i)
    result_.timeline.seconds.push_back(
        {.begun = i, .completed = i, .failed = i % 2, .connect_p50 = i, .connect_p99 = i});
  result_.summary.failed.refused = 1;
  EXPECT_FALSE(data()["result"].contains("seconds"));
  for (const Chart& one : charts())
    for (const Chart::Line& line : one.lines) EXPECT_LE(line.points.size(), 1'000u) << line.name;
}

TEST_F(ReportPageTest, SaysWhatWasAskedInUnits) {
  result_.begin.emplace();
  result_.begin->parameters.duration_ms = 90'000;
  result_.begin->faults = FaultSettings{.loss = 10'000};
  const protocol::json made = data();
  const auto value = [&](const char* list, const std::string& name) -> std::string {
    for (const auto& of : made[list])
      if (of["name"] == name) return of["value"];
    return "not there";
  };
  EXPECT_EQ(value("asked", "duration_ms"), "1 min 30 s");
  EXPECT_EQ(value("asked", "rate"), "as fast as the peer bears");
  EXPECT_EQ(value("faults", "loss"), "1%");
}

}  // namespace
}  // namespace conker::ctl
