// What ends a strike before its time: the options, and the line of the report.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "protocol/judgement.hpp"

namespace conker::ctl {

/// What the options say, as text.
struct EndingValues {
  std::string stop_on, rule;
  bool keep_going = false;
};

void add_ending(CLI::App& verb, EndingValues& values);
void take_ending(const EndingValues& values, protocol::Strike::Parameters& parameters);
/// A line with its label; empty for a strike that went on to its end.
std::string ending_report(const std::optional<protocol::Stopped>& stopped);

}  // namespace conker::ctl
