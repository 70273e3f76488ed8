// What the command line says of itself, for manual pages and completion.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace conker::ctl {

/// The verbs of a verb, or of the program, in the order of its help.
std::vector<const CLI::App*> verbs_of(const CLI::App& app);
/// Its options or, with `positional`, its positional parameters.
std::vector<const CLI::Option*> options_of(const CLI::App& app, bool positional);
/// "--close", for people and to be typed; of a positional parameter its name.
std::string name_of(const CLI::Option& option);
/// What stands for its value: "N", "HOST:PORT"; empty for a flag.
std::string value_name(const CLI::Option& option);
/// The words that it takes, where these are known.
std::vector<std::string> choices_of(const CLI::Option& option);

/// The verbs and options as text for scdoc(5): the middle of conkerctl(1).
std::string verbs_for_manual(const CLI::App& app);
/// The keys of scenarios as text for scdoc(5): the middle of conker-scenario(5).
std::string scenario_keys_for_manual();

}  // namespace conker::ctl
