// The report of a strike, as text for people, and its exit code.
#pragma once

#include <string>

#include "ctl/error.hpp"
#include "protocol/judgement.hpp"

namespace conker::ctl {

/// The exit code of conkerctl for a verdict.
Exit exit_of(protocol::Verdict verdict);

/// "PASS", "FAIL", "INCONCLUSIVE".
const char* in_capitals(protocol::Verdict verdict);
/// A finding in a few lines.
std::string finding_report(const protocol::Strike::Finding& finding);

/// Paths of files that a report names; empty where they are not known.
struct StrikePaths {
  std::string evidence, journal;
};

/// The verdict first, then the figures, and what was found.
std::string strike_report(const protocol::Strike::Result& result, const StrikePaths& paths);

}  // namespace conker::ctl
