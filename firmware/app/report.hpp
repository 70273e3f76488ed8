// Prints the counters of the board, and what a strike found; stack/strike/summary.hpp prints its
// figures and the audit.
#pragma once

#include "firmware/app/text.hpp"
#include "firmware/chip/ethernet.hpp"
#include "stack/base/counters.hpp"
#include "stack/verdict/signs.hpp"

namespace conker::app {

/// Prints the Ethernet controller's counters, and how much of the call stack was used.
void print_device(Console& console, const chip::Ethernet::Counters& counters);
/// Prints the rules that the target has broken, a line each. Whether none of them is
/// more than a note.
bool print_findings(Console& console, const verdict::Signs& signs, const Counters& counters);

}  // namespace conker::app
