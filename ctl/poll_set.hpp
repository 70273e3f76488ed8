// What one poll(2) waits for: descriptors, and the earliest deadline.
#pragma once

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

#include "stack/base/time.hpp"

namespace conker::ctl {

/// A time of the CLI's own clock, which is not the stack's.
using Moment = std::chrono::steady_clock::time_point;

inline Moment moment_now() {
  return std::chrono::steady_clock::now();
}
/// The time between two moments, in the unit of reports.
inline Duration between(Moment from, Moment to) {
  return std::chrono::duration_cast<Duration>(to - from);
}

class PollSet {
 public:
  void read(int fd) { polls_.push_back({fd, POLLIN, 0}); }
  void write(int fd) { polls_.push_back({fd, POLLOUT, 0}); }
  void by(Moment when) { first_ = first_ ? std::min(*first_, when) : when; }

  /// Waits until a descriptor is ready, the earliest deadline has come, or a signal.
  void wait() {
    int timeout = -1;
    if (first_) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*first_ - moment_now());
      timeout = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1'000'000'000));
    }
    (void)::poll(polls_.data(), polls_.size(), timeout);
  }

 private:
  std::vector<pollfd> polls_;
  std::optional<Moment> first_;
};

}  // namespace conker::ctl
