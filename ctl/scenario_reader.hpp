// Reads a scenario from its YAML file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ctl/scenario.hpp"
#include "protocol/verbs.hpp"

namespace conker::ctl {

/// Reads a file. `targets`: as --target has them, NAME=HOST:PORT, in place of those of the file, or
/// HOST:PORT alone where it has just one. A Failure with kExitUsage for the first thing that is
/// wrong: "FILE:LINE:COLUMN: key: what it is".
Scenario read_scenario(const std::string& path, const std::vector<std::string>& targets);
/// The same of a text; `name` stands for the file.
Scenario scenario_of(std::string_view text, const std::string& name,
                     const std::vector<std::string>& targets);

/// The keys of `faults`, as `fault set` has them.
std::vector<std::string_view> fault_keys();

}  // namespace conker::ctl
