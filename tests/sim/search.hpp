// Runs many short worlds, each with its own seed, until something is found or the time is over.
#pragma once

#include <cstdint>
#include <string>

#include "tests/sim/script.hpp"
#include "tests/sim/trial.hpp"

namespace conker::sim {

struct SearchOptions {
  std::uint64_t seed = 1;
  double seconds = 10;
  std::uint64_t worlds = 0;  // 0: as many as there is time for
  std::uint32_t steps = 0;   // of each; 0: as the seed says
  double shrink_seconds = 10;
  bool alter_payload = false;
  bool scarce = false;      // Config::scarce
  bool every_edge = false;  // edges of the diagram that were not taken are a finding
  std::string out = ".";
};

struct SearchResult {
  bool found = false;
  std::string fault;
  std::uint64_t seed = 0, step = 0;  // of the finding
  double found_after = 0, seconds = 0;
  std::uint64_t worlds = 0;
  Figures figures;
  Taken taken;
  std::uint32_t steps_before = 0, steps_after = 0, trials = 0;  // of the shrinking
  std::string script;                                           // path
};

/// The script of a world of this search.
Script script_of(const SearchOptions& options, std::uint64_t seed);
SearchResult search(const SearchOptions& options);
/// Plays one script, and writes its trace and capture.
SearchResult replay(const Script& script, const std::string& stem);

/// The seed of the n-th world of a search; that of the first is the search's own, so that any world
/// can be run alone.
std::uint64_t world_seed(std::uint64_t seed, std::uint64_t n);

}  // namespace conker::sim
