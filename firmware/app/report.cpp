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

bool print_findings(Console& console, const verdict::Signs& signs, const Counters& counters) {
  bool found = false, good = true;
  signs.visit(counters, [&](verdict::Rule rule, std::uint32_t times) {
    const verdict::RuleInfo& about = verdict::info_of(rule);
    console << (found ? "             " : "findings     ") << to_string(about.severity()) << " "
            << about.name << ", " << times << (times == 1 ? " time: " : " times: ") << about.text
            << " (" << about.section << ")\n";
    found = true;
    good = good && about.severity() == verdict::Severity::kNote;
  });
  if (!found) console << "findings     none of what this chip looks for\n";
  return good;
}

}  // namespace conker::app
