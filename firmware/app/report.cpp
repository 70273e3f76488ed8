#include "firmware/app/report.hpp"

#include "firmware/chip/panic.hpp"

namespace conker::app {
void print_device(Console& console, const chip::Ethernet::Counters& counters) {
  const chip::StackUse stack = chip::stack_use();
  console << "frames " << counters.received << " in, " << counters.sent << " out, "
          << counters.filtered << " for others, " << counters.malformed << " malformed, "
          << counters.overruns << " overruns; waited " << counters.ring_full
          << " times for the ring, " << counters.transmit_busy << " for the transmitter; stack "
          << stack.used << " of " << stack.size << " bytes at most\n";
}

}  // namespace conker::app
