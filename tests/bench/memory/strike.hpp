// Options and report of a strike in memory.
#pragma once

#include <time.h>

#include <cstdint>
#include <vector>

#include "stack/base/time.hpp"

namespace conker::bench {

enum class Close : std::uint8_t { kFin, kReset };

/// The most frames that a turn takes from the wire, for every contestant.
inline constexpr std::size_t kBatch = 64;

/// Ports of an address: 1024 to 65535, hence the four-tuples that it can use towards one port.
inline constexpr std::uint32_t kPortsOfAnAddress = 64'512;

struct StrikeOptions {
  Close close = Close::kFin;
  std::uint32_t flight = 64;  // connections in flight
  double seconds = 5;
  // Options of conker only.
  bool warm_until_full =
      false;  // start the clock when the TIME-WAIT table is full, and not after a second
  std::uint32_t time_wait = 1'000'000;  // records of the side that closes first
  std::uint32_t addresses = 16;         // of the side that opens, used in turn
  std::uint32_t idle = 0;    // connections of each shard that are established before and then idle
  std::uint32_t room = 0;    // the tables have room for so many idle connections, if that is more
  std::uint32_t shards = 1;  // threads with a pair of stacks each
  bool huge_pages = false;   // storage asks for huge pages
};

struct Tally {
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;  // ended otherwise than asked for, and opens refused
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

/// Figures of one thread, while the clock ran.
struct ShardReport {
  Tally tally;
  double seconds = 0;
  double cpu_seconds = 0;  // processor time: less than `seconds` when other processes ran meanwhile

  double rate() const { return static_cast<double>(tally.completed) / seconds; }
};

/// Throws std::runtime_error, in one line that says what to do, when it cannot run or its audit
/// does not balance.
std::vector<ShardReport> strike_conker(const StrikeOptions& options);
std::vector<ShardReport> strike_null(const StrikeOptions& options);
/// Runs both ends in one thread; by FIN lwIP stops when all its ports are in TIME-WAIT. Throws as
/// strike_conker() does.
ShardReport strike_lwip(const StrikeOptions& options);
/// Whether lwIP was present when this was built.
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
