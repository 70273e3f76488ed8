// The options of a strike about the hook to the device.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "ctl/device_watch.hpp"

namespace conker::ctl {

/// As given on the command line.
struct WatchOptions {
  std::vector<std::string> watches;
  std::string fail, log, before, after;

  void add(CLI::App& verb);
  /// Checks them. A Failure with kExitUsage.
  WatchSettings settings() const;
};

}  // namespace conker::ctl
