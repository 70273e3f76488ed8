// What a strike was like over time, as text for people.
#pragma once

#include <string>

#include "protocol/history.hpp"

namespace conker::ctl {

/// Lines that follow those of the summary, each with its label.
std::string timeline_report(const protocol::StrikeTimeline& timeline, std::uint64_t begun);

}  // namespace conker::ctl
