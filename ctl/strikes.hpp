// Strikes that go on without conkerctl.
#pragma once

#include <string>

#include "ctl/command.hpp"
#include "protocol/verbs.hpp"

namespace conker::ctl {

/// "running", "PASS", "lost".
std::string state_of(const protocol::StrikeEntry& entry);
/// Begins a strike that the daemon keeps, and says how to come back to it.
int strike_detached(const Context& context, const protocol::Strike::Parameters& parameters);
/// Adds list, status, attach, stop and report to the verb strike.
void add_strikes_verbs(CLI::App& strike, Context& context);

}  // namespace conker::ctl
