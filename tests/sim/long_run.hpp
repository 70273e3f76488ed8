// What runs that last have in common: SIGINT and SIGTERM end them in good order, and they say how
// long they took.
#pragma once

#include <chrono>
#include <csignal>

namespace conker::sim {

using Clock = std::chrono::steady_clock;

/// Not 0 from the first SIGINT or SIGTERM on after heed_interruption().
inline volatile int interrupted = 0;

inline void heed_interruption() {
  std::signal(SIGINT, [](int) { interrupted = 1; });
  std::signal(SIGTERM, [](int) { interrupted = 1; });
}

/// Seconds since then.
inline double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace conker::sim
