// The faults of our own link during a replay.
#pragma once

#include "ctl/changed_faults.hpp"
#include "protocol/judgement.hpp"

namespace conker::ctl {

/// Sets the link's faults as they were when the recorded strike began, so that their random choices
/// begin anew, and afterwards as they were before the replay.
class RecordedFaults {
 public:
  /// A Failure when faults were set on a link that is not there now.
  RecordedFaults(const Context& context, const protocol::Strike::Begin& begin);

 private:
  ChangedFaults changed_;
};

}  // namespace conker::ctl
