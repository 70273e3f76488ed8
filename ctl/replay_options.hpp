// strike --replay: the options, and the command.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "ctl/command.hpp"
#include "ctl/minimize_run.hpp"

namespace conker::ctl {

struct ReplayOptions {
  std::string path;  // of the evidence or journal; empty: no replay
  std::string rule;
  bool minimize = false;
  std::string within;  // empty: the usual
  MinimizeLimits limits;

  bool wanted() const { return !path.empty(); }
  /// Adds the options to the verb, which has all of its others already: a replay has the parameters
  /// of its evidence, and so excludes them.
  void add(CLI::App& verb);
};

/// Strikes as it was struck in the evidence, for `cycles` at most, and says whether the same was
/// found; or looks for the least strike that finds it. `evidence`: the path for the frames of this
/// time; empty: none. Returns kExitFail when it was found again, kExitInconclusive when not.
int replay(const Context& context, const ReplayOptions& options,
           std::optional<std::uint64_t> cycles, const std::string& evidence);

}  // namespace conker::ctl
