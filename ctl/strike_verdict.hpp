// The verdict of a strike together with what was kept beside it.
#pragma once

#include <string>
#include <vector>

#include "ctl/monitor_tally.hpp"
#include "protocol/judgement.hpp"

namespace conker::ctl {

struct Ruling {
  protocol::Verdict verdict = protocol::Verdict::kInconclusive;
  std::string why;  // one line
};

/// The daemon's verdict and the monitors': FAIL of either is FAIL, with both reasons. A service
/// that was lost is a fault, one that was degraded a weakness, which fails when `fail_on` is no
/// more. What our own side kept from being seen is INCONCLUSIVE.
Ruling ruling(Ruling daemon, const std::vector<MonitorReport>& monitors, verdict::Severity fail_on);

}  // namespace conker::ctl
