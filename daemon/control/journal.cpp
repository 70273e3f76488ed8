#include "daemon/control/journal.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <vector>

#include "daemon/control/capture_file.hpp"
#include "daemon/control/timeline.hpp"
#include "protocol/json.hpp"

namespace conker::daemon {
namespace {

using protocol::json;

std::uint64_t size_of(const Descriptor& file) {
  struct stat status {};
  return ::fstat(file.get(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

constexpr Duration kRow = 1s, kLaterRow = 10s, kLater = std::chrono::hours(24);
/// How long the event loop may wait for the disk at the end.
constexpr std::chrono::milliseconds kSettle{100}, kSettleLast{1000};
/// Room for the last lines.
constexpr std::uint64_t kForLastLines = std::uint64_t{2} << 20;

bool is_last(std::string_view name) {
  return name == protocol::kJournalReport || name == protocol::StrikeEntry::kName;
}

}  // namespace

std::string unfit_for_journal(const Descriptor& file) {
  if (std::string why = unfit(file, "a journal"); !why.empty()) return why;
  if ((::fcntl(file.get(), F_GETFL) & O_APPEND) == 0)
    return "the journal's file is not open for appending";
  return Appender::lock(file);
}

Journal::Journal(Descriptor file, const Before& before, std::uint64_t max_bytes)
    : before_(before),
      max_bytes_(max_bytes),
      bytes_(size_of(file)),
      appender_(std::move(file)),
      next_row_(kRow) {}

Journal::~Journal() {
  appender_.settle(kSettleLast);
}

/// Appends {"name": value}. `at` is from the begin of all parts.
template <typename T>
void Journal::line(std::string_view name, const T& value, Duration at) {
  std::string text =
      "{\"" + std::string(name) +
      "\":" + protocol::to_json(value).dump(-1, ' ', false, json::error_handler_t::replace) + "}";
  const std::uint64_t room = is_last(name) ? 0 : kForLastLines;
  if (bytes_ + text.size() + room >= max_bytes_)
    return appender_.lose(at,
                          "it has grown to its limit of " + std::to_string(max_bytes_) + " bytes");
  bytes_ += text.size() + 1;
  appender_.append(std::move(text), at);
}

void Journal::begin(const protocol::JournalBegin& begin) {
  line(protocol::JournalBegin::kName, begin, before_.time);
}

void Journal::tick(const StrikeReport& report, StrikeHistory& history, std::uint64_t judged,
                   const Findings& findings) {
  if (const auto& first = history.first_failure(); first && !first_failure_told_) {
    first_failure_told_ = true;
    line(protocol::kJournalFirstFailure, *first_failure_of(history, before_),
         before_.time + first->at);
  }
  if (report.elapsed < next_row_) return;
  const Duration every = report.elapsed < kLater ? kRow : kLaterRow;
  next_row_ = (report.elapsed / every + 1) * every;
  row(report, history, judged);
  counts(before_.time + report.elapsed, findings);
}

/// Times, and how many were in flight, are those of the newest row of the history that is over.
void Journal::row(const StrikeReport& report, StrikeHistory& history, std::uint64_t judged) {
  const StrikeHistory::Row* over = history.newest_over(report.elapsed);
  protocol::JournalSecond second;
  second.at = before_.time + report.elapsed;
  if (over != nullptr) second.row = row_of(*over);
  second.row.begun = report.begun - begun_;
  second.row.completed = report.completed() - completed_;
  second.row.failed = report.failed() - failed_;
  FailedIn failed_in{};
  for (std::size_t i = 0; i < report.failures.size(); ++i)
    failed_in[static_cast<std::size_t>(phase_of(static_cast<StrikeFailure>(i)))] +=
        report.failures[i];
  second.row.failed_connecting = failed_in[0] - failed_in_[0];
  second.row.failed_established = failed_in[1] - failed_in_[1];
  second.row.failed_closing = failed_in[2] - failed_in_[2];
  second.live = report.live;
  second.sums = {.cycles = report.begun,
                 .closed = report.closed,
                 .aborted = report.aborted,
                 .failures = failures_of(report),
                 .elapsed = report.elapsed,
                 .connect = Quantiles::of(report.connect),
                 .closing = Quantiles::of(report.close),
                 .connect_due = connect_due_of(history),
                 .missed = report.missed,
                 .open_failed = report.open_failed,
                 .retransmits = report.retransmits,
                 .judged = judged};
  begun_ = report.begun;
  completed_ = report.completed();
  failed_ = report.failed();
  failed_in_ = failed_in;
  line(protocol::JournalSecond::kName, second, second.at);
}

void Journal::counts(Duration at, const Findings& findings) {
  protocol::JournalCounts changed{at, {}};
  for (const protocol::Strike::Finding& finding : findings.list()) {
    std::uint64_t& told = told_[finding.rule];
    if (told == finding.count) continue;
    told = finding.count;
    changed.rules.push_back({finding.rule, finding.count, finding.inconclusive, finding.because});
  }
  if (!changed.rules.empty()) line(protocol::JournalCounts::kName, changed, at);
}

void Journal::found(const protocol::Strike::Finding& finding) {
  told_[finding.rule] = finding.count;
  line(protocol::kJournalFinding, finding, finding.at);
}

void Journal::stopped(Duration elapsed, std::string_view why) {
  const protocol::JournalStopped stopped{before_.time + elapsed, std::string(why)};
  line(protocol::JournalStopped::kName, stopped, stopped.at);
}

void Journal::end(const protocol::Strike::Result& result) {
  line(protocol::kJournalReport, result, before_.time + result.summary.elapsed);
  appender_.settle(kSettle);
}

void Journal::ended(const protocol::StrikeEntry& entry) {
  line(protocol::StrikeEntry::kName, entry, before_.time + entry.so_far.elapsed);
  appender_.settle(kSettle);
}

std::string Journal::loss() const {
  return appender_.counts().error;
}

protocol::Strike::Journal Journal::result() const {
  const Appender::Counts counts = appender_.counts();
  protocol::Strike::Journal result{counts.lines, counts.lost,
                                   counts.lost_first.value_or(Duration(0)), std::nullopt};
  if (counts.lost != 0) result.error = counts.error;
  if (counts.waiting != 0 && counts.lost == 0)
    result.error = "the disk had not taken all of it when the strike was over";
  return result;
}

}  // namespace conker::daemon
