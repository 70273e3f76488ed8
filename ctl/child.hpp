// A shell command beside the CLI.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "ctl/client.hpp"
#include "ctl/poll_set.hpp"

namespace conker::ctl {

/// A command of /bin/sh in a process group of its own, without input. The whole group is killed
/// with this object, and when conkerctl ends in any other way.
class Child {
 public:
  /// A Failure when no process can be made.
  explicit Child(const std::string& command);
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();

  /// What the command writes to standard output and standard error; reading does not block.
  int output() const { return output_.get(); }
  /// Becomes readable when the command has ended.
  int end() const { return process_.get(); }
  /// The exit code once the command has ended, 128 and the signal's number after a signal.
  std::optional<int> exit_code() const;

 private:
  pid_t pid_;  // the group's too; -1 when this object has been moved from
  OwnedFd process_, output_;
};

}  // namespace conker::ctl
