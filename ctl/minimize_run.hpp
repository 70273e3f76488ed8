// strike --replay --minimize: the search, with real strikes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "ctl/command.hpp"
#include "ctl/strike_replay.hpp"

namespace conker::ctl {

/// How far the search goes.
struct MinimizeLimits {
  std::uint32_t strikes = 40;
  Duration time{600s};  // a strike that is running then is not cut short
};

/// Strikes so, quietly, and returns what became of the goal. Ends the strike at an interrupt.
using StrikeFor = std::function<Sighting(const protocol::Strike::Parameters&)>;

/// Looks for the least strike that still finds the goal, a line a strike, and repeats that three
/// times. Returns kExitFail when it was found again then, kExitInconclusive when not.
int minimize_and_tell(const Context& context, const protocol::Strike::Parameters& start,
                      std::optional<std::uint64_t> cycles, const Goal& goal,
                      const MinimizeLimits& limits, const StrikeFor& strike);

}  // namespace conker::ctl
