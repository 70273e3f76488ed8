// The report of a strike, as text for people, and its exit code.
#pragma once

#include <string>

#include "ctl/error.hpp"
#include "protocol/judgement.hpp"

namespace conker::ctl {

/// The exit code of conkerctl for a verdict.
Exit exit_of(protocol::Verdict verdict);

/// The verdict first, then the figures, and what was found. `evidence`: the path of its file.
std::string strike_report(const protocol::Strike::Result& result, const std::string& evidence);

}  // namespace conker::ctl
