#include "ctl/device_watch.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "ctl/format.hpp"

namespace conker::ctl {
namespace {

/// "12:34:56.789Z": the time of day that a log of the device may have, too.
std::string time_of_day() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return fmt::format("{:%H:%M:%S}.{:03}Z", fmt::gmtime(now.tv_sec), now.tv_nsec / 1'000'000);
}

/// On a terminal it takes the place of the line of progress.
void tell(const std::string& line) {
  const char* clear = ::isatty(STDERR_FILENO) != 0 ? "\r\033[K" : "";
  std::fprintf(stderr, "%sconkerctl: %s\n", clear, line.c_str());
}

}  // namespace

DeviceWatches::DeviceWatches(const WatchSettings& settings)
    : settings_(settings), file_(nullptr, std::fclose), opened_(moment_now()) {
  if (!settings.fail.empty()) pattern_.emplace("--watch-fail", settings.fail);
  if (!settings.log.empty()) {
    file_.reset(std::fopen(settings.log.c_str(), "we"));
    if (!file_) {
      throw Failure(kExitFailed,
                    fmt::format("--watch-log {}: {}", settings.log, std::strerror(errno)));
    }
  }
  for (const std::string& text : settings.watches)
    watches_.push_back(std::make_unique<Watch>(text));
}

void DeviceWatches::wait_for(PollSet& polls) const {
  const Moment now = moment_now();
  for (const auto& watch : watches_) {
    if (watch->ended) continue;
    if (watch->end) {
      polls.read(watch->source.end());
    } else if (watch->read_from > now) {
      polls.by(watch->read_from);
    } else {
      polls.read(watch->source.fd());
    }
    if (watch->splitter.partial()) polls.by(watch->last_byte + kIdle);
  }
  // While the strike runs there is no such deadline.
  if (strike_begin_ && !strike_end_) return;
  const Moment deadline = strike_end_ ? *strike_end_ + settings_.after : opened_ + settings_.before;
  if (!watches_.empty() && now < deadline) polls.by(deadline);
}

void DeviceWatches::step(Moment now) {
  for (const auto& watch : watches_) {
    if (!watch->end && now >= watch->read_from) read(*watch, now);
    if (watch->splitter.partial() && (watch->end || now >= watch->last_byte + kIdle))
      watch->splitter.flush([&](std::string_view bytes) { take(*watch, now, bytes); });
    if (watch->end && !watch->ended) end(*watch, now);
  }
  if (file_ && (std::fflush(file_.get()) != 0 || std::ferror(file_.get()) != 0)) {
    tell(fmt::format("--watch-log {}: {}: no more lines are written there", settings_.log,
                     std::strerror(errno)));
    file_.reset();
  }
}

void DeviceWatches::read(Watch& watch, Moment now) {
  std::array<char, kMostRead> bytes;
  const ssize_t n = ::read(watch.source.fd(), bytes.data(), bytes.size());
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) {
    watch.end = n < 0 ? errno : 0;
    return;
  }
  watch.last_byte = now;
  watch.read_from = now + kPause;
  watch.splitter.add(std::string_view(bytes.data(), static_cast<std::size_t>(n)),
                     [&](std::string_view line) { take(watch, now, line); });
}

void DeviceWatches::take(Watch& watch, Moment now, std::string_view bytes) {
  std::string line = fit_for_terminal(bytes);
  const bool matched = pattern_ && pattern_->matches(line);
  if (matched && !strike_begin_) {
    throw Failure(kExitFailed, fmt::format("--watch {}: says before the strike what --watch-fail "
                                           "looks for, and nothing was struck: {}",
                                           watch.name, line));
  }
  write_log(watch, now, line);
  watch.log.add({now, cycle_}, std::move(line), matched);
}

void DeviceWatches::write_log(const Watch& watch, Moment now, const std::string& line) {
  if (!file_) return;
  const std::string when =
      strike_begin_
          ? fmt::format("{:.3f} s, about cycle {}",
                        static_cast<double>(between(*strike_begin_, now).count()) / 1e6, cycle_)
          : "before";
  std::fputs(fmt::format("{} ({}) {}: {}\n", time_of_day(), when, watch.name, line).c_str(),
             file_.get());
}

void DeviceWatches::end(Watch& watch, Moment now) {
  const auto why = watch.source.why_ended(*watch.end);
  if (!why) return;
  watch.ended = true;
  if (!strike_begin_) {
    const WatchReport said = watch.log.report("", now);
    throw Failure(
        kExitFailed,
        fmt::format("--watch {}: ended before the strike, and nothing was struck: {}{}", watch.name,
                    *why, said.log.empty() ? "" : ": " + said.log.back().line));
  }
  watch.log.ended(fmt::format("ended after {}: {}", to_string(between(*strike_begin_, now)), *why));
  tell(
      fmt::format("--watch {}: {}{}", watch.name, *why, strike_end_ ? "" : ": the strike goes on"));
}

bool DeviceWatches::done(Moment now) const {
  if (watches_.empty()) return true;
  if (!strike_begin_) return now >= opened_ + settings_.before;
  return now >= *strike_end_ + settings_.after ||
         std::ranges::all_of(watches_, [](const auto& watch) { return watch->ended; });
}

void DeviceWatches::strike_begins(Moment now) {
  strike_begin_ = now;
}

bool DeviceWatches::matched() const {
  return std::ranges::any_of(watches_, [](const auto& watch) { return watch->log.matched() != 0; });
}

std::vector<WatchReport> DeviceWatches::reports() {
  const Moment now = moment_now();
  std::vector<WatchReport> reports;
  for (const auto& watch : watches_) {
    watch->splitter.flush([&](std::string_view bytes) { take(*watch, now, bytes); });
    reports.push_back(watch->log.report(watch->name, *strike_begin_));
  }
  return reports;
}

}  // namespace conker::ctl
