// In the place of lwip.cpp where lwIP was not there when this was built.
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
