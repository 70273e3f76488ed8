// What ends a strike before its time, and the looks at its target: the options, and the lines of
// the report.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "protocol/judgement.hpp"

namespace conker::ctl {

/// What the options say, as text.
struct EndingValues {
  std::string stop_on, rule;
  bool keep_going = false;
  std::string look;
};

void add_ending(CLI::App& verb, EndingValues& values);
void take_ending(const EndingValues& values, protocol::Strike::Parameters& parameters);
/// A line with its label; empty for a strike that went on to its end.
std::string ending_report(const std::optional<protocol::Stopped>& stopped);
/// A line for the dead, if any were probed.
std::string dead_report(const std::optional<protocol::DeadProbed>& dead);
/// A line for the connections that the target closed first, if any were probed.
std::string time_wait_report(const std::optional<protocol::TimeWaitProbed>& probed);
/// A line for each look at the target.
std::string looks_report(const std::vector<protocol::Look>& looks, bool ipv6);

}  // namespace conker::ctl
