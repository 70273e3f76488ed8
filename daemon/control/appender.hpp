// Appends lines to a file from a thread of its own, so that a disk that is slow or hangs does not
// hold up the event loop: what the file has not taken yet waits in memory, kMaxWaiting at most.
//
// A line is in the file whole or not at all, as far as the file can be truncated. What it does not
// take is lost and counted; the lines after it are tried again.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "daemon/descriptor.hpp"
#include "stack/base/time.hpp"

namespace conker::daemon {

class Appender {
 public:
  static constexpr std::size_t kMaxWaiting = std::size_t{4} << 20;  // bytes

  struct Counts {
    std::uint64_t lines = 0, lost = 0;
    std::uint64_t waiting = 0;           // that are neither
    std::optional<Duration> lost_first;  // the time of the first one lost
    std::string error;                   // why; empty where none is lost
  };

  /// Locks a file for the one that appends to it; why that is not possible, empty where it was. The
  /// lock ends with the appender that gets the file, or with the file.
  static std::string lock(const Descriptor& file);

  /// `file`: open for appending (O_APPEND), and locked.
  explicit Appender(Descriptor file);
  /// Does not wait; what waits is written, if the process lasts as long.
  ~Appender();
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;

  /// Queues a line, given without its newline; `at` is its time, for Counts::lost_first.
  void append(std::string line, Duration at);
  /// Counts a line as lost that its author does not append.
  void lose(Duration at, const std::string& error);
  /// Waits until no line is waiting, `limit` at most; false: some are.
  bool settle(std::chrono::milliseconds limit);
  Counts counts() const;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace conker::daemon
