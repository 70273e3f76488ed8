// What monitors saw, as text for people.
#pragma once

#include <string>
#include <vector>

#include "ctl/monitor_tally.hpp"

namespace conker::ctl {

/// Lines for the report of a strike, each with its label; empty without monitors.
std::string monitors_report(const std::vector<MonitorReport>& reports);

}  // namespace conker::ctl
