// What a strike found before is looked for again: what the evidence has to say for that.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ctl/client.hpp"
#include "protocol/judgement.hpp"

namespace conker::ctl {

/// What a replay looks for, as it was first found.
struct Goal {
  std::string rule;                  // empty: failed cycles
  std::optional<StrikePhase> phase;  // of failed cycles
  std::uint64_t cycle = 0;           // from 1
  Duration at{0};                    // when it was found, from the begin
  std::uint64_t begun = 0;           // cycles that had been begun by then, about

  /// "reset-sequence", "failed cycle (closing)".
  std::string name() const;
};

/// Whether it was found again.
struct Sighting {
  bool found = false;
  bool conclusive = false;   // our own side cannot be the cause
  std::uint64_t cycle = 0;   // where it was found, from 1
  std::uint64_t cycles = 0;  // that were begun: where it was found, until then
  Duration at{0};            // when it was found, from the begin
  std::string stopped;       // what ended the strike before its time; empty where nothing did

  Exit exit() const { return found && conclusive ? kExitFail : kExitInconclusive; }
};

/// A strike's result, with its begin: from the .json of its evidence, or from its journal. A
/// Failure when the file cannot be read or is neither.
protocol::Strike::Result read_recorded(const std::string& path);

/// The finding that is looked for: of `rule`, which may be "failure"; where that is empty, the
/// worst finding, of which failed cycles are worse than notes. A Failure where there is none.
Goal goal_of(const protocol::Strike::Result& recorded, const std::string& rule,
             const std::string& path);

/// How many cycles are tried for what was found when so many had been begun: twice as many and
/// those in flight, 1000 at least.
std::uint64_t budget_for(std::uint64_t begun, std::uint32_t concurrency);
/// How long peers are waited for that open connections to us, for what was found after `at`.
std::uint32_t wait_for(Duration at);

/// The parameters of that strike, for so many cycles at most, up to the goal. It opens from the
/// same ports, unless the target may still have those four-tuples: in TIME-WAIT where it closed
/// first, or half-open. Where peers open the connections they are waited for as long as wait_for()
/// says.
protocol::Strike::Parameters repeated(const protocol::Strike::Result& recorded, const Goal& goal,
                                      std::uint64_t cycles);

Sighting sighting_of(const protocol::Strike::Result& result, const Goal& goal);

/// "found again: RULE in cycle N (in the evidence: cycle M), T s".
std::string told(const Sighting& sighting, const Goal& goal);

}  // namespace conker::ctl
