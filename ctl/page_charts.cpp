#include "ctl/page_charts.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace conker::ctl {
namespace {

using protocol::StrikeTimeline;
using Row = StrikeTimeline::Row;
using Along = Chart::Along;
using Of = Chart::Of;

constexpr std::size_t kMostPoints = 1'000;

double seconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

/// The rows of a strike, and how long each was.
class Rows {
 public:
  Rows(const StrikeTimeline& timeline, Duration elapsed)
      : rows_(timeline.seconds), width_(seconds(timeline.row_width)) {
    last_ = seconds(elapsed) - width_ * static_cast<double>(rows_.empty() ? 0 : rows_.size() - 1);
    last_ = std::clamp(last_, 0.0, width_);
  }

  /// How many a second. Of a last row that is less than half of one there is none, since it says
  /// nothing of the rate.
  Chart::Line rate(std::string name, std::uint64_t Row::*count) const {
    Chart::Line line{std::move(name), {}};
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const bool last = i + 1 == rows_.size();
      if (last && i != 0 && last_ < width_ / 2) break;
      const double lasted = last && last_ > 0 ? last_ : width_;
      line.points.push_back({at(i), static_cast<double>(rows_[i].*count) / lasted});
    }
    return thin(std::move(line));
  }
  /// The same; no points where there were none at all.
  Chart::Line rate_if_any(std::string name, std::uint64_t Row::*count) const {
    const bool any = std::ranges::any_of(rows_, [&](const Row& row) { return row.*count != 0; });
    return any ? rate(std::move(name), count) : Chart::Line{};
  }
  /// A number of connections; no points where it is not known, of an earlier version's strike.
  Chart::Line number(std::string name, std::uint32_t Row::*of) const {
    const bool known = std::ranges::any_of(rows_, [&](const Row& row) { return row.*of != 0; });
    Chart::Line line{std::move(name), {}};
    for (std::size_t i = 0; known && i < rows_.size(); ++i)
      line.points.push_back({at(i), static_cast<double>(rows_[i].*of)});
    return thin(std::move(line));
  }
  /// A time in which there was any: where nothing was measured it is 0.
  Chart::Line latency(std::string name, std::uint32_t Row::*us) const {
    Chart::Line line{std::move(name), {}};
    for (std::size_t i = 0; i < rows_.size(); ++i)
      if (rows_[i].*us != 0) line.points.push_back({at(i), static_cast<double>(rows_[i].*us)});
    return thin(std::move(line));
  }

 private:
  double at(std::size_t row) const { return width_ * static_cast<double>(row); }
  static Chart::Line thin(Chart::Line line) {
    line.points = thinned(line.points, kMostPoints);
    return line;
  }

  const std::vector<Row>& rows_;
  double width_, last_;
};

/// A quantile is known only where there were so many cycles.
Chart::Line distribution(std::string name, const Quantiles& times, std::uint64_t cycles) {
  Chart::Line line{std::move(name), {}};
  const auto all = static_cast<double>(cycles);
  const std::pair<double, std::uint32_t> known[] = {
      {2, times.p50}, {10, times.p90}, {100, times.p99}, {1'000, times.p999}};
  for (const auto& [share, us] : known)
    if (share < all && us != 0) line.points.push_back({share, static_cast<double>(us)});
  if (cycles != 0 && times.max != 0)
    line.points.push_back({std::max(all, 1.0), static_cast<double>(times.max)});
  return line;
}

bool has_no_points(const Chart::Line& line) {
  return line.points.empty();
}

/// Adds a chart of those lines that have points.
void add_chart(std::vector<Chart>& charts, Chart chart) {
  std::erase_if(chart.lines, has_no_points);
  if (!chart.lines.empty()) charts.push_back(std::move(chart));
}

Chart failures_of(const Rows& rows) {
  Chart made{.title = "Failed cycles a second",
             .about = "How many were not opened and closed as asked, by phase.",
             .lines = {rows.rate_if_any("while connecting", &Row::failed_connecting),
                       rows.rate_if_any("established", &Row::failed_established),
                       rows.rate_if_any("while closing", &Row::failed_closing)}};
  std::erase_if(made.lines, has_no_points);
  // Of one phase the sum says nothing more; of an earlier version's strike it is all that is known.
  if (made.lines.size() != 1) made.lines.push_back(rows.rate("in all", &Row::failed));
  return made;
}

}  // namespace

std::vector<Chart> charts_of(const StrikeSummary& summary, const StrikeTimeline& timeline) {
  const Rows rows(timeline, summary.elapsed);
  std::vector<Chart> charts;
  add_chart(charts, {.title = "Cycles a second",
                     .about = "How many were opened and closed as asked.",
                     .lines = {rows.rate("completed", &Row::completed)}});
  if (summary.failed.all() != 0) add_chart(charts, failures_of(rows));
  add_chart(charts,
            {.title = "Latency over time",
             .about = "How long cycles took, each second: half of them and 99 % took no longer.",
             .of = Of::kLatency,
             .lines = {rows.latency("connect, half", &Row::connect_p50),
                       rows.latency("connect, 99 %", &Row::connect_p99),
                       rows.latency("close, half", &Row::close_p50),
                       rows.latency("close, 99 %", &Row::close_p99)}});
  add_chart(charts,
            {.title = "In flight",
             .about = summary.passive ? "Connections at a time, at most."
                                      : "Connections at a time, at most, and those in SYN-SENT.",
             .lines = {rows.number("all", &Row::most_in_flight),
                       summary.passive ? Chart::Line{}
                                       : rows.number("in SYN-SENT", &Row::most_opening)}});
  Chart shares{.title = "Distribution of latencies",
               .about = "How long it took for what share of all cycles; the longest at the right.",
               .along = Along::kShare,
               .of = Of::kLatency,
               .lines = {}};
  if (!summary.passive)
    shares.lines.push_back(distribution("connect", summary.connect, summary.completed));
  shares.lines.push_back(distribution("close", summary.closing, summary.completed));
  if (timeline.connect_due) {
    shares.lines.push_back(
        distribution("connect since due", *timeline.connect_due, summary.completed));
  }
  add_chart(charts, std::move(shares));
  return charts;
}

}  // namespace conker::ctl
