// A watchdog for actions in which the stack crashes or loops for ever.
#pragma once

#include "tests/explore/search.hpp"

namespace conker::explore {

/// Makes a crash, or an action that takes seconds, a finding: prints it with its path and exits
/// with status 1.
void watch_for_crashes(bool json);
/// The search that is running now; null: none.
void now_at_work(const Search* search);

}  // namespace conker::explore
