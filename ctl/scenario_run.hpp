// Strikes the phases of a scenario, one after the other.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ctl/command.hpp"
#include "ctl/scenario.hpp"
#include "ctl/strike_show.hpp"
#include "ctl/strike_verdict.hpp"

namespace conker::ctl {

/// What became of one phase.
struct PhaseOutcome {
  const ScenarioPhase* phase;
  std::optional<ReportedStrike> strike;  // nothing: it was not struck
  std::string why_not;                   // that is why
  std::string evidence, journal, page;   // paths; empty: there are none

  protocol::Verdict verdict() const {
    return strike ? strike->result.verdict : protocol::Verdict::kInconclusive;
  }
  const std::string& why() const { return strike ? strike->result.why : why_not; }
};

/// What became of a scenario, or of what was struck of it so far.
struct ScenarioOutcome {
  const Scenario* scenario;
  std::vector<PhaseOutcome> phases;  // in the order of the scenario
  Seen seen;                         // beside all of them
  Duration elapsed{0};
  std::optional<Failure> failure;  // the first that kept a phase from being struck

  /// The worst of the phases that count, and what was seen beside all.
  Ruling ruling() const;
  bool struck_any() const;
};

/// Hears of each phase before it begins, with its number among those that are struck, and after it
/// has ended, with all so far.
struct ScenarioListener {
  std::function<void(const ScenarioPhase&, std::size_t nth)> begins;
  std::function<void(const ScenarioOutcome&)> ended;
};

/// Strikes them. An interrupt, or the end of --timeout, ends the phase and the rest is not struck;
/// so does a phase that cannot be struck. A target that is gone is not struck again. `directory`:
/// where journals and evidence of the phases are kept; empty: nowhere.
ScenarioOutcome run_scenario(const Context& context, const Scenario& scenario,
                             const std::string& directory, const ScenarioListener& listener);

}  // namespace conker::ctl
