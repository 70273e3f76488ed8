#include "ctl/scenario_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "ctl/files.hpp"
#include "ctl/format.hpp"
#include "ctl/monitor_report.hpp"
#include "ctl/report_page.hpp"
#include "ctl/strike_report.hpp"
#include "ctl/watch_report.hpp"

namespace conker::ctl {
namespace {

using protocol::Strike;
using protocol::Verdict;

double in_seconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

std::string rate_of(const StrikeSummary& summary) {
  return rounded(summary.cycles_per_second());
}

/// How much a phase asks for.
std::string amount(const ScenarioPhase& phase) {
  const Strike::Parameters& asked = phase.parameters;
  std::string text;
  if (asked.cycles) text = grouped(*asked.cycles) + " cycles";
  if (asked.duration_ms)
    text += (text.empty() ? "" : ", at most ") + duration_ms(*asked.duration_ms);
  if (asked.rate) text += fmt::format(", {} a second", grouped(*asked.rate));
  return text;
}

std::string joined_phases(const std::vector<std::string>& phases) {
  constexpr std::size_t kMost = 5;
  if (phases.size() <= kMost) return joined(phases);
  return fmt::format("{} and {} more", joined({phases.begin(), phases.begin() + kMost}),
                     phases.size() - kMost);
}

Table table_of_phases(const ScenarioOutcome& outcome) {
  using Align = Table::Align;
  Table table({{"PHASE"},
               {"CYCLES", Align::kRight},
               {"A SECOND", Align::kRight},
               {"FAILED", Align::kRight},
               {"CONNECT 99%", Align::kRight},
               {"CLOSE 99%", Align::kRight},
               {"FINDINGS", Align::kRight},
               {"VERDICT"}});
  for (const PhaseOutcome& phase : outcome.phases) {
    const std::string counted = phase.phase->counts ? "" : " (does not count)";
    if (!phase.strike) {
      table.add({phase.phase->label(), "-", "-", "-", "-", "-", "-", "not struck" + counted});
      continue;
    }
    const Strike::Result& result = phase.strike->result;
    const StrikeSummary& summary = result.summary;
    table.add({phase.phase->label(), grouped(summary.cycles), rate_of(summary),
               grouped(summary.failed.all()), to_string(Duration(summary.connect.p99)),
               to_string(Duration(summary.closing.p99)), grouped(result.findings.size()),
               in_capitals(result.verdict) + counted});
  }
  return table;
}

/// Those of a strike, and what its watches found.
std::vector<Strike::Finding> findings_of(const ReportedStrike& strike) {
  std::vector<Strike::Finding> all = watch_findings(strike.seen.watches);
  all.insert(all.end(), strike.result.findings.begin(), strike.result.findings.end());
  return all;
}

int weight_of_severity(const Strike::Finding& finding) {
  const auto severity = protocol::choice_named<verdict::Severity>(finding.severity);
  return severity ? static_cast<int>(*severity) : -1;
}

/// A phase that does not count fails no test.
void excuse(std::vector<Case>& cases) {
  for (Case& one : cases) {
    if (one.outcome == Case::Outcome::kPassed) continue;
    one.outcome = Case::Outcome::kPassed;
    one.message = "does not count: " + one.message;
  }
}

Suite suite_of(const PhaseOutcome& phase, const std::string& name) {
  Suite suite;
  suite.name = name;
  if (phase.strike) {
    const ReportedStrike& strike = *phase.strike;
    suite.seconds = in_seconds(strike.result.summary.elapsed);
    if (!phase.evidence.empty())
      suite.attachment = std::filesystem::absolute(phase.evidence).string();
    suite.cases = cases_of(strike.result, strike.seen.monitors, strike.seen.watches);
  } else {
    suite.cases = {{"verdict", Case::Outcome::kError, "not struck: " + phase.why_not, ""}};
  }
  if (!phase.phase->counts) excuse(suite.cases);
  return suite;
}

std::string report(const MergedFinding& merged) {
  return fmt::format("\n{}             in {}\n", finding_report(merged.finding),
                     joined_phases(merged.phases));
}

}  // namespace

std::vector<MergedFinding> merged_findings(const ScenarioOutcome& outcome) {
  std::vector<MergedFinding> all;
  for (const PhaseOutcome& phase : outcome.phases) {
    if (!phase.strike) continue;
    for (const Strike::Finding& finding : findings_of(*phase.strike)) {
      const auto same = std::ranges::find_if(
          all, [&](const MergedFinding& one) { return one.finding.rule == finding.rule; });
      if (same == all.end()) {
        all.push_back({finding, {phase.phase->label()}});
        continue;
      }
      same->finding.count += finding.count;
      same->finding.inconclusive += finding.inconclusive;
      if (same->finding.because.empty()) same->finding.because = finding.because;
      same->phases.push_back(phase.phase->label());
    }
  }
  std::ranges::stable_sort(all, std::greater{}, [](const MergedFinding& one) {
    return weight_of_severity(one.finding);
  });
  return all;
}

std::string phase_headline(const ScenarioPhase& phase, std::size_t nth, std::size_t phases) {
  std::string text =
      fmt::format("{} of {}  {}: {}, {}", nth, phases, phase.label(), phase.whom(), amount(phase));
  if (!phase.faults.empty()) text += ", on our own link " + joined(phase.faults);
  return text + "\n";
}

std::string phase_summary(const PhaseOutcome& outcome) {
  if (!outcome.strike) return fmt::format("        not struck: {}\n", outcome.why_not);
  const Strike::Result& result = outcome.strike->result;
  const StrikeSummary& summary = result.summary;
  std::string text = fmt::format(
      "        {}: {}\n        {} cycles a second, {} of {} completed, {} failed\n",
      in_capitals(result.verdict), result.why, rate_of(summary), grouped(summary.completed),
      grouped(summary.cycles), grouped(summary.failed.all()));
  if (!outcome.page.empty()) text += fmt::format("        {}\n", outcome.page);
  return text;
}

std::string scenario_report(const ScenarioOutcome& outcome) {
  const Ruling ruling = outcome.ruling();
  std::string text = fmt::format("\n{}: {}\n\n", in_capitals(ruling.verdict), ruling.why);
  text += table_of_phases(outcome).to_string();
  for (const PhaseOutcome& phase : outcome.phases) {
    if (!phase.strike)
      text += fmt::format("{} was not struck: {}\n", phase.phase->label(), phase.why_not);
  }
  for (const MergedFinding& merged : merged_findings(outcome)) text += report(merged);
  const std::string beside =
      monitors_report(outcome.seen.monitors) + watches_report(outcome.seen.watches);
  if (!beside.empty()) text += "\nbeside all of them:\n" + beside;
  return text;
}

json scenario_json(const ScenarioOutcome& outcome, const std::string& file) {
  const Scenario& scenario = *outcome.scenario;
  const Ruling ruling = outcome.ruling();
  json phases = json::array();
  const auto path = [](const std::string& of) { return of.empty() ? json() : json(of); };
  for (const PhaseOutcome& phase : outcome.phases) {
    phases.push_back({{"phase", phase.phase->label()},
                      {"counts", phase.phase->counts},
                      {"struck", phase.strike.has_value()},
                      {"verdict", protocol::name_of(phase.verdict())},
                      {"why", phase.why()},
                      {"command", phase.phase->command()},
                      {"faults", phase.phase->faults},
                      {"journal", path(phase.journal)},
                      {"evidence", path(phase.evidence)},
                      {"page", path(phase.page)},
                      {"result", phase.strike ? phase.strike->raw : json()}});
  }
  json findings = json::array();
  for (const MergedFinding& merged : merged_findings(outcome)) {
    json one = protocol::to_json(merged.finding);
    one["phases"] = merged.phases;
    findings.push_back(std::move(one));
  }
  return {{"scenario", scenario.name},
          {"file", file},
          {"verdict", protocol::name_of(ruling.verdict)},
          {"why", ruling.why},
          {"complete", outcome.phases.size() == scenario.phases.size()},
          {"duration_s", in_seconds(outcome.elapsed)},
          {"phases", std::move(phases)},
          {"findings", std::move(findings)},
          {"monitors", protocol::to_json(outcome.seen.monitors)},
          {"watches", protocol::to_json(outcome.seen.watches)}};
}

std::optional<std::string> write_scenario_page(const std::string& path,
                                               const ScenarioOutcome& outcome) {
  constexpr std::size_t kMostOnPage = 50;  // phases with charts: a page that a browser bears
  const Ruling ruling = outcome.ruling();
  json phases = json::array();
  for (const PhaseOutcome& phase : outcome.phases) {
    const bool whole = phase.strike && phases.size() < kMostOnPage;
    phases.push_back({{"phase", phase.phase->label()},
                      {"counts", phase.phase->counts},
                      {"verdict", phase.strike ? in_capitals(phase.verdict()) : "not struck"},
                      {"why", phase.why()},
                      {"strike", whole ? page_data_at(path, phase.strike->content()) : json()}});
  }
  const json data{{"program", "conkerctl " CONKER_VERSION},
                  {"scenario", outcome.scenario->name},
                  {"verdict", in_capitals(ruling.verdict)},
                  {"why", ruling.why},
                  {"phases", std::move(phases)},
                  {"monitors", protocol::to_json(outcome.seen.monitors)},
                  {"watches", protocol::to_json(outcome.seen.watches)}};
  return write_file(path, report_page(data, fresh_nonce()));
}

std::vector<Suite> scenario_suites(const ScenarioOutcome& outcome) {
  const std::string name = "conker scenario " + outcome.scenario->name;
  // What is beside them all has the cases that it has beside one strike.
  const Ruling ruling = outcome.ruling();
  Strike::Result all;
  all.verdict = ruling.verdict;
  all.why = ruling.why;
  Suite whole{name, in_seconds(outcome.elapsed), "",
              cases_of(all, outcome.seen.monitors, outcome.seen.watches)};
  whole.cases.front().detail = table_of_phases(outcome).to_string(0);
  std::vector<Suite> suites{std::move(whole)};
  for (const PhaseOutcome& phase : outcome.phases)
    suites.push_back(suite_of(phase, name + ": " + phase.phase->label()));
  return suites;
}

}  // namespace conker::ctl
