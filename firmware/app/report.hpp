// Reports of the controller on the serial line; those of strike and audit are in
// stack/strike/summary.hpp.
#pragma once

#include "firmware/app/text.hpp"
#include "firmware/chip/ethernet.hpp"

namespace conker::app {

/// Prints the controller's counters, and the use of the machine's stack.
void print_device(Console& console, const chip::Ethernet::Counters& counters);

}  // namespace conker::app
