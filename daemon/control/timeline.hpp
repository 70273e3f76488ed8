// What a strike was like over time, as its result has it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/history.hpp"
#include "protocol/ladder.hpp"
#include "stack/strike/history.hpp"
#include "stack/strike/ladder.hpp"

namespace conker::daemon {

/// The earlier parts of a strike that is resumed: its cycles and times go on after them.
struct Before {
  std::uint64_t cycles = 0;
  Duration time{0};
};

/// Of a strike that is over, whose history is finished.
protocol::StrikeTimeline timeline_of(const StrikeRequest& request, const StrikeReport& report,
                                     const StrikeHistory& history, const Before& before);
protocol::StrikeTimeline::Row row_of(const StrikeHistory::Row& row);
/// Each failure of which there are any.
std::vector<protocol::StrikeTimeline::Failure> failures_of(const StrikeReport& report);
protocol::LadderClimbed climbed(const Ladder& ladder);
/// Nothing without a rate, or when nothing was connected or missed.
std::optional<Quantiles> connect_due_of(const StrikeHistory& history);
/// Nothing when no cycle has failed yet.
std::optional<protocol::StrikeTimeline::First> first_failure_of(const StrikeHistory& history,
                                                                const Before& before);

}  // namespace conker::daemon
