// What receiver and sender share: how long they go on, and what they say at the end.
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

/// What of a TCP segment fits into a frame, without options.
inline std::uint16_t mss_of(const Tap& tap) {
  return static_cast<std::uint16_t>(tap.mtu() - 40);
}

/// Tells whoever started us that connections may come.
void announce(const BulkOptions& options);

/// The course of a transfer. Its rate is that from the first byte to the last, as seen between
/// turns.
class Course {
 public:
  explicit Course(double seconds) : seconds_(seconds) {}

  void connected() {
    if (!connected_) connected_ = now_;
  }
  void frame() { ++frames_; }
  void bytes(std::uint64_t n) { bytes_ += n; }

  /// Asked once a turn: whether the time, counted from the first connection, or all that connected,
  /// has gone. Throws std::runtime_error when nobody connects for 10 seconds.
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
