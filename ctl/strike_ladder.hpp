// --concurrency auto: how it is asked for, and the part of a report on what the target bears.
#pragma once

#include <optional>
#include <string>

#include "protocol/judgement.hpp"

namespace conker::ctl {

/// Takes N, auto or auto:MAX; anything else is a Failure with kExitUsage.
void take_concurrency(const std::string& text, protocol::Strike::Parameters& parameters);
/// Empty where nothing was to be learnt.
std::string ladder_report(const std::optional<protocol::LadderClimbed>& ladder);

}  // namespace conker::ctl
