#include "daemon/control/timeline.hpp"

#include <fmt/format.h>

#include <numeric>
#include <string>
#include <vector>

#include "daemon/text.hpp"
#include "stack/strike/trends.hpp"

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

std::string words_for(const Trend& trend) {
  const auto humps = [&](const char* what) {
    return fmt::format(
        "{} in two humps: no more than {} for most, {} and more for {:.1f} % (told "
        "from {:.1f} % on)",
        what, to_string(Duration(trend.before)), to_string(Duration(trend.after)),
        trend.per_mille / 10.0, trend.threshold / 10.0);
  };
  switch (trend.kind) {
    case Trend::Kind::kFalls:
      return fmt::format(
          "the rate falls after {}, in cycle {}: from {} a second to {}, {} % of it "
          "(told below {} %)",
          to_string(trend.at), trend.cycles, trend.before, trend.after, trend.per_mille / 10,
          trend.threshold / 10);
    case Trend::Kind::kAlternates:
      return fmt::format(
          "the rate alternates from {} on, for {}: {} a second and {}, {} % of it "
          "(told below {} %)",
          to_string(trend.at), to_string(trend.lasted), trend.before, trend.after,
          trend.per_mille / 10, trend.threshold / 10);
    case Trend::Kind::kHalts:
      return fmt::format(
          "nothing completes from {} on, for {}, after {} cycles; on average {} a "
          "second do",
          to_string(trend.at), to_string(trend.lasted), trend.cycles, trend.before);
    case Trend::Kind::kConnectHumps:
      return humps("connect time");
    case Trend::Kind::kCloseHumps:
      break;
  }
  return humps("close time");
}

/// None where cycles last for seconds by themselves; and of several ways to close, as of one that
/// waits, each has a time of its own.
std::vector<Timeline::Trend> trends(const StrikeRequest& request, const StrikeReport& report,
                                    const StrikeHistory& history, const Before& before) {
  std::vector<Trend> found;
  if (request.hold < history.row_width() / 2)
    found = trends_of(history.rows(), history.row_width());
  add_humps(report.connect, Trend::Kind::kConnectHumps, found);
  if (const auto way = request.mix.sole(); way && *way != WayToClose::kUnsent)
    add_humps(report.close, Trend::Kind::kCloseHumps, found);
  std::vector<Timeline::Trend> told;
  for (Trend& t : found) {
    if (t.lasted != Duration(0)) {
      t.at += before.time;
      t.cycles += before.cycles;
    }
    told.push_back({t.kind, words_for(t), t.at, t.lasted, t.cycles, t.before, t.after, t.per_mille,
                    t.threshold});
  }
  return told;
}

Timeline::Run run_of(const StrikeHistory::Run& run, bool lasts, const Before& before) {
  return {run.cycles, before.time + run.at, run.lasted, lasts};
}

}  // namespace

Timeline::Row row_of(const StrikeHistory::Row& row) {
  const auto failed_in = [&](StrikePhase phase) {
    return row.failed_in[static_cast<std::size_t>(phase)];
  };
  return {.begun = row.begun,
          .completed = row.completed,
          .failed = row.failed,
          .connect_p50 = row.connect_p50,
          .connect_p99 = row.connect_p99,
          .failed_connecting = failed_in(StrikePhase::kConnecting),
          .failed_established = failed_in(StrikePhase::kEstablished),
          .failed_closing = failed_in(StrikePhase::kClosing),
          .close_p50 = row.close_p50,
          .close_p99 = row.close_p99,
          .most_in_flight = row.most_in_flight,
          .most_opening = row.most_opening};
}

std::vector<Timeline::Failure> failures_of(const StrikeReport& report) {
  return list_of(report.failures);
}

protocol::LadderClimbed climbed(const Ladder& ladder) {
  protocol::LadderClimbed told{ladder.chosen(), ladder.bears(),   !ladder.learning(),
                               ladder.failed(), ladder.excused(), {}};
  for (const Ladder::Rung& rung : ladder.rungs())
    told.rungs.push_back({rung.concurrency, rung.lasted, rung.rate, rung.connect_p99,
                          rung.completed, rung.refused, rung.unanswered, rung.failed});
  return told;
}

std::optional<Quantiles> connect_due_of(const StrikeHistory& history) {
  if (history.connect_from_due().count() == 0) return std::nullopt;
  return Quantiles::of(history.connect_from_due());
}

std::optional<Timeline::First> first_failure_of(const StrikeHistory& history,
                                                const Before& before) {
  const auto& first = history.first_failure();
  if (!first) return std::nullopt;
  return Timeline::First{.cycle = before.cycles + first->cycle,
                         .at = before.time + first->at,
                         .way = first->way,
                         .failure = first->failure,
                         .phase = phase_of(first->failure),
                         .ours = first->ours,
                         .peer = first->peer};
}

Timeline timeline_of(const StrikeRequest& request, const StrikeReport& report,
                     const StrikeHistory& history, const Before& before) {
  Timeline made;
  made.asked = asked(request, report);
  made.missed = report.missed;
  made.open_failed = report.open_failed;
  const StrikeHistory::Way& reopening =
      history.ways()[static_cast<std::size_t>(WayToClose::kReopen)];
  if (reopening.begun != 0) made.reopened = {report.reopened, report.kept};
  made.connect_due = connect_due_of(history);
  made.in_flight.max = history.most_in_flight();
  made.in_flight.opening = history.most_opening();
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
  made.failures = failures_of(report);
  made.first_failure = first_failure_of(history, before);
  if (made.first_failure) {
    const StrikeHistory::Run& longest = history.longest_run();
    const StrikeHistory::Run& last = history.last_run();
    made.last_run = run_of(last, history.run_lasts(), before);
    made.longest_run = run_of(longest, history.run_lasts() && longest.at == last.at, before);
  }
  made.row_width = history.row_width();
  for (const StrikeHistory::Row& row : history.rows()) made.seconds.push_back(row_of(row));
  made.trends = trends(request, report, history, before);
  return made;
}

}  // namespace conker::daemon
