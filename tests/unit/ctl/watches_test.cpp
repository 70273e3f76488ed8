// The hook to the device: its bytes as lines, what is kept of them, and the verdict with them.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ctl/error.hpp"
#include "ctl/strike_verdict.hpp"
#include "ctl/watch_lines.hpp"
#include "ctl/watch_options.hpp"
#include "ctl/watch_report.hpp"

namespace conker::ctl {
namespace {

TEST(WatchLines, NothingThatATerminalWouldObey) {
  EXPECT_EQ(fit_for_terminal("plain text, 100 %"), "plain text, 100 %");
  EXPECT_EQ(fit_for_terminal("\x1b[31mpanic\x1b[0m: \x1b[2Jgone"), "panic: gone");
  EXPECT_EQ(fit_for_terminal("a\tb"), "a b");
  EXPECT_EQ(fit_for_terminal("\x1b]0;title\x07"), "\\x1b]0;title\\x07");
  EXPECT_EQ(fit_for_terminal("\x1b[31"), "\\x1b[31");
  EXPECT_EQ(fit_for_terminal("\xc2\x9bJ\x7f\r\x08"), "\\xc2\\x9bJ\\x7f\\x0d\\x08");
  EXPECT_EQ(fit_for_terminal(std::string_view("\0x", 2)), "\\x00x");
}

class SplitterTest : public ::testing::Test {
 protected:
  void add(std::string_view bytes) { splitter.add(bytes, take); }

  LineSplitter splitter;
  std::vector<std::string> lines;
  LineSplitter::Line take = [this](std::string_view line) { lines.emplace_back(line); };
};

TEST_F(SplitterTest, LinesInPieces) {
  add("boot");
  EXPECT_TRUE(splitter.partial());
  add("ing\r\nready\n\nlogin: ");
  EXPECT_EQ(lines, (std::vector<std::string>{"booting", "ready", ""}));
  splitter.flush(take);
  EXPECT_EQ(lines.back(), "login: ");
  EXPECT_FALSE(splitter.partial());
  splitter.flush(take);
  EXPECT_EQ(lines.size(), 4u);
}

TEST_F(SplitterTest, ALineWithoutEndBecomesSeveral) {
  add(std::string(3 * LineSplitter::kMost + 7, 'x') + "\nnext\n");
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0].size(), LineSplitter::kMost);
  EXPECT_EQ(lines[3].size(), 7u);
  EXPECT_EQ(lines[4], "next");
}

TEST_F(SplitterTest, ALineOfJustTheMostIsOne) {
  add(std::string(LineSplitter::kMost, 'x') + "\nnext\n");
  EXPECT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[1], "next");
}

TEST(WatchPattern, AsGrepHasIt) {
  const Pattern panic("--watch-fail", "panic|assert(ion)? failed");
  EXPECT_TRUE(panic.matches("kernel panic!"));
  EXPECT_TRUE(panic.matches("assert failed: sock.c:12"));
  EXPECT_FALSE(panic.matches("all is well"));
  try {
    const Pattern wrong("--watch-fail", "panic(");
    FAIL() << "a wrong expression was taken";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.exit(), kExitUsage);
    EXPECT_STREQ(failure.what(),
                 "--watch-fail panic(: not a regular expression of grep -E: Unmatched ( or \\(");
  }
}

class WatchLogTest : public ::testing::Test {
 protected:
  void say(const std::string& line, bool matched = false) {
    log.add({begin + 250ms * ++said, said * 100}, line, matched);
  }
  WatchReport report() const { return log.report("cat /dev/x", begin); }

  WatchLog log;
  Moment begin = moment_now();
  std::uint64_t said = 0;
};

TEST_F(WatchLogTest, KeepsTheLastLinesAndCountsTheOthers) {
  for (std::size_t i = 0; i < WatchLog::kKept + 25; ++i) say("line " + std::to_string(i));
  EXPECT_EQ(report().lines, WatchLog::kKept + 25);
  EXPECT_EQ(report().dropped, 25u);
  EXPECT_EQ(report().log.size(), WatchLog::kKept);
  EXPECT_EQ(report().log.front().line, "line 25");
}

TEST_F(WatchLogTest, TheFirstMatchesOutliveAFlood) {
  say("boot");
  for (int i = 0; i < 5; ++i) say("panic " + std::to_string(i), true);
  for (std::size_t i = 0; i < 2 * WatchLog::kKept; ++i) say("flood");
  const WatchReport seen = report();
  EXPECT_EQ(seen.matched, 5u);
  ASSERT_EQ(seen.first_matches.size(), WatchLog::kShown);
  EXPECT_EQ(seen.first_matches[0].line, "panic 0");
  EXPECT_EQ(seen.first_matches[0].at, 500ms);
  EXPECT_EQ(seen.first_matches[0].cycle, 200u);
}

TEST_F(WatchLogTest, AMatchIsAFindingAndFails) {
  say("boot");
  EXPECT_TRUE(watch_findings({report()}).empty());
  const Ruling passed{protocol::Verdict::kPass, "nothing was found"};
  EXPECT_EQ(ruling(passed, {}, {report()}, verdict::Severity::kFault).why, passed.why);
  say("panic: use after free", true);
  const auto findings = watch_findings({report()});
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].rule, "watch-fail");
  EXPECT_EQ(findings[0].severity, "fault");
  EXPECT_EQ(findings[0].text, "panic: use after free");
  EXPECT_EQ(findings[0].cycle, 200u);
  const Ruling made = ruling(passed, {}, {report()}, verdict::Severity::kFault);
  EXPECT_EQ(made.verdict, protocol::Verdict::kFail);
  EXPECT_EQ(made.why,
            "fault: the device said after 500.0 ms, about cycle 200: panic: use after free "
            "(--watch-fail)");
}

TEST_F(WatchLogTest, TheReport) {
  say("boot");
  say("panic: use after free", true);
  log.ended("ended after 600.0 ms: exit code 0");
  EXPECT_EQ(watches_report({}), "");
  EXPECT_EQ(watches_report({report()}),
            "\n"
            "watch        cat /dev/x: 2 lines, 1 of them what --watch-fail looks for: fault "
            "[watch-fail]\n"
            "                 0.500 s, about cycle 200: panic: use after free\n"
            "             ended after 600.0 ms: exit code 0\n");
  EXPECT_EQ(watched_lines({report()}),
            "\n"
            "lines of cat /dev/x\n"
            "    0.250 s, about cycle 100: boot\n"
            "    0.500 s, about cycle 200: panic: use after free\n");
}

TEST(WatchOptions, NoMoreThanFourAndNothingWithoutOne) {
  WatchOptions options;
  options.fail = "panic";
  EXPECT_THROW((void)options.settings(), Failure);
  options.watches.assign(4, "cat");
  EXPECT_EQ(options.settings().watches.size(), 4u);
  EXPECT_EQ(options.settings().before, Duration(5s));
  options.watches.emplace_back("cat");
  EXPECT_THROW((void)options.settings(), Failure);
}

}  // namespace
}  // namespace conker::ctl
