#include "ctl/strike_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "ctl/format.hpp"
#include "protocol/text.hpp"
#include "stack/strike/failure.hpp"

namespace conker::ctl {
namespace {

using protocol::exceeds;
using protocol::StrikeTimeline;
using protocol::Verdict;
using Result = protocol::Strike::Result;

// ---- A part without a report ----

StrikeSummary::Failed failed_of(const std::vector<StrikeTimeline::Failure>& failures) {
  StrikeSummary::Failed failed;
  for (const StrikeTimeline::Failure& failure : failures) {
    switch (failed_as(failure.name)) {
      case FailedAs::kRefused:
        failed.refused += failure.count;
        break;
      case FailedAs::kTimedOut:
        failed.timed_out += failure.count;
        break;
      case FailedAs::kReset:
        failed.reset += failure.count;
        break;
      case FailedAs::kOther:
        failed.other += failure.count;
        break;
    }
  }
  return failed;
}

/// The figures of the newest row; the audit is the strike's own, without that of the stack.
StrikeSummary summary_of(const JournalPart& part) {
  const protocol::Strike::Parameters& parameters = part.begin.parameters;
  const protocol::JournalSecond last = part.last.value_or(protocol::JournalSecond{});
  StrikeSummary s;
  s.target = part.begin.target;
  s.passive = parameters.passive;
  s.mix = parameters.request(s.target).mix;
  s.concurrency = parameters.concurrency;
  s.seed = parameters.request(s.target).seed;
  s.cycles = last.sums.cycles;
  s.completed = last.sums.closed + last.sums.aborted;
  s.failed = failed_of(last.sums.failures);
  s.elapsed = last.sums.elapsed;
  s.connect = last.sums.connect;
  s.closing = last.sums.closing;
  s.retransmits = last.sums.retransmits;
  s.audit = {.opened = s.cycles,
             .closed = last.sums.closed,
             .reset = s.failed.reset,
             .aborted = last.sums.aborted,
             .timed_out = s.failed.timed_out,
             .refused = s.failed.refused,
             .other = s.failed.other,
             .live = last.live,
             .balanced = s.cycles == s.completed + s.failed.all() + last.live,
             .fault = nullptr};
  return s;
}

Result as_far_as_known(const JournalPart& part) {
  Result known;
  known.summary = summary_of(part);
  known.findings = part.findings;
  StrikeTimeline& timeline = known.timeline;
  timeline.first_failure = part.first_failure;
  timeline.in_flight.max = static_cast<std::uint32_t>(part.most_in_flight);
  if (!part.last) return known;
  timeline.in_flight.mean =
      static_cast<double>(part.in_flight) / static_cast<double>(part.rows.size());
  known.judged = part.last->sums.judged;
  timeline.failures = part.last->sums.failures;
  timeline.missed = part.last->sums.missed;
  timeline.connect_due = part.last->sums.connect_due;
  timeline.open_failed = part.last->sums.open_failed;
  return known;
}

// ---- Sums ----

Quantiles higher(const Quantiles& a, const Quantiles& b) {
  return {std::max(a.p50, b.p50), std::max(a.p90, b.p90), std::max(a.p99, b.p99),
          std::max(a.p999, b.p999), std::max(a.max, b.max)};
}

void add(StrikeSummary::Ends& sum, const StrikeSummary::Ends& part) {
  sum.opened += part.opened;
  sum.closed += part.closed;
  sum.reset += part.reset;
  sum.aborted += part.aborted;
  sum.timed_out += part.timed_out;
  sum.refused += part.refused;
  sum.other += part.other;
  sum.live += part.live;
  sum.balanced = sum.balanced && part.balanced;
  if (sum.fault == nullptr) sum.fault = part.fault;
}

void add(StrikeSummary& sum, const StrikeSummary& part) {
  sum.cycles += part.cycles;
  sum.completed += part.completed;
  sum.failed.refused += part.failed.refused;
  sum.failed.timed_out += part.failed.timed_out;
  sum.failed.reset += part.failed.reset;
  sum.failed.other += part.failed.other;
  sum.elapsed += part.elapsed;
  sum.connect = higher(sum.connect, part.connect);
  sum.closing = higher(sum.closing, part.closing);
  sum.retransmits += part.retransmits;
  sum.time_wait.evicted += part.time_wait.evicted;
  sum.time_wait.reused += part.time_wait.reused;
  add(sum.audit, part.audit);
}

void add(std::vector<StrikeTimeline::Failure>& sum,
         const std::vector<StrikeTimeline::Failure>& part) {
  for (const StrikeTimeline::Failure& failure : part) {
    const auto of = std::ranges::find(sum, failure.name, &StrikeTimeline::Failure::name);
    if (of == sum.end()) {
      sum.push_back(failure);
    } else {
      of->count += failure.count;
    }
  }
}

void add(std::vector<StrikeTimeline::Way>& sum, const std::vector<StrikeTimeline::Way>& part) {
  for (const StrikeTimeline::Way& way : part) {
    const auto of = std::ranges::find(sum, way.name, &StrikeTimeline::Way::name);
    if (of == sum.end()) {
      sum.push_back(way);
      continue;
    }
    of->begun += way.begun;
    of->completed += way.completed;
    of->failed += way.failed;
    add(of->failures, way.failures);
  }
}

/// But for the rows. `so_far` and `took`: how long the parts lasted, for means.
void add(StrikeTimeline& sum, const StrikeTimeline& part, Duration so_far, Duration took) {
  sum.missed += part.missed;
  sum.open_failed += part.open_failed;
  if (part.reopened) {
    if (!sum.reopened) sum.reopened.emplace();
    sum.reopened->begun += part.reopened->begun;
    sum.reopened->kept += part.reopened->kept;
  }
  if (part.unfinished) {
    if (!sum.unfinished) sum.unfinished.emplace();
    sum.unfinished->left += part.unfinished->left;
    sum.unfinished->repeated += part.unfinished->repeated;
  }
  if (part.turned_away) sum.turned_away = sum.turned_away.value_or(0) + *part.turned_away;
  if (sum.connect_due && part.connect_due)
    sum.connect_due = higher(*sum.connect_due, *part.connect_due);
  sum.in_flight.max = std::max(sum.in_flight.max, part.in_flight.max);
  sum.in_flight.opening = std::max(sum.in_flight.opening, part.in_flight.opening);
  const auto weight = [](Duration time) { return static_cast<double>(time.count()); };
  if (so_far + took > Duration(0)) {
    sum.in_flight.mean =
        (sum.in_flight.mean * weight(so_far) + part.in_flight.mean * weight(took)) /
        weight(so_far + took);
  }
  add(sum.ways, part.ways);
  add(sum.failures, part.failures);
  sum.trends.insert(sum.trends.end(), part.trends.begin(), part.trends.end());
  if (!sum.first_failure) sum.first_failure = part.first_failure;
  if (!part.last_run) return;
  sum.last_run = part.last_run;
  if (!sum.longest_run || part.longest_run->cycles > sum.longest_run->cycles)
    sum.longest_run = part.longest_run;
}

void add(protocol::DeadProbed& sum, const protocol::DeadProbed& part) {
  sum.probed += part.probed;
  sum.forgotten += part.forgotten;
  sum.held += part.held;
  sum.silent += part.silent;
}

void add(protocol::TimeWaitProbed& sum, const protocol::TimeWaitProbed& part) {
  sum.probed += part.probed;
  sum.kept += part.kept;
  sum.forgotten += part.forgotten;
  sum.silent += part.silent;
  sum.newest = std::min(sum.newest, part.newest);
  sum.oldest = std::max(sum.oldest, part.oldest);
}

void add(protocol::PayloadsSent& sum, const protocol::PayloadsSent& part) {
  sum.sent += part.sent;
  sum.received += part.received;
  sum.answered += part.answered;
  sum.differing += part.differing;
}

/// What not every part has.
template <typename T>
void add(std::optional<T>& sum, const std::optional<T>& part) {
  if (sum && part) {
    add(*sum, *part);
  } else if (part) {
    sum = part;
  }
}

void add(std::vector<protocol::Strike::Finding>& sum,
         const std::vector<protocol::Strike::Finding>& part) {
  for (const protocol::Strike::Finding& finding : part) {
    const auto of = std::ranges::find(sum, finding.rule, &protocol::Strike::Finding::rule);
    if (of == sum.end()) {
      sum.push_back(finding);
      continue;
    }
    protocol::Strike::Finding both =
        of->count == of->inconclusive && finding.count != finding.inconclusive ? finding : *of;
    both.count = of->count + finding.count;
    both.inconclusive = of->inconclusive + finding.inconclusive;
    if (both.because.empty()) both.because = finding.because + of->because;
    *of = both;
  }
}

/// The worst first, as a report has them.
void sort(std::vector<protocol::Strike::Finding>& findings) {
  std::ranges::stable_sort(findings, std::ranges::greater(), [](const auto& finding) {
    return protocol::choice_named<verdict::Severity>(finding.severity)
        .value_or(verdict::Severity::kNote);
  });
}

// ---- Rows ----

constexpr std::size_t kMostRows = 3600;

/// The rows of a part: those of its report or, without one, those of the journal.
std::vector<JournalPart::Row> rows_of(const JournalPart& part, Duration before) {
  if (!part.report) return part.rows;
  std::vector<JournalPart::Row> rows;
  for (const StrikeTimeline::Row& row : part.report->timeline.seconds) {
    rows.push_back({before, row});
    before += part.report->timeline.row_width;
  }
  return rows;
}

void merge(StrikeTimeline::Row& sum, const StrikeTimeline::Row& row) {
  sum.begun += row.begun;
  sum.completed += row.completed;
  sum.failed += row.failed;
  sum.failed_connecting += row.failed_connecting;
  sum.failed_established += row.failed_established;
  sum.failed_closing += row.failed_closing;
  sum.connect_p50 = std::max(sum.connect_p50, row.connect_p50);
  sum.connect_p99 = std::max(sum.connect_p99, row.connect_p99);
  sum.close_p50 = std::max(sum.close_p50, row.close_p50);
  sum.close_p99 = std::max(sum.close_p99, row.close_p99);
  sum.most_in_flight = std::max(sum.most_in_flight, row.most_in_flight);
  sum.most_opening = std::max(sum.most_opening, row.most_opening);
}

/// Puts rows of any width into rows of the same width: the least that gives no more than kMostRows.
void set_rows(StrikeTimeline& timeline, std::span<const JournalPart::Row> rows, Duration width) {
  if (rows.empty()) return;
  width = std::max(width, Duration(1s));
  while (rows.back().from / width >= static_cast<std::int64_t>(kMostRows)) width *= 2;
  timeline.row_width = width;
  timeline.seconds.assign(static_cast<std::size_t>(rows.back().from / width) + 1, {});
  for (const auto& [from, row] : rows) {
    merge(timeline.seconds[static_cast<std::size_t>(from / width)], row);
  }
}

// ---- The verdict ----

/// Why the whole fails; empty where it does not.
std::string failure_of(const protocol::Strike::Parameters& limits, const Result& whole,
                       std::span<const JournalPart> parts) {
  for (const protocol::Strike::Finding& finding : whole.findings) {
    const auto severity = protocol::choice_named<verdict::Severity>(finding.severity);
    if (finding.count == finding.inconclusive || !severity || *severity < limits.fail_on) continue;
    return fmt::format("{}: {} ({})", finding.severity, finding.text, finding.section);
  }
  const StrikeSummary& sum = whole.summary;
  if (exceeds(sum.failed.all(), sum.cycles, limits.max_failed_ppm))
    return to_string(StrikeOutcome{sum});
  if (exceeds(sum.retransmits, sum.cycles, limits.max_retransmits_ppm)) {
    return fmt::format("{} segments had to be sent again in {} cycles", grouped(sum.retransmits),
                       grouped(sum.cycles));
  }
  for (const JournalPart& part : parts)
    if (part.report && part.report->verdict == Verdict::kFail) return part.report->why;
  return "";
}

/// Why nothing can be said of the whole; empty where something can.
std::string doubt_of(const StrikeJournal& journal, const Result& whole) {
  const JournalPart& last = journal.parts.back();
  if (!last.report) {
    const std::string why = journal.running ? "the strike still runs"
                            : last.stopped.empty()
                                ? "the daemon ended, or the journal was cut"
                                : "stopped, and its end is not in the journal: " + last.stopped;
    return fmt::format("{}: known up to {} and cycle {}", why, to_string(journal.elapsed()),
                       grouped(journal.cycles()));
  }
  for (const JournalPart& part : journal.parts)
    if (part.report && !part.report->summary.audit.balanced) return part.report->why;
  if (last.report->stopped) return last.report->why;
  const auto asked = journal.parts.front().begin.parameters.cycles;
  if (asked && whole.summary.cycles < *asked) {
    return fmt::format("{}: asked for {} cycles, did {}",
                       last.stopped.empty() ? "interrupted" : last.stopped, *asked,
                       whole.summary.cycles);
  }
  const auto doubtful = [](const auto& finding) { return finding.inconclusive != 0; };
  if (last.report->verdict == Verdict::kInconclusive) return last.report->why;
  if (std::ranges::any_of(whole.findings, doubtful))
    return "what was found may be our own side's doing";
  return "";
}

}  // namespace

Result result_of(const StrikeJournal& journal) {
  const std::vector<JournalPart>& parts = journal.parts;
  if (parts.size() == 1 && parts[0].report) return *parts[0].report;
  Result whole;
  std::vector<JournalPart::Row> rows;
  Duration so_far{0}, width{0};
  for (const JournalPart& part : parts) {
    Result of = part.report.value_or(as_far_as_known(part));
    const Duration took = of.summary.elapsed;
    const std::vector<JournalPart::Row> its = rows_of(part, so_far);
    rows.insert(rows.end(), its.begin(), its.end());
    width = std::max(width, of.timeline.row_width);
    if (&part == &parts.front()) {
      whole = std::move(of);
    } else {
      add(whole.timeline, of.timeline, so_far, took);
      add(whole.summary, of.summary);
      add(whole.findings, of.findings);
      whole.judged += of.judged;
      whole.judge_bytes = std::max(whole.judge_bytes, of.judge_bytes);
      if (whole.closed_first && of.closed_first) {
        *whole.closed_first += *of.closed_first;
      } else {
        whole.closed_first.reset();
      }
      whole.stopped = of.stopped;
      whole.looks.insert(whole.looks.end(), of.looks.begin(), of.looks.end());
      add(whole.dead, of.dead);
      add(whole.time_wait_probed, of.time_wait_probed);
      add(whole.payloads, of.payloads);
      if (of.ladder) whole.ladder = of.ladder;
      if (of.evidence) whole.evidence = of.evidence;
      if (of.journal) whole.journal = of.journal;
    }
    so_far += took;
  }
  const protocol::Strike::Parameters& limits = parts.front().begin.parameters;
  sort(whole.findings);
  whole.begin = parts.front().begin;
  whole.timeline.asked = limits.cycles;
  set_rows(whole.timeline, rows, width);
  whole.why = failure_of(limits, whole, parts);
  whole.verdict = whole.why.empty() ? Verdict::kInconclusive : Verdict::kFail;
  if (whole.why.empty()) whole.why = doubt_of(journal, whole);
  if (whole.why.empty()) {
    whole.verdict = Verdict::kPass;
    whole.why = whole.findings.empty() ? "nothing was found"
                                       : fmt::format("nothing worse than a {} was found",
                                                     whole.findings.front().severity);
  }
  return whole;
}

}  // namespace conker::ctl
