// What differs between the configuration that a daemon runs with and another one, and what of it
// can be taken over while it runs.
#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"

namespace conker::config {

struct Changes {
  // Dotted keys, in the order of the file: "log.level", "links.lab.faults".
  std::vector<std::string> live;   // can be taken over at once
  std::vector<std::string> fixed;  // only by another start, since tables and devices stand on it
};

Changes compare(const Config& running, const Config& wanted);

}  // namespace conker::config
