// The monitors beside a strike: whether services of the target are kept while it is struck, and how
// soon they are back (as robustness tests by IEC 62443, 4-1, SVV-3, keep them).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ctl/probe.hpp"

namespace conker::ctl {

struct MonitorSettings {
  static constexpr std::size_t kMost = 8;  // monitors

  std::vector<MonitorSpec> monitors;
  Duration every{1s}, timeout{1s};
  Duration after{30s};  // how long after the strike, unless service is back before
  OutageLimit limit;
};

class Monitors {
 public:
  /// Probes go through the daemon at `socket`. Probing begins at once, for the baseline.
  Monitors(const MonitorSettings& settings, std::string socket);

  void wait_for(PollSet& polls) const;
  /// Begins and ends probes. Before the strike a probe that is not good is a Failure.
  void step(Moment now);

  /// Whether there is nothing to wait for any more: before the strike each monitor has its
  /// baseline; after it all services are back, or have had their time.
  bool done(Moment now) const;
  void strike_begins(Moment now);
  void strike_ended(Moment now);
  std::vector<MonitorReport> reports() const;

 private:
  struct Monitor {
    const MonitorSpec* spec;
    MonitorTally tally;
    Moment due, began{};
    std::unique_ptr<Probe> probe{};
  };
  void begin(Monitor& monitor, Moment now) const;
  void end(Monitor& monitor, const ProbeOutcome& outcome) const;
  /// Whether this monitor shall begin further probes.
  bool wanted(const Monitor& monitor, Moment now) const;

  const MonitorSettings& settings_;
  std::string socket_;
  std::vector<Monitor> monitors_;
  std::optional<Moment> strike_begin_, strike_end_;
};

}  // namespace conker::ctl
