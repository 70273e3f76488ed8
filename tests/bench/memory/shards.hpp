// Runs a contestant in each of several threads, every thread on a core of its own; they share only
// the start.
#pragma once

#include <barrier>
#include <cstdint>
#include <exception>
#include <thread>
#include <vector>

#include "tests/bench/memory/strike.hpp"

namespace conker::bench {

/// Pins the calling thread, and threads that it starts later, to the `index`th of the cores it may
/// use. Throws std::runtime_error when there are not so many.
void pin_to_core(std::uint32_t index);

/// Contestant(options) makes everything in the thread that will use it; warm_up() is not counted,
/// strike(end) is; check() throws when something is wrong.
template <typename Contestant>
ShardReport run_contestant(const StrikeOptions& options, std::uint32_t core,
                           std::barrier<>& start) {
  bool awaited = true;
  try {
    pin_to_core(core);
    Contestant contestant(options);
    contestant.warm_up();
    start.arrive_and_wait();
    awaited = false;
    const Tally before = contestant.tally();
    const Duration cpu_before = read_clock(CLOCK_THREAD_CPUTIME_ID);
    const Instant began = clock_now();
    contestant.strike(began + from_seconds(options.seconds));
    const ShardReport report{contestant.tally() - before, to_seconds(clock_now() - began),
                             to_seconds(read_clock(CLOCK_THREAD_CPUTIME_ID) - cpu_before)};
    contestant.check();
    return report;
  } catch (...) {
    if (awaited) start.arrive_and_drop();
    throw;
  }
}

template <typename Contestant>
std::vector<ShardReport> run_shards(const StrikeOptions& options) {
  std::barrier<> start(options.shards);
  std::vector<ShardReport> reports(options.shards);
  std::vector<std::exception_ptr> errors(options.shards);
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < options.shards; ++i) {
    threads.emplace_back([&, i] {
      try {
        reports[i] = run_contestant<Contestant>(options, i, start);
      } catch (...) {
        errors[i] = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
  return reports;
}

}  // namespace conker::bench
