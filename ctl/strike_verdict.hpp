// The verdict of a strike together with what was kept beside it.
#pragma once

#include <string>
#include <vector>

#include "ctl/monitor_tally.hpp"
#include "ctl/watch_log.hpp"
#include "protocol/judgement.hpp"

namespace conker::ctl {

struct Ruling {
  protocol::Verdict verdict = protocol::Verdict::kInconclusive;
  std::string why;  // one line
};

/// The daemon's verdict, the monitors' and the watches': FAIL of one is FAIL, with all reasons. A
/// service that was lost, and a line that --watch-fail looks for, is a fault; a service that was
/// degraded is a weakness, which fails when `fail_on` is no more. What our own side kept from being
/// seen is INCONCLUSIVE.
Ruling ruling(Ruling daemon, const std::vector<MonitorReport>& monitors,
              const std::vector<WatchReport>& watches, verdict::Severity fail_on);

}  // namespace conker::ctl
