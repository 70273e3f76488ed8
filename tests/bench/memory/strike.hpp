// What is asked of a contestant, and what it says of itself.
#pragma once

#include <time.h>

#include <cstdint>
#include <vector>

#include "stack/base/time.hpp"

namespace conker::bench {

enum class Close : std::uint8_t { kFin, kReset };

/// Frames that a turn takes from the wire at once, for every contestant.
inline constexpr std::size_t kBatch = 64;

/// Four-tuples that an address can take part in towards one port: 1024 to 65535.
inline constexpr std::uint32_t kPortsOfAnAddress = 64'512;

struct StrikeOptions {
  Close close = Close::kFin;
  std::uint32_t flight = 64;  // connections under way at once
  double seconds = 5;
  // Of conker alone.
  bool warm_until_full =
      false;  // the clock starts when the TIME-WAIT table is full, not after a second
  std::uint32_t time_wait = 1'000'000;  // records of the side that closes first
  std::uint32_t addresses = 16;         // of the side that opens, used in turn
  std::uint32_t idle = 0;    // connections of each shard, established before and left alone
  std::uint32_t room = 0;    // the tables are made for so many idle ones, if that is more
  std::uint32_t shards = 1;  // threads with a pair of stacks each
  bool huge_pages = false;   // storage asks for huge pages
};

struct Tally {
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;  // ended otherwise than asked for, and opens that were refused
  std::uint64_t time_wait_evicted = 0, time_wait_reused = 0;

  Tally operator-(const Tally& before) const {
    return {completed - before.completed, failed - before.failed,
            time_wait_evicted - before.time_wait_evicted,
            time_wait_reused - before.time_wait_reused};
  }
  Tally& operator+=(const Tally& other) {
    completed += other.completed;
    failed += other.failed;
    time_wait_evicted += other.time_wait_evicted;
    time_wait_reused += other.time_wait_reused;
    return *this;
  }
};

/// Of one thread, while the clock ran.
struct ShardReport {
  Tally tally;
  double seconds = 0;
  double cpu_seconds =
      0;  // what the processor spent on it: less than `seconds` when others had it meanwhile

  double rate() const { return static_cast<double>(tally.completed) / seconds; }
};

/// Each throws std::runtime_error, in one line that says what to do, when it cannot be run or its
/// books do not balance.
std::vector<ShardReport> strike_conker(const StrikeOptions& options);
std::vector<ShardReport> strike_null(const StrikeOptions& options);
/// One thread works for both ends; by FIN lwIP stops when all its ports are in TIME-WAIT.
ShardReport strike_lwip(const StrikeOptions& options);
/// Whether strike_lwip() is more than an excuse.
bool has_lwip();

inline Duration read_clock(clockid_t clock) {
  timespec t{};
  ::clock_gettime(clock, &t);
  return Duration(std::int64_t{t.tv_sec} * 1'000'000 + t.tv_nsec / 1000);
}
inline Instant clock_now() {
  return Instant(read_clock(CLOCK_MONOTONIC));
}

inline Duration from_seconds(double seconds) {
  return Duration(static_cast<std::int64_t>(seconds * 1e6));
}
inline double to_seconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

}  // namespace conker::bench
