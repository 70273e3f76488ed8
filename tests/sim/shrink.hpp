// Delta debugging: the shortest script found that still shows the same fault.
#pragma once

#include <string>

#include "tests/sim/script.hpp"

namespace conker::sim {

struct Shrunk {
  Script script;
  std::uint32_t trials = 0;
};

/// Leaves out steps as long as `fault` remains (on whatever host), for so many seconds at most.
Shrunk shrink(Script script, const std::string& fault, std::uint64_t failed_at, double seconds);

}  // namespace conker::sim
