// Ctrl-C for commands that print a summary before they end.
#pragma once

#include <signal.h>

namespace conker::ctl {

inline volatile sig_atomic_t interrupt_count = 0, interrupts_to_catch = 1;

/// Makes the first SIGINTs or SIGTERMs, `times` of them, be counted and interrupt waits; the next
/// one ends the program.
inline void catch_interrupt(int times = 1) {
  interrupts_to_catch = times;
  struct sigaction action {};
  action.sa_handler = [](int number) {
    interrupt_count = interrupt_count + 1;
    if (interrupt_count >= interrupts_to_catch) ::signal(number, SIG_DFL);
  };
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}
inline int interrupts() {
  return interrupt_count;
}
inline bool interrupted() {
  return interrupt_count != 0;
}

}  // namespace conker::ctl
