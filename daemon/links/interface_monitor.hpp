// Tells when something changes among the interfaces of the host, by rtnetlink(7).
#pragma once

#include "daemon/descriptor.hpp"

namespace conker::daemon {

/// A wake-up only: who is woken looks at its interface itself, so nothing is lost with a message
/// that is.
class InterfaceMonitor {
 public:
  /// Logs a warning when that cannot be had; fd() is -1 then.
  InterfaceMonitor();

  /// Readable when something has changed.
  int fd() const { return socket_.get(); }
  /// Until the next change. The changes before are those to be looked at now.
  void drain();

 private:
  Descriptor socket_;
};

}  // namespace conker::daemon
