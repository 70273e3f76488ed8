#include "ctl/watch_report.hpp"

#include <fmt/format.h>

#include "ctl/format.hpp"

namespace conker::ctl {
namespace {

std::string stamped(const WatchLine& line) {
  return fmt::format("{:9.3f} s, about cycle {}: {}\n", static_cast<double>(line.at.count()) / 1e6,
                     grouped(line.cycle), line.line);
}

}  // namespace

std::string watches_report(const std::vector<WatchReport>& reports) {
  std::string text;
  for (const WatchReport& report : reports) {
    text += fmt::format("\nwatch        {}: {} line{}{}\n", report.watch, grouped(report.lines),
                        report.lines == 1 ? "" : "s",
                        report.matched == 0 ? ""
                                            : fmt::format(", {} of them what --watch-fail looks "
                                                          "for: fault [watch-fail]",
                                                          grouped(report.matched)));
    for (const WatchLine& line : report.first_matches) text += "             " + stamped(line);
    if (!report.ended.empty()) text += "             " + report.ended + "\n";
  }
  return text;
}

std::string watched_lines(const std::vector<WatchReport>& reports) {
  std::string text;
  for (const WatchReport& report : reports) {
    text += fmt::format("\nlines of {}", report.watch);
    if (report.dropped != 0)
      text += fmt::format(", without {} before them", grouped(report.dropped));
    text += "\n";
    for (const WatchLine& line : report.log) text += stamped(line);
  }
  return text;
}

std::vector<protocol::Strike::Finding> watch_findings(const std::vector<WatchReport>& reports) {
  std::vector<protocol::Strike::Finding> findings;
  for (const WatchReport& report : reports) {
    if (report.matched == 0) continue;
    const WatchLine& first = report.first_matches.front();
    protocol::Strike::Finding finding;
    finding.rule = "watch-fail";
    finding.severity = "fault";
    finding.section = "--watch-fail";
    finding.text = first.line;
    finding.count = report.matched;
    finding.cycle = first.cycle;
    finding.at = first.at;
    finding.from = report.watch;
    findings.push_back(finding);
  }
  return findings;
}

}  // namespace conker::ctl
