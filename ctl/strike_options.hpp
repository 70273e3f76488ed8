// The options of a strike that say whom, how much, how, and what makes the verdict.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "ctl/monitor_options.hpp"
#include "ctl/strike_ending.hpp"
#include "protocol/verbs.hpp"

namespace conker::ctl {

/// As given on the command line.
struct StrikeOptions {
  protocol::Strike::Parameters parameters;
  std::string listen, concurrency, duration, ramp, hold, connect_timeout, close_timeout;
  std::string close = std::string(protocol::name_of(WayToClose::kFin));
  std::string expect = std::string(protocol::name_of(Expect::kNothing));
  std::string fail_on = std::string(protocol::name_of(verdict::Severity::kWeakness));
  std::vector<std::string> limits;
  EndingValues ending;

  void add(CLI::App& verb);
  /// Whether they name a target, or a port of ours to which it comes.
  bool names_target() const { return !parameters.target.empty() || !listen.empty(); }
  /// Checks them. A Failure with kExitUsage.
  protocol::Strike::Parameters checked() const;
  /// Takes what --max says; monitor_outage into `outage`. A Failure with kExitUsage.
  void take_limits(protocol::Strike::Parameters& into, OutageLimit& outage) const;
};

}  // namespace conker::ctl
