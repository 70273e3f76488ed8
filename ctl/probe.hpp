// One probe of a monitor, from its begin to its outcome, without blocking.
#pragma once

#include <memory>
#include <optional>

#include "ctl/monitor_spec.hpp"
#include "ctl/monitor_tally.hpp"
#include "ctl/poll_set.hpp"

namespace conker::ctl {

class Probe {
 public:
  virtual ~Probe() = default;
  /// Names the descriptors and deadlines that the probe waits for.
  virtual void wait_for(PollSet& polls) const = 0;
  /// Goes on as far as it can; the outcome once there is one.
  virtual std::optional<ProbeOutcome> step(Moment now) = 0;
};

/// Begins a probe. A ping or a connection goes through the daemon at `socket`, by a client of its
/// own, with which all ends that the probe leaves behind. A Failure when it cannot be begun.
std::unique_ptr<Probe> begin_probe(const MonitorSpec& spec, const std::string& socket,
                                   Duration timeout);

}  // namespace conker::ctl
