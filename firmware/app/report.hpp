// Reports at the serial line, in the words of conkerctl.
#pragma once

#include "firmware/app/text.hpp"
#include "firmware/chip/ethernet.hpp"
#include "stack/stack.hpp"
#include "stack/strike/strike.hpp"

namespace conker::app {

/// The rate and the verdict first, then what became of the cycles. Says whether all is well.
bool print_strike(Console& console, const StrikeRequest& request, const StrikeReport& report,
                  const Books& books);

/// "books  5,000 opened = 5,000 closed + ...: balanced".
void print_books(Console& console, const Books& books);

/// What the controller did, and how much of the machine's stack was needed.
void print_device(Console& console, const chip::Ethernet::Counters& counters);

}  // namespace conker::app
