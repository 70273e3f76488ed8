#include "ctl/monitor_tally.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ctl/format.hpp"

namespace conker::ctl {

void MonitorTally::fail(Tally& tally, Duration at, const std::string& why) {
  if (!failing_since_) failing_since_ = at;
  if (!first_failed_at_) {
    first_failed_at_ = at;
    first_failure_ = why;
  }
  ++tally.failed;
  tally.in_a_row = std::max(tally.in_a_row, ++in_a_row_);
  tally.outage = std::max(tally.outage, at - *failing_since_);
}

void MonitorTally::succeed(Tally& tally, Duration at, Duration latency) {
  tally.latency.add(latency);
  if (!failing_since_) return;
  tally.outage = std::max(tally.outage, at - *failing_since_);
  failing_since_.reset();
  in_a_row_ = 0;
  back_at_ = at;
}

void MonitorTally::add(Phase phase, Duration at, const ProbeOutcome& outcome) {
  Tally& tally = phase == Phase::kDuring ? during_ : after_;
  const bool good = outcome.kind == ProbeOutcome::Kind::kGood;
  good_after_ = good && phase == Phase::kAfter ? good_after_ + 1 : 0;
  if (outcome.kind == ProbeOutcome::Kind::kOurs) {
    ++tally.ours;
    if (not_made_.empty()) not_made_ = outcome.why;
    return;
  }
  ++tally.probes;
  if (good) {
    succeed(tally, at, outcome.latency);
  } else {
    fail(tally, at, outcome.why);
  }
}

Duration MonitorTally::slow_from() const {
  return kSlowerBy * std::max(baseline_.quantile(500), kFloor);
}

bool MonitorTally::slow(const Tally& tally) const {
  return tally.latency.quantile(500) > slow_from();
}

bool MonitorTally::lost(const Tally& tally, OutageLimit limit) const {
  return limit.longest ? tally.outage > *limit.longest : tally.in_a_row > OutageLimit::kMostFailed;
}

MonitorPhase MonitorTally::phase(const Tally& tally, OutageLimit limit) const {
  ServiceState state = ServiceState::kKept;
  if (lost(tally, limit)) {
    state = ServiceState::kLost;
  } else if (tally.failed != 0 || slow(tally)) {
    state = ServiceState::kDegraded;
  } else if (tally.probes == 0) {
    state = ServiceState::kUnknown;
  }
  return {state,
          tally.probes,
          tally.failed,
          tally.ours,
          tally.latency.quantile(500),
          tally.latency.max(),
          tally.outage};
}

std::string MonitorTally::why(const MonitorReport& report, OutageLimit limit) const {
  const auto& worse = report.during.state == report.state ? report.during : report.after;
  const char* when = &worse == &report.during ? "during the strike" : "after the strike";
  if (report.state == ServiceState::kLost) {
    return fmt::format(
        "{}: {} probes failed one after the other, for {} ({} may)", when, report.failed_in_a_row,
        to_string(report.longest_outage),
        limit.longest ? to_string(*limit.longest) : std::to_string(OutageLimit::kMostFailed));
  }
  if (report.state < ServiceState::kDegraded) return "";
  if (worse.failed != 0)
    return fmt::format("{}: {} of {} probes failed", when, worse.failed, worse.probes);
  return fmt::format("{}: the median probe took {} ({} may; {} before the strike)", when,
                     to_string(worse.p50), to_string(report.slow_from),
                     to_string(report.baseline_p50));
}

MonitorReport MonitorTally::report(Duration strike_end, OutageLimit limit) const {
  MonitorReport report;
  report.monitor = monitor_;
  report.baseline_p50 = baseline_.quantile(500);
  report.slow_from = slow_from();
  report.during = phase(during_, limit);
  report.after = phase(after_, limit);
  report.state = std::max(report.during.state, report.after.state);
  report.longest_outage = std::max(during_.outage, after_.outage);
  report.failed_in_a_row = std::max(during_.in_a_row, after_.in_a_row);
  report.first_failed_at = first_failed_at_;
  report.first_failure = first_failure_;
  report.not_made = not_made_;
  if (!failing_since_) report.recovered_after = std::max(back_at_ - strike_end, Duration(0));
  report.why = why(report, limit);
  return report;
}

}  // namespace conker::ctl
