// What a strike was like over time, as its result has it.
#pragma once

#include "protocol/history.hpp"

namespace conker::daemon {

/// Of a strike that is over, whose history is finished.
protocol::StrikeTimeline timeline_of(const StrikeRequest& request, const StrikeReport& report,
                                     const StrikeHistory& history);

}  // namespace conker::daemon
