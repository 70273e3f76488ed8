// The options of a strike about monitors.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "ctl/monitors.hpp"

namespace conker::ctl {

/// As given on the command line.
struct MonitorOptions {
  std::vector<std::string> monitors;
  std::string every, timeout, after;

  void add(CLI::App& verb);
  /// Checks them; `target` is HOST:PORT of the strike. A Failure with kExitUsage.
  MonitorSettings settings(const std::string& target) const;
};

/// Takes monitor_outage=TIME of --max; false where it is another limit.
bool take_outage_limit(const std::string& text, OutageLimit& limit);

}  // namespace conker::ctl
