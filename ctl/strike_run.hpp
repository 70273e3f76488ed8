// A strike with what runs beside it, in one poll loop.
#pragma once

#include <cstdint>
#include <string>

#include "ctl/command.hpp"
#include "ctl/device_watch.hpp"
#include "ctl/evidence.hpp"
#include "ctl/monitors.hpp"

namespace conker::ctl {

/// What runs beside a strike, before it and after it.
struct Beside {
  Monitors monitors;
  DeviceWatches watches;
  /// What runs beside several strikes, one after the other, of which the ones before this had so
  /// many cycles; null: nothing does.
  Beside* longer = nullptr;
  std::uint64_t cycles_before = 0;

  void wait_for(PollSet& polls) const;
  void step(Moment now);
  /// Whether the strike may begin; after it, whether there is nothing more to wait for.
  bool done(Moment now) const { return monitors.done(now) && watches.done(now); }
  void strike_begins(Moment now);
  void strike_ended(Moment now);
  /// `cycle`: how many have begun so far.
  void progress(std::uint64_t cycle);
};

/// Waits for the monitors' baselines, strikes, and goes on with the monitors until services are
/// back. Returns the daemon's result. An interrupt ends the strike, and what comes after it; with
/// --stop-on, a line that --watch-fail looks for ends the strike. A second interrupt does not wait
/// for the result. --timeout ends it in the same way, and the result is waited for as long as what
/// is in flight may take. Where it does not come, what is known of the strike is told, with the
/// path of its journal if it has one.
json run_strike(const Context& context, const protocol::Strike::Parameters& parameters,
                const Passed& passed, Beside& beside, const std::string& journal);
/// The same with the files into which the daemon writes, where there are any; `journal` is the path
/// of its file.
json run_strike(const Context& context, protocol::Strike::Parameters parameters,
                const EvidenceFiles& evidence, const OwnedFd& journal_file, Beside& beside,
                const std::string& journal);

}  // namespace conker::ctl
