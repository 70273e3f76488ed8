// A strike with what runs beside it, in one poll loop.
#pragma once

#include <string>

#include "ctl/command.hpp"
#include "ctl/device_watch.hpp"
#include "ctl/monitors.hpp"

namespace conker::ctl {

/// What runs beside a strike, before it and after it.
struct Beside {
  Monitors monitors;
  DeviceWatches watches;

  void wait_for(PollSet& polls) const;
  void step(Moment now);
  /// Whether the strike may begin; after it, whether there is nothing more to wait for.
  bool done(Moment now) const { return monitors.done(now) && watches.done(now); }
  void strike_begins(Moment now);
  void strike_ended(Moment now);
};

/// Waits for the monitors' baselines, strikes, and goes on with the monitors until services are
/// back. Returns the daemon's result. An interrupt ends the strike, and what comes after it; with
/// --stop-on, a line that --watch-fail looks for ends the strike. A second interrupt does not wait
/// for the result. Where that does not come, what is known of the strike is told, with the path of
/// its journal if it has one.
json run_strike(const Context& context, const protocol::Strike::Parameters& parameters,
                const Passed& passed, Beside& beside, const std::string& journal);

}  // namespace conker::ctl
