// Notifications to the service manager (sd_notify), if there is one.
#pragma once

#include <ev.h>

#include <functional>
#include <string>

#include "daemon/control/watch.hpp"

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

  /// From now on until stopping(), tells what `status` says, one line, every few seconds where it
  /// has changed; `systemctl status` shows it. Nothing where there is no service manager.
  void keep_telling(std::function<std::string()> status);

 private:
  void tell();

  struct ev_loop* loop_;
  ev_timer watchdog_{};
  std::function<std::string()> status_;
  std::string told_;  // the line that was sent last
  TimerWatch telling_;
};

}  // namespace conker::daemon
