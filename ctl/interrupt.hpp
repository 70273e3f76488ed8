// Ctrl-C for commands that print a summary before they end.
#pragma once

#include <signal.h>

namespace conker::ctl {

inline volatile sig_atomic_t interrupt_count = 0;

/// Makes the first SIGINT or SIGTERM set a flag and interrupt waits; the second one ends the
/// program.
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
