// Notifications to the service manager (sd_notify), if there is one.
#pragma once

#include <ev.h>

#include <string>

namespace conker::daemon {

class Notifier {
 public:
  /// Notifies the watchdog every half of its period, where the service manager has enabled it.
  explicit Notifier(struct ev_loop* loop);
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  void ready(const std::string& status);
  /// A change of the configuration has begun; ready() ends it (systemd's Type=notify-reload).
  void reloading();
  void stopping(const std::string& status);

 private:
  struct ev_loop* loop_;
  ev_timer watchdog_{};
};

}  // namespace conker::daemon
