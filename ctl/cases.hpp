// A strike as the cases of a test, for machines that know tests: its verdict, each way to close,
// each rule that was broken, each monitor and watch.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ctl/monitor_tally.hpp"
#include "ctl/watch_log.hpp"
#include "protocol/judgement.hpp"

namespace conker::ctl {

struct Case {
  enum class Outcome : std::uint8_t {
    kPassed,
    kFailed,
    kError,  // our own side may have been the cause, or there is not enough to tell
  };
  std::string name;
  Outcome outcome = Outcome::kPassed;
  std::string message;  // one line
  std::string detail;   // more lines; empty: there are none
};

/// A case fails only where the verdict is a failure, and the first case is the verdict: so of all
/// of them one is not passed where, and only where, the strike did not pass.
std::vector<Case> cases_of(const protocol::Strike::Result& result,
                           const std::vector<MonitorReport>& monitors,
                           const std::vector<WatchReport>& watches);

}  // namespace conker::ctl
