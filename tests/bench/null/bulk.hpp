// Duration and report of a transfer, shared by receiver and sender.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "tests/bench/null/commands.hpp"
#include "tests/bench/null/tap.hpp"
#include "tests/bench/null/usage.hpp"

namespace conker::null {

inline constexpr std::size_t kMostConnections = 1024;
inline constexpr int kFramesPerTurn = 64;

/// The MSS on this device: a segment without options fills the MTU.
inline std::uint16_t mss_of(const Tap& tap) {
  return static_cast<std::uint16_t>(tap.mtu() - 40);
}

/// Prints a line when connections may come, for the process that started this one.
void announce(const BulkOptions& options);

/// The progress of a transfer. Its rate is that from the first byte to the last, as seen between
/// turns.
class Course {
 public:
  explicit Course(double seconds) : seconds_(seconds) {}

  void connected() {
    if (!connected_) connected_ = now_;
  }
  void frame() { ++frames_; }
  void bytes(std::uint64_t n) { bytes_ += n; }

  /// To be called once a turn: whether the time, counted from the first connection, has passed, or
  /// all connections have ended. Throws std::runtime_error when no peer connects for 10 seconds.
  bool over(std::size_t live);

  void print() const;

 private:
  using Clock = std::chrono::steady_clock;

  double seconds_;
  std::uint64_t frames_ = 0, bytes_ = 0, bytes_before_ = 0;
  Clock::time_point start_ = Clock::now(), now_ = start_, first_ = start_, last_ = start_;
  std::optional<Clock::time_point> connected_;
};

}  // namespace conker::null
