// Where the lines of a watch come from: a command, a TCP port, a serial device.
#pragma once

#include <optional>
#include <string>

#include "ctl/child.hpp"

namespace conker::ctl {

class WatchSource {
 public:
  /// Opens `text`: tcp:HOST:PORT (by the kernel, not by conkerd), /dev/tty...[:BAUD] (8N1; 115200
  /// baud unless given), or a command of the shell. A Failure when that is not possible.
  explicit WatchSource(const std::string& text);

  /// Becomes readable when there are bytes, or the end; reading does not block.
  int fd() const { return child_ ? child_->output() : fd_.get(); }
  /// After the end of the bytes: why there are no more; nothing while that is not known yet.
  std::optional<std::string> why_ended(int error) const;
  /// Becomes readable when why_ended() knows; -1: it does already.
  int end() const { return child_ ? child_->end() : -1; }

 private:
  OwnedFd fd_;
  std::optional<Child> child_;
};

}  // namespace conker::ctl
