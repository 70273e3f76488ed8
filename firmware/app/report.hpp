// What the controller reports at the serial line; strike and audit have their words in
// stack/strike/summary.hpp.
#pragma once

#include "firmware/app/text.hpp"
#include "firmware/chip/ethernet.hpp"

namespace conker::app {

/// What the controller did, and how much of the machine's stack was needed.
void print_device(Console& console, const chip::Ethernet::Counters& counters);

}  // namespace conker::app
