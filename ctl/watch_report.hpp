// What watches have heard, as text for people and as findings.
#pragma once

#include <string>
#include <vector>

#include "ctl/watch_log.hpp"
#include "protocol/judgement.hpp"

namespace conker::ctl {

/// Lines for the report of a strike, each with its label; empty without watches.
std::string watches_report(const std::vector<WatchReport>& reports);
/// The lines that were kept, for the report that is written beside the evidence.
std::string watched_lines(const std::vector<WatchReport>& reports);
/// One finding of the rule watch-fail for each watch that has said what --watch-fail looks for.
std::vector<protocol::Strike::Finding> watch_findings(const std::vector<WatchReport>& reports);

}  // namespace conker::ctl
