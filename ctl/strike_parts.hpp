// One report of all parts of a strike, also of one whose end nobody has written.
#pragma once

#include "ctl/journal.hpp"

namespace conker::ctl {

/// Sums are of all parts; of two times within which so many cycles were the higher one is given.
/// The verdict is that of the whole.
protocol::Strike::Result result_of(const StrikeJournal& journal);

}  // namespace conker::ctl
