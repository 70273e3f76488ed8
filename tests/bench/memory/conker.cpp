// conker against itself, in memory.
#include "tests/bench/memory/pair.hpp"
#include "tests/bench/memory/shards.hpp"

namespace conker::bench {

std::vector<ShardReport> strike_conker(const StrikeOptions& options) {
  return run_shards<Pair>(options);
}

}  // namespace conker::bench
