#include "daemon/notify.hpp"

#include <systemd/sd-daemon.h>
#include <time.h>

#include <cstdint>
#include <cstdlib>
#include <utility>

namespace conker::daemon {
namespace {

constexpr double kTellEvery = 3;  // seconds

}  // namespace

Notifier::Notifier(struct ev_loop* loop) : loop_(loop), telling_(loop, [this] { tell(); }) {
  std::uint64_t period_us = 0;
  if (sd_watchdog_enabled(0, &period_us) <= 0) return;
  const double half = static_cast<double>(period_us) / 2e6;
  ev_timer_init(
      &watchdog_, [](struct ev_loop*, ev_timer*, int) { sd_notify(0, "WATCHDOG=1"); }, half, half);
  ev_timer_start(loop_, &watchdog_);
}

Notifier::~Notifier() {
  ev_timer_stop(loop_, &watchdog_);
}

void Notifier::ready(const std::string& status) {
  told_ = status;
  sd_notify(0, ("READY=1\nSTATUS=" + status).c_str());
}

void Notifier::reloading() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
             static_cast<long long>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000);
}

void Notifier::stopping(const std::string& status) {
  telling_.stop();
  sd_notify(0, ("STOPPING=1\nSTATUS=" + status).c_str());
}

void Notifier::keep_telling(std::function<std::string()> status) {
  status_ = std::move(status);
  if (std::getenv("NOTIFY_SOCKET") != nullptr) telling_.start(kTellEvery, kTellEvery);
}

void Notifier::tell() {
  std::string now = status_();
  if (now == told_) return;
  told_ = std::move(now);
  sd_notify(0, ("STATUS=" + told_).c_str());
}

}  // namespace conker::daemon
