// Delta debugging: finds a short script that still shows the same fault.
#pragma once

#include <string>

#include "tests/sim/script.hpp"

namespace conker::sim {

struct Shrunk {
  Script script;
  std::uint32_t trials = 0;
};

/// Leaves out steps as long as `fault` remains (on any host), for at most `seconds`.
Shrunk shrink(Script script, const std::string& fault, std::uint64_t failed_at, double seconds);

}  // namespace conker::sim
