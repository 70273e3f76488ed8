// Completion of a command line, for shells.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace conker::ctl {

/// What may stand in place of the last of `words`, which stand behind the program's name: lines of
/// `WORD<tab>what it is`, or the line `:files` for names of files. Verbs and options come from the
/// command line's own description; ids and links from the daemon at `socket` (or at that which the
/// words name), which is waited for half a second at most.
std::string completions(const CLI::App& app, std::string socket,
                        const std::vector<std::string>& words);

}  // namespace conker::ctl
