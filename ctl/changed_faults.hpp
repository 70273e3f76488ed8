// Faults of our own links that are changed for a while.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ctl/command.hpp"
#include "protocol/verbs.hpp"

namespace conker::ctl {

/// Puts the faults of the links that it has changed back to what they were before.
class ChangedFaults {
 public:
  explicit ChangedFaults(const Context& context) : context_(context) {}
  ~ChangedFaults();
  ChangedFaults(const ChangedFaults&) = delete;
  ChangedFaults& operator=(const ChangedFaults&) = delete;

  /// Sets them as the parameters say, of one link or of all. A Failure when the daemon refuses it.
  void change(const FaultSet::Parameters& to);
  /// Sets all of the faults of a link, whose settings are `before` now.
  void change(const std::string& link, const FaultSettings& to, const FaultSettings& before);

 private:
  const Context& context_;
  std::vector<std::pair<std::string, FaultSettings>> before_;  // by link
};

}  // namespace conker::ctl
