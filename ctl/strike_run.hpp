// A strike with what runs beside it, in one poll loop.
#pragma once

#include "ctl/command.hpp"
#include "ctl/monitors.hpp"

namespace conker::ctl {

/// Waits for the monitors' baselines, strikes, and goes on with the monitors until services are
/// back. Returns the daemon's result. An interrupt ends the strike, and what comes after it.
json run_strike(const Context& context, const protocol::Strike::Parameters& parameters,
                int evidence, Monitors& monitors);

}  // namespace conker::ctl
