#include "ctl/progress_line.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "ctl/format.hpp"
#include "stack/base/per_second.hpp"

namespace conker::ctl {
namespace {

constexpr std::string_view kBetween = "  ";

/// How much is done, from 0 to 1, and how long the rest may take; nothing where that is not known.
struct Share {
  double done = 0;
  Duration left{0};
};
std::optional<Share> share_of(const StrikeSoFar& so_far, std::optional<std::uint64_t> cycles,
                              std::optional<Duration> duration) {
  double done = 0;
  if (duration)
    done = static_cast<double>(so_far.elapsed.count()) / static_cast<double>(duration->count());
  if (cycles) {
    const auto ended = static_cast<double>(so_far.completed + so_far.failed);
    done = std::max(done, ended / static_cast<double>(*cycles));
  }
  if (done <= 0) return std::nullopt;
  done = std::min(done, 1.0);
  const double left = static_cast<double>(so_far.elapsed.count()) * (1 - done) / done;
  return Share{done, std::chrono::round<std::chrono::seconds>(
                         Duration(static_cast<std::int64_t>(std::min(left, 1e15))))};
}

}  // namespace

std::vector<ProgressPart> progress_parts(const Progress& progress, double rate,
                                         std::optional<std::uint64_t> cycles,
                                         std::optional<Duration> duration) {
  const StrikeSoFar& so_far = progress.so_far;
  std::vector<ProgressPart> parts;
  parts.push_back({rounded(rate) + "/s"});
  if (progress.findings != 0) {
    parts.push_back(
        {fmt::format("{} rule{} broken", progress.findings, progress.findings == 1 ? "" : "s"),
         true});
  }
  if (so_far.failed != 0) parts.push_back({grouped(so_far.failed) + " failed", true});
  if (const auto share = share_of(so_far, cycles, duration)) {
    parts.push_back(
        {fmt::format("{:.0f}%, {} left", std::floor(share->done * 100), to_string(share->left))});
  }
  parts.push_back({grouped(so_far.completed) + " cycles"});
  parts.push_back({grouped(so_far.live) + " in flight"});
  parts.push_back({"after " + to_string(so_far.elapsed)});
  return parts;
}

std::size_t parts_that_fit(const std::vector<ProgressPart>& parts, std::size_t width) {
  std::size_t columns = parts.front().text.size(), count = 1;
  while (count < parts.size()) {
    columns += kBetween.size() + parts[count].text.size();
    if (columns > width) break;
    ++count;
  }
  return count;
}

ProgressLine::ProgressLine(std::optional<std::uint64_t> cycles,
                           std::optional<std::int64_t> duration_ms)
    : terminal_(STDERR_FILENO), cycles_(cycles) {
  if (duration_ms) duration_ = std::chrono::milliseconds(*duration_ms);
}

ProgressLine::~ProgressLine() {
  if (shown_) std::fputs(terminal_.anew().c_str(), stderr);
}

void ProgressLine::show(const Progress& progress) {
  const StrikeSoFar& so_far = progress.so_far;
  if (!terminal_ && so_far.elapsed < next_) return;
  double rate = progress.cycles_per_second;
  if (!terminal_) {
    rate = per_second(static_cast<double>(so_far.completed - completed_), so_far.elapsed - since_);
    since_ = so_far.elapsed;
    next_ = since_ + kEvery;
    completed_ = so_far.completed;
  }
  const auto parts = progress_parts(progress, rate, cycles_, duration_);
  // The last column stays free: some terminals begin a new line with it.
  const std::size_t count = terminal_ ? parts_that_fit(parts, terminal_.width() - 1) : parts.size();
  std::string line;
  for (const ProgressPart& part : std::span(parts).first(count)) {
    if (!line.empty()) line += kBetween;
    line += part.bad ? terminal_.red(part.text) : part.text;
  }
  shown_ = static_cast<bool>(terminal_);
  std::fputs((terminal_ ? terminal_.anew() + line : line + "\n").c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace conker::ctl
