// When the stack does not come back from an action: it crashed, or it runs in a circle.
#pragma once

#include "tests/explore/search.hpp"

namespace conker::explore {

/// From now on a crash, or an action that takes seconds, is a finding: it is told, with the way
/// there, and the program ends with 1.
void watch_for_crashes(bool json);
/// Who is at work; null: nobody.
void now_at_work(const Search* search);

}  // namespace conker::explore
