// The report of a scenario: as text for people, as JSON, and as suites of test cases.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ctl/report_files.hpp"
#include "ctl/scenario_run.hpp"

namespace conker::ctl {

/// A rule that was broken, in all phases together.
struct MergedFinding {
  protocol::Strike::Finding finding;  // the first, with the counts of all
  std::vector<std::string> phases;    // in which it was
};
/// The worst first.
std::vector<MergedFinding> merged_findings(const ScenarioOutcome& outcome);

/// "2 of 5  churn: 10.77.0.1:7, 10 s, loss=1%"
std::string phase_headline(const ScenarioPhase& phase, std::size_t nth, std::size_t phases);
/// The verdict and the figures that matter most, in a line or two.
std::string phase_summary(const PhaseOutcome& outcome);
/// The verdict first, then a table of the phases, and what was found.
std::string scenario_report(const ScenarioOutcome& outcome);

/// `file`: of the scenario. Each phase has the report of its strike as `result`.
json scenario_json(const ScenarioOutcome& outcome, const std::string& file);
/// Writes the page of the whole: an overview, then each phase, of which the first 50 have all
/// that a strike's page has. Returns the error, for people; nothing without one.
std::optional<std::string> write_scenario_page(const std::string& path,
                                               const ScenarioOutcome& outcome);
/// A suite of test cases for each phase, and one for what is beside them, with the verdict of all.
std::vector<Suite> scenario_suites(const ScenarioOutcome& outcome);

}  // namespace conker::ctl
