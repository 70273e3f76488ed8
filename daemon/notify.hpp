// Notifications to the service manager, if there is one.
#pragma once

#include <ev.h>

#include <string>

namespace conker::daemon {

class Notifier {
 public:
  /// Triggers the watchdog at half of its period from the loop, if the service manager wants that.
  explicit Notifier(struct ev_loop* loop);
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  void ready(const std::string& status);
  void stopping(const std::string& status);

 private:
  struct ev_loop* loop_;
  ev_timer watchdog_{};
};

}  // namespace conker::daemon
