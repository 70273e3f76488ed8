#include "ctl/monitor_report.hpp"

#include <fmt/format.h>

#include "ctl/format.hpp"

namespace conker::ctl {
namespace {

std::string probes(const char* when, const MonitorPhase& phase) {
  if (phase.probes + phase.ours == 0) return "";
  std::string text = fmt::format("             {} {} probes, {} failed", when,
                                 grouped(phase.probes), grouped(phase.failed));
  if (phase.ours != 0) text += fmt::format(", {} others not made by us", grouped(phase.ours));
  if (phase.failed < phase.probes) {
    text +=
        fmt::format(", half within {}, longest {}", to_string(phase.p50), to_string(phase.worst));
  }
  return text + "\n";
}

std::string outage(const MonitorReport& report) {
  if (!report.first_failed_at) return "";
  return fmt::format(
      "             first failed after {}: {}\n             longest outage {}; {}\n",
      to_string(*report.first_failed_at), report.first_failure, to_string(report.longest_outage),
      !report.recovered_after ? "not back at the end"
      : *report.recovered_after == 0s
          ? "back before the strike ended"
          : "back " + to_string(*report.recovered_after) + " after the strike's end");
}

}  // namespace

std::string monitors_report(const std::vector<MonitorReport>& reports) {
  std::string text;
  for (const MonitorReport& report : reports) {
    text += fmt::format("\nmonitor      {}: {}{}{}\n", report.monitor,
                        protocol::name_of(report.state), report.why.empty() ? "" : " ", report.why);
    text += fmt::format("             before  {} probes, half within {}\n", MonitorTally::kSettled,
                        to_string(report.baseline_p50));
    text += probes("during ", report.during) + probes("after  ", report.after) + outage(report);
    if (!report.not_made.empty())
      text += fmt::format("             not made by us: {}\n", report.not_made);
  }
  return text;
}

}  // namespace conker::ctl
