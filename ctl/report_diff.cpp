#include "ctl/report_diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "ctl/format.hpp"
#include "ctl/strike_report.hpp"
#include "protocol/json.hpp"

namespace conker::ctl {
namespace {

using protocol::Strike;
using Row = protocol::StrikeTimeline::Row;
using Figure = ReportDiff::Figure;

/// The standard error of a figure's mean over the seconds of a strike, as a share of that; nothing
/// where there are too few seconds. The last one is rarely whole.
std::optional<double> relative_error(const std::vector<Row>& seconds, auto&& figure) {
  constexpr std::size_t kLeast = 4;
  if (seconds.size() < kLeast) return std::nullopt;
  const auto whole = std::span(seconds).first(seconds.size() - 1);
  const auto n = static_cast<double>(whole.size());
  double mean = 0, squares = 0;
  for (const Row& row : whole) mean += static_cast<double>(figure(row)) / n;
  for (const Row& row : whole) squares += std::pow(static_cast<double>(figure(row)) - mean, 2);
  if (mean == 0) return std::nullopt;
  return std::sqrt(squares / (n - 1) / n) / mean;
}

Figure compared(std::string name, std::string unit, double a, double b) {
  Figure figure{.name = std::move(name), .unit = std::move(unit), .a = a, .b = b};
  if (a != 0) figure.ratio = b / a;
  return figure;
}

/// The same, with its noise.
Figure compared(Figure figure, const Strike::Result& a, const Strike::Result& b, auto&& of_row) {
  const auto of_a = relative_error(a.timeline.seconds, of_row);
  const auto of_b = relative_error(b.timeline.seconds, of_row);
  if (figure.ratio && of_a && of_b) figure.noise = *figure.ratio * 2 * std::hypot(*of_a, *of_b);
  return figure;
}

/// Of a million cycles.
double in_a_million(std::uint64_t count, std::uint64_t cycles) {
  return cycles == 0 ? 0 : static_cast<double>(count) * 1e6 / static_cast<double>(cycles);
}

std::vector<Figure> figures_of(const Strike::Result& a, const Strike::Result& b) {
  const StrikeSummary &one = a.summary, &other = b.summary;
  const auto of_million = [&](const char* name, std::uint64_t in_a, std::uint64_t in_b) {
    return compared(name, "of 1,000,000 cycles", in_a_million(in_a, one.cycles),
                    in_a_million(in_b, other.cycles));
  };
  return {
      compared(compared("cycles", "a second", one.cycles_per_second(), other.cycles_per_second()),
               a, b, [](const Row& row) { return row.completed; }),
      compared(compared("connect p50", "us", one.connect.p50, other.connect.p50), a, b,
               [](const Row& row) { return row.connect_p50; }),
      compared(compared("connect p99", "us", one.connect.p99, other.connect.p99), a, b,
               [](const Row& row) { return row.connect_p99; }),
      compared("close p50", "us", one.closing.p50, other.closing.p50),
      compared("close p99", "us", one.closing.p99, other.closing.p99),
      of_million("failed", one.failed.all(), other.failed.all()),
      of_million("sent again", one.retransmits, other.retransmits)};
}

/// What broke a rule for certain, and what cycles failed by.
std::vector<ReportDiff::Entry> entries_of(const Strike::Result& result,
                                          std::uint64_t ReportDiff::Entry::*count) {
  std::vector<ReportDiff::Entry> entries;
  for (const Strike::Finding& finding : result.findings) {
    if (finding.count == finding.inconclusive) continue;
    entries.push_back({.name = finding.rule, .severity = finding.severity});
    entries.back().*count = finding.count - finding.inconclusive;
  }
  for (const protocol::StrikeTimeline::Failure& failure : result.timeline.failures) {
    entries.push_back(
        {.name = std::string(protocol::name_of(failure.name)), .severity = "failure"});
    entries.back().*count = failure.count;
  }
  return entries;
}

/// What decides the strike itself: not the files that are written of it, nor with which port and
/// which part of a whole it happened to begin.
std::vector<ReportDiff::Asked> asked_of(const Strike::Result& a, const Strike::Result& b) {
  std::vector<ReportDiff::Asked> differing;
  const protocol::json one = protocol::to_json(a.begin->parameters),
                       other = protocol::to_json(b.begin->parameters);
  for (const auto& [name, value] : one.items()) {
    constexpr std::array<std::string_view, 5> kOthers{"evidence", "journal", "from_port",
                                                      "resumed_cycles", "resumed_ms"};
    if (std::ranges::find(kOthers, name) == kOthers.end() && other.at(name) != value)
      differing.push_back({name, value.dump(), other.at(name).dump()});
  }
  return differing;
}

std::string number(double value) {
  return value >= 100 ? rounded(value) : fmt::format("{:.3g}", value);
}

std::string lines(const char* label, const std::vector<ReportDiff::Entry>& entries) {
  std::string text;
  for (const ReportDiff::Entry& entry : entries) {
    text += fmt::format("{:<13}{} ({}): {} connections, then {}\n", text.empty() ? label : "",
                        entry.name, entry.severity, grouped(entry.a), grouped(entry.b));
  }
  return text;
}

}  // namespace

ReportDiff ReportDiff::of(const Strike::Result& a, const Strike::Result& b) {
  ReportDiff diff{.verdict_a = a.verdict,
                  .verdict_b = b.verdict,
                  .cycles_a = a.summary.cycles,
                  .cycles_b = b.summary.cycles,
                  .asked = asked_of(a, b),
                  .figures = figures_of(a, b)};
  std::vector<Entry> others = entries_of(b, &Entry::b);
  for (Entry& entry : entries_of(a, &Entry::a)) {
    const auto same = std::ranges::find(others, entry.name, &Entry::name);
    if (same == others.end()) {
      diff.gone.push_back(std::move(entry));
    } else {
      entry.b = same->b;
      others.erase(same);
      diff.both.push_back(std::move(entry));
    }
  }
  diff.appeared = std::move(others);
  return diff;
}

Exit ReportDiff::exit() const {
  const auto bad = [](const Entry& entry) { return entry.severity != "note"; };
  const bool fails = verdict_b == protocol::Verdict::kFail && verdict_a != verdict_b;
  if (fails || std::ranges::any_of(appeared, bad)) return kExitFail;
  const bool unknown = verdict_b == protocol::Verdict::kInconclusive && verdict_a != verdict_b;
  return unknown ? kExitInconclusive : kExitDone;
}

std::string ReportDiff::text() const {
  std::string text = fmt::format("{} ({} cycles), then {} ({} cycles)\n\n", in_capitals(verdict_a),
                                 grouped(cycles_a), in_capitals(verdict_b), grouped(cycles_b));
  text += lines("new", appeared) + lines("gone", gone) + lines("in both", both);
  if (appeared.empty() && gone.empty() && both.empty()) text += "Neither found anything.\n";
  Table table({{"", Table::Align::kLeft},
               {"first", Table::Align::kRight},
               {"then", Table::Align::kRight},
               {"", Table::Align::kLeft},
               {"ratio", Table::Align::kRight},
               {"", Table::Align::kLeft}});
  for (const Figure& figure : figures) {
    const std::string noise = figure.noise ? fmt::format("+- {:.2f}{}", *figure.noise,
                                                         figure.differs() ? ", differs" : "")
                                           : "";
    table.add({figure.name, number(figure.a), number(figure.b), figure.unit,
               figure.ratio ? fmt::format("{:.2f}", *figure.ratio) : "-", noise});
  }
  text += "\n" + table.to_string();
  for (const Asked& one : asked)
    text += fmt::format("\nnot asked the same: {} {}, then {}", one.name, one.a, one.b);
  return asked.empty() ? text : text + "\n";
}

}  // namespace conker::ctl
