// Replaces lwip.cpp where lwIP is not installed.
#include <stdexcept>

#include "tests/bench/memory/strike.hpp"

namespace conker::bench {

bool has_lwip() {
  return false;
}

ShardReport strike_lwip(const StrikeOptions&) {
  throw std::runtime_error("built without lwIP: install liblwip-dev and build again");
}

}  // namespace conker::bench
