// Looks for the least strike that still finds what another one found.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "ctl/strike_replay.hpp"

namespace conker::ctl {

/// A strike that is tried: `what` is new in it, for people.
struct Trial {
  std::string what;
  protocol::Strike::Parameters parameters;
};

/// Strikes so and says whether it was found; nothing: no more strikes are to be made.
using Finds = std::function<std::optional<Sighting>(const Trial&)>;

struct Minimum {
  protocol::Strike::Parameters parameters;
  bool found = false;  // at all, by the strike as it was recorded
  bool whole = true;   // the search came to its end
};

/// Begins with `start`, then tries any ports of ours, one connection at a time (or half as many,
/// again and again), each way of the mix alone, little data, no hold, fewer cycles a second where
/// it comes long after its cycle, and fewer cycles: those that it took, half of them, then in
/// between. As a device may count for itself, fewer cycles have to find it twice. Peers that open
/// connections to us are waited for as long as wait_for() says of what the last one took.
/// `cycles`: how many to try before it counts as not found; nothing: budget_for() what the last one
/// took.
Minimum minimize(const protocol::Strike::Parameters& start, std::optional<std::uint64_t> cycles,
                 const Finds& finds);

/// The command line of a strike with these parameters, for a shell.
std::string command_of(const protocol::Strike::Parameters& parameters);

}  // namespace conker::ctl
