// Prints the counters of the board; stack/strike/summary.hpp prints those of strike and audit.
#pragma once

#include "firmware/app/text.hpp"
#include "firmware/chip/ethernet.hpp"

namespace conker::app {

/// Prints the Ethernet controller's counters, and how much of the call stack was used.
void print_device(Console& console, const chip::Ethernet::Counters& counters);

}  // namespace conker::app
