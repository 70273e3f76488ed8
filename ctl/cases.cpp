#include "ctl/cases.hpp"

#include <fmt/format.h>

#include <utility>

#include "ctl/format.hpp"
#include "ctl/monitor_report.hpp"
#include "ctl/strike_report.hpp"
#include "ctl/watch_report.hpp"

namespace conker::ctl {
namespace {

using Outcome = Case::Outcome;
using protocol::Verdict;
using verdict::Severity;

Outcome outcome_of(Verdict verdict) {
  return verdict == Verdict::kPass   ? Outcome::kPassed
         : verdict == Verdict::kFail ? Outcome::kFailed
                                     : Outcome::kError;
}

Case case_of(const protocol::StrikeTimeline::Way& way, bool too_many) {
  Case made{
      .name = fmt::format("way {}", protocol::name_of(way.name)), .message = {}, .detail = {}};
  made.outcome = too_many && way.failed != 0 ? Outcome::kFailed : Outcome::kPassed;
  made.message = fmt::format("{} of {} cycles completed, {} failed", grouped(way.completed),
                             grouped(way.begun), grouped(way.failed));
  for (const protocol::StrikeTimeline::Failure& failure : way.failures)
    made.detail += fmt::format("{} {}\n", grouped(failure.count), to_string(failure.name));
  return made;
}

Case case_of(const protocol::Strike::Finding& finding, Severity fail_on) {
  const auto severity = protocol::choice_named<Severity>(finding.severity);
  const bool fails = severity && *severity >= fail_on;
  const bool certain = finding.count > finding.inconclusive;
  return {.name = "rule " + finding.rule,
          .outcome = !fails    ? Outcome::kPassed
                     : certain ? Outcome::kFailed
                               : Outcome::kError,
          .message = fmt::format("{}: {} ({})", finding.severity, finding.text, finding.section),
          .detail = finding_report(finding)};
}

Case case_of(const MonitorReport& monitor, Severity fail_on) {
  const bool fails = (monitor.state == ServiceState::kLost) ||
                     (monitor.state == ServiceState::kDegraded && fail_on <= Severity::kWeakness);
  return {.name = "monitor " + monitor.monitor,
          .outcome = fails                                     ? Outcome::kFailed
                     : monitor.state == ServiceState::kUnknown ? Outcome::kError
                                                               : Outcome::kPassed,
          .message = fmt::format("service {}{}{}", protocol::name_of(monitor.state),
                                 monitor.why.empty() ? "" : " ", monitor.why),
          .detail = monitors_report({monitor})};
}

Case case_of(const WatchReport& watch) {
  return {.name = "watch " + watch.watch,
          .outcome = watch.matched == 0 ? Outcome::kPassed : Outcome::kFailed,
          .message = fmt::format("{} lines, {} of them what --watch-fail looks for",
                                 grouped(watch.lines), grouped(watch.matched)),
          .detail = watches_report({watch})};
}

}  // namespace

std::vector<Case> cases_of(const protocol::Strike::Result& result,
                           const std::vector<MonitorReport>& monitors,
                           const std::vector<WatchReport>& watches) {
  const protocol::Strike::Parameters asked =
      result.begin ? result.begin->parameters : protocol::Strike::Parameters();
  std::vector<Case> cases;
  cases.push_back({.name = "verdict",
                   .outcome = outcome_of(result.verdict),
                   .message = fmt::format("{}: {}", in_capitals(result.verdict), result.why),
                   .detail = printed(result.summary)});
  const bool too_many =
      result.verdict == Verdict::kFail &&
      protocol::exceeds(result.summary.failed.all(), result.summary.cycles, asked.max_failed_ppm);
  for (const auto& way : result.timeline.ways) cases.push_back(case_of(way, too_many));
  for (const auto& finding : result.findings) cases.push_back(case_of(finding, asked.fail_on));
  for (const auto& monitor : monitors) cases.push_back(case_of(monitor, asked.fail_on));
  for (const auto& watch : watches) cases.push_back(case_of(watch));
  return cases;
}

}  // namespace conker::ctl
