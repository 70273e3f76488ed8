#include "ctl/strike_verdict.hpp"

#include <fmt/format.h>

#include <cstdint>

#include "ctl/format.hpp"

namespace conker::ctl {
namespace {

using protocol::Verdict;
using verdict::Severity;

/// Adds a verdict to those before: the worst decides, and its reasons stand in one line.
void join(Ruling& sum, Verdict verdict, const std::string& why) {
  const auto weight = [](Verdict v) {
    return v == Verdict::kFail ? 2 : v == Verdict::kInconclusive ? 1 : 0;
  };
  if (weight(verdict) < weight(sum.verdict)) return;
  sum.why = verdict == sum.verdict ? sum.why + "; " + why : why;
  sum.verdict = verdict;
}

void join(Ruling& sum, const MonitorReport& report, Severity fail_on) {
  const auto at = [&](Severity severity) {
    return severity >= fail_on ? Verdict::kFail : Verdict::kPass;
  };
  if (report.state == ServiceState::kLost) {
    join(sum, at(Severity::kFault),
         fmt::format("service lost {}, seen by {}", report.why, report.monitor));
  } else if (report.state == ServiceState::kDegraded) {
    join(sum, at(Severity::kWeakness),
         fmt::format("service degraded {}, seen by {}", report.why, report.monitor));
  }
  const std::uint64_t ours = report.during.ours + report.after.ours;
  if (ours != 0) {
    join(sum, Verdict::kInconclusive,
         fmt::format("{} probes of {} could not be made by our own side: {}", grouped(ours),
                     report.monitor, report.not_made));
  } else if (report.state == ServiceState::kUnknown) {
    join(sum, Verdict::kInconclusive, "no probe of " + report.monitor + " was made");
  }
}

/// A fault fails whatever --fail-on says.
void join(Ruling& sum, const WatchReport& report) {
  if (report.matched == 0) return;
  const WatchLine& first = report.first_matches.front();
  join(sum, Verdict::kFail,
       fmt::format("fault: the device said after {}, about cycle {}: {} (--watch-fail)",
                   to_string(first.at), grouped(first.cycle), first.line));
}

}  // namespace

Ruling ruling(Ruling daemon, const std::vector<MonitorReport>& monitors,
              const std::vector<WatchReport>& watches, Severity fail_on) {
  for (const WatchReport& report : watches) join(daemon, report);
  for (const MonitorReport& report : monitors) join(daemon, report, fail_on);
  return daemon;
}

}  // namespace conker::ctl
