// Reports changes of the host's interfaces, by rtnetlink(7).
#pragma once

#include "daemon/descriptor.hpp"

namespace conker::daemon {

/// A wake-up only: a device then looks at its interface itself, so a lost message loses no change.
class InterfaceMonitor {
 public:
  /// Logs a warning when rtnetlink is not available; fd() is -1 then.
  InterfaceMonitor();

  /// Readable when something has changed.
  int fd() const { return socket_.get(); }
  /// Reads all messages; the next change makes fd() readable again.
  void drain();

 private:
  Descriptor socket_;
};

}  // namespace conker::daemon
