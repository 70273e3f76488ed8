// Watchers of the event loop (libev) that stop in their destructor.
#pragma once

#include <ev.h>

#include <functional>
#include <utility>

namespace conker::daemon {

/// Calls back when a descriptor is ready. It must be stopped before the descriptor is closed.
class IoWatch {
 public:
  IoWatch(struct ev_loop* loop, std::function<void(int events)> ready)
      : loop_(loop), ready_(std::move(ready)) {
    ev_init(&watcher_, &IoWatch::call);
    watcher_.data = this;
  }
  ~IoWatch() { stop(); }
  IoWatch(const IoWatch&) = delete;
  IoWatch& operator=(const IoWatch&) = delete;

  /// `events`: EV_READ, EV_WRITE, both, or 0 to stop.
  void watch(int fd, int events) {
    if (ev_is_active(&watcher_) && watcher_.fd == fd &&
        (watcher_.events & (EV_READ | EV_WRITE)) == events)
      return;
    stop();
    if (events == 0) return;
    ev_io_set(&watcher_, fd, events);
    ev_io_start(loop_, &watcher_);
  }
  void stop() { ev_io_stop(loop_, &watcher_); }

 private:
  static void call(struct ev_loop*, ev_io* watcher, int events) {
    static_cast<IoWatch*>(watcher->data)->ready_(events);
  }

  struct ev_loop* loop_;
  std::function<void(int)> ready_;
  ev_io watcher_{};
};

/// A timer in seconds, once or periodic.
class TimerWatch {
 public:
  TimerWatch(struct ev_loop* loop, std::function<void()> due) : loop_(loop), due_(std::move(due)) {
    ev_init(&watcher_, &TimerWatch::call);
    watcher_.data = this;
  }
  ~TimerWatch() { stop(); }
  TimerWatch(const TimerWatch&) = delete;
  TimerWatch& operator=(const TimerWatch&) = delete;

  void start(double after, double repeat = 0) {
    stop();
    ev_timer_set(&watcher_, after, repeat);
    ev_timer_start(loop_, &watcher_);
  }
  void stop() { ev_timer_stop(loop_, &watcher_); }
  bool active() const { return ev_is_active(&watcher_); }

 private:
  static void call(struct ev_loop*, ev_timer* watcher, int) {
    static_cast<TimerWatch*>(watcher->data)->due_();
  }

  struct ev_loop* loop_;
  std::function<void()> due_;
  ev_timer watcher_{};
};

}  // namespace conker::daemon
