#include "daemon/control/timeline.hpp"

#include <numeric>

namespace conker::daemon {
namespace {

using Timeline = protocol::StrikeTimeline;
using Failures = std::array<std::uint64_t, kStrikeFailures>;

std::vector<Timeline::Failure> list_of(const Failures& failures) {
  std::vector<Timeline::Failure> list;
  for (std::size_t i = 0; i < kStrikeFailures; ++i) {
    const auto failure = static_cast<StrikeFailure>(i);
    if (failures[i] != 0) list.push_back({failure, phase_of(failure), failures[i]});
  }
  return list;
}

/// How many cycles were asked for; nothing where the time alone was the limit.
std::optional<std::uint64_t> asked(const StrikeRequest& request, const StrikeReport& report) {
  if (request.cycles != 0) return request.cycles;
  if (request.rate != 0) return report.begun + report.missed;
  return std::nullopt;
}

}  // namespace

Timeline timeline_of(const StrikeRequest& request, const StrikeReport& report,
                     const StrikeHistory& history) {
  Timeline made;
  made.asked = asked(request, report);
  made.missed = report.missed;
  made.open_failed = report.open_failed;
  made.in_flight.max = history.most_in_flight();
  if (report.elapsed > Duration(0)) {
    made.in_flight.mean = static_cast<double>(history.in_flight().count()) /
                          static_cast<double>(report.elapsed.count());
  }
  for (std::size_t i = 0; i < kWaysToClose; ++i) {
    const StrikeHistory::Way& way = history.ways()[i];
    if (way.begun == 0) continue;
    const auto failed = std::accumulate(way.failures.begin(), way.failures.end(), std::uint64_t{0});
    made.ways.push_back(
        {static_cast<WayToClose>(i), way.begun, way.completed, failed, list_of(way.failures)});
  }
  made.failures = list_of(report.failures);
  if (const auto& first = history.first_failure()) {
    made.first_failure = Timeline::First{.cycle = first->cycle,
                                         .at = first->at,
                                         .way = first->way,
                                         .failure = first->failure,
                                         .phase = phase_of(first->failure),
                                         .ours = first->ours};
    const StrikeHistory::Run& longest = history.longest_run();
    const StrikeHistory::Run& last = history.last_run();
    made.last_run = Timeline::Run{last.cycles, last.at, last.lasted, history.run_lasts()};
    made.longest_run = Timeline::Run{longest.cycles, longest.at, longest.lasted,
                                     history.run_lasts() && longest.at == last.at};
  }
  made.row_width = history.row_width();
  for (const StrikeHistory::Row& row : history.rows())
    made.seconds.push_back(
        {row.begun, row.completed, row.failed, row.connect_p50, row.connect_p99});
  return made;
}

}  // namespace conker::daemon
