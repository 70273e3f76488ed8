#include "tests/sim/search.hpp"

#include "tests/sim/dice.hpp"
#include "tests/sim/long_run.hpp"
#include "tests/sim/shrink.hpp"

namespace conker::sim {
namespace {

void note(SearchResult& result, const Board& board) {
  result.found = board.found;
  result.fault = board.fault;
  result.seed = board.seed;
  result.step = board.step;
  result.worlds = board.worlds;
  result.figures.add(board.figures);
  result.taken.add(board.taken);
}

}  // namespace

std::uint64_t world_seed(std::uint64_t seed, std::uint64_t n) {
  if (n == 0) return seed;
  Dice dice(seed * 0x9e3779b97f4a7c15 + n);
  return dice() >> 20;  // short enough to be read out
}

Script script_of(const SearchOptions& options, std::uint64_t seed) {
  Script script = draw_script(seed, make_config(seed).hosts, options.steps);
  script.alter_payload = options.alter_payload;
  script.scarce = options.scarce;
  return script;
}

SearchResult search(const SearchOptions& options) {
  const auto start = Clock::now();
  heed_interruption();
  Watched watched;
  SearchResult result;
  const auto play = [&](Board& board) {
    for (std::uint64_t n = 0; options.worlds == 0 || n < options.worlds; ++n) {
      const std::uint64_t seed = world_seed(options.seed, n);
      play_script(board, script_of(options, seed));
      if (board.found || board.stop) return;
    }
  };
  note(result, watched.run(play, &interrupted, options.seconds));
  result.found_after = since(start);
  if (result.found) {
    Script script = script_of(options, result.seed);
    result.steps_before = static_cast<std::uint32_t>(script.ops.size());
    Shrunk shrunk = shrink(std::move(script), result.fault, result.step, options.shrink_seconds);
    result.steps_after = static_cast<std::uint32_t>(shrunk.script.ops.size());
    result.trials = shrunk.trials;
    const std::string stem = options.out + "/sim-" + std::to_string(result.seed);
    result.script = stem + ".script";
    if (!write_script(shrunk.script, result.script, result.fault)) result.script.clear();
    watched.run([&](Board& board) { play_script(board, shrunk.script, stem); });
  } else if (options.every_edge && result.taken.edges() != Taken::edges_there_are()) {
    result.found = true;
    result.fault = "edges of the diagram not taken: " + result.taken.edges_not_taken();
  }
  result.seconds = since(start);
  return result;
}

SearchResult replay(const Script& script, const std::string& stem) {
  const auto start = Clock::now();
  Watched watched;
  SearchResult result;
  note(result, watched.run([&](Board& board) { play_script(board, script, stem); }));
  result.seconds = result.found_after = since(start);
  return result;
}

}  // namespace conker::sim
