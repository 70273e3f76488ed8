// Ctrl-C for commands that have something to say before they end.
#pragma once

#include <signal.h>

namespace conker::ctl {

inline volatile sig_atomic_t interrupt_count = 0;

/// From now on the first SIGINT or SIGTERM is only noted, and wakes whoever waits; the second one
/// ends the program.
inline void catch_interrupt() {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupt_count = 1; };
  action.sa_flags = SA_RESETHAND;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}
inline bool interrupted() {
  return interrupt_count != 0;
}

}  // namespace conker::ctl
