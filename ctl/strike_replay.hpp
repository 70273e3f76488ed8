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

  /// "reset-sequence", "failed cycle (closing)".
  std::string name() const;
};

/// Whether it was found again.
struct Sighting {
  bool found = false;
  bool conclusive = false;   // our own side cannot be the cause
  std::uint64_t cycle = 0;   // where it was found, from 1
  std::uint64_t cycles = 0;  // that were begun
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

/// How many cycles are tried for what was found in this one: twice as many and those in flight,
/// 1000 at least.
std::uint64_t budget_for(std::uint64_t cycle, std::uint32_t concurrency);

/// The parameters of that strike, for so many cycles at most, up to the goal.
protocol::Strike::Parameters repeated(const protocol::Strike::Begin& begin, const Goal& goal,
                                      std::uint64_t cycles);

Sighting sighting_of(const protocol::Strike::Result& result, const Goal& goal);

/// "found again: RULE in cycle N (in the evidence: cycle M), T s".
std::string told(const Sighting& sighting, const Goal& goal);

}  // namespace conker::ctl
