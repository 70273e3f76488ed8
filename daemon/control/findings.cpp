#include "daemon/control/findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "daemon/control/evidence.hpp"
#include "daemon/control/passive.hpp"
#include "daemon/text.hpp"
#include "protocol/text.hpp"

namespace conker::daemon {
namespace {

using protocol::exceeds;
using protocol::Verdict;
using verdict::Rule;
using verdict::Severity;

/// A frame that was sent before the impairment ended may arrive as long after it.
constexpr Duration kAftermath = 1s;
/// What was lost while our link was not up is sent again this long after it is up again, or later.
constexpr Duration kAfterLink = 5s;
/// What arrived while the daemon did not run has been read so long after it runs again: a segment
/// and its retransmission at the same time.
constexpr Duration kBacklog = 50ms;

/// Whether a rule compares times, and `seen` is one in microseconds. What waits while we do not run
/// is read at once afterwards: late, and together with what came long before or after it.
bool is_timed(Rule rule) {
  return std::string_view(verdict::info_of(rule).unit) == "us";
}

/// Whether a host that is sound breaks the rule when it is short of room.
bool wants_room(Rule rule) {
  switch (rule) {
    case Rule::kSynUnanswered:
    case Rule::kDataUnanswered:
    case Rule::kFinUnanswered:
    case Rule::kAnsweredLate:
    case Rule::kSynAckAcknowledged:
      return true;
    default:
      return false;
  }
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  return fmt::format("{:.4g} %", 100.0 * static_cast<double>(part) /
                                     static_cast<double>(std::max<std::uint64_t>(whole, 1)));
}

}  // namespace

void Findings::running(Instant now, std::string lost) {
  if (!lost.empty()) {
    link_lost_at_ = now;
    link_lost_for_ += now - ran_at_;
    link_lost_how_ = std::move(lost);
  }
  if (now - ran_at_ > kHeartbeat + kStall) stalled_to_ = now;
  ran_at_ = now;
}

std::string Findings::loss_of_link() const {
  return link_lost_at_ ? fmt::format("our own {} for {}", link_lost_how_, to_string(link_lost_for_))
                       : "";
}

/// Why our own side may be the cause of a finding; null where it cannot be.
const char* Findings::doubt(const verdict::Judge::Found& found) const {
  if (impaired_at_ && found.at - *impaired_at_ <= kAftermath) return "faults were set on the link";
  const bool timed = is_timed(found.finding.rule);
  const Instant since = found.at - (timed ? Duration(found.finding.seen) : Duration(0));
  if (link_lost_at_ && since <= *link_lost_at_ + kAfterLink) return "our own link was not up";
  if (!timed) return nullptr;
  const bool stalled = found.at - ran_at_ > kHeartbeat + kStall;  // and has just come back
  return stalled || (stalled_to_ && since <= *stalled_to_ + kBacklog)
             ? "the daemon itself did not run for a while"
             : nullptr;
}

void Findings::on_finding(const verdict::Judge::Found& judged) {
  if (ladder_ != nullptr && wants_room(judged.finding.rule) &&
      ladder_->tries_more(judged.connection))
    return;
  verdict::Judge::Found found = judged;
  found.connection += before_.cycles;
  Tally& tally = tallies_[static_cast<std::size_t>(found.finding.rule)];
  const char* because = doubt(found);
  if (evidence_ != nullptr) evidence_->on_finding(found, because);
  const bool first = tally.count == tally.inconclusive && (tally.count == 0 || because == nullptr);
  if (first) tally.first = found;
  ++tally.count;
  if (because != nullptr) {
    ++tally.inconclusive;
    tally.because = because;
  } else {
    ++conclusive_;
  }
  if (first && on_first_) on_first_(finding(found.finding.rule));
}

std::optional<Severity> Findings::worst() const {
  std::optional<Severity> worst;
  for (std::size_t i = 0; i < tallies_.size(); ++i) {
    if (tallies_[i].count == tallies_[i].inconclusive) continue;
    const Severity severity = verdict::info_of(static_cast<Rule>(i)).severity();
    if (!worst || severity > *worst) worst = severity;
  }
  return worst;
}

std::uint64_t Findings::rules() const {
  return static_cast<std::uint64_t>(
      std::ranges::count_if(tallies_, [](const Tally& tally) { return tally.count != 0; }));
}

bool Findings::any_inconclusive() const {
  return std::ranges::any_of(tallies_, [](const Tally& t) { return t.inconclusive != 0; });
}

const verdict::Judge::Found* Findings::first_of(Rule rule) const {
  const Tally& tally = tallies_[static_cast<std::size_t>(rule)];
  return tally.count == tally.inconclusive ? nullptr : &tally.first;
}

protocol::Strike::Finding Findings::finding(Rule rule) const {
  const Tally& tally = tallies_[static_cast<std::size_t>(rule)];
  const verdict::RuleInfo& info = verdict::info_of(rule);
  const verdict::Finding& first = tally.first.finding;
  const FourTuple& tuple = first.tuple;
  return {.rule = info.name,
          .severity = verdict::to_string(info.severity()),
          .section = info.section,
          .text = info.text,
          .count = tally.count,
          .inconclusive = tally.inconclusive,
          .because = tally.because,
          .cycle = tally.first.connection,
          .at = before_.time + (tally.first.at - began_),
          .from = to_string(Endpoint{tuple.local, tuple.local_port}),
          .to = to_string(Endpoint{tuple.remote, tuple.remote_port}),
          .sequence = first.seq.value(),
          .length = first.length,
          .expected = first.expected,
          .seen = first.seen,
          .unit = info.unit,
          .offset = first.offset};
}

std::vector<protocol::Strike::Finding> Findings::list() const {
  std::vector<protocol::Strike::Finding> list;
  for (const Severity severity : {Severity::kFault, Severity::kWeakness, Severity::kNote}) {
    for (std::size_t i = 0; i < tallies_.size(); ++i) {
      const auto rule = static_cast<Rule>(i);
      if (tallies_[i].count != 0 && verdict::info_of(rule).severity() == severity)
        list.push_back(finding(rule));
    }
  }
  return list;
}

Judgement Judgement::of(const protocol::Strike::Parameters& limits, const StrikeSummary& summary,
                        const Findings& findings, bool interrupted, const Circumstances& beside) {
  const auto& [stopped, loss, connect_due, excused, turned_away] = beside;
  const std::uint64_t failed = summary.failed.all() - excused;
  if (!summary.audit.balanced) return {Verdict::kInconclusive, to_string(StrikeOutcome{summary})};
  if (summary.cycles == 0)
    return {Verdict::kInconclusive, !findings.loss_of_link().empty() ? findings.loss_of_link()
                                    : interrupted    ? "interrupted before the first cycle"
                                    : limits.passive ? nobody_came(turned_away)
                                                     : "no connection could be opened"};
  const auto worst = findings.worst();
  if (worst && *worst >= limits.fail_on) {
    const auto list = findings.list();
    const auto first = std::ranges::find_if(
        list, [](const auto& finding) { return finding.count != finding.inconclusive; });
    return {Verdict::kFail,
            fmt::format("{}: {} ({})", first->severity, first->text, first->section)};
  }
  if (const std::string lost = findings.loss_of_link(); !lost.empty())
    return {Verdict::kInconclusive, lost};
  const bool wedged = stopped && stopped->cause == protocol::Stopped::Cause::kWedged;
  for (const std::string& why : {wedged ? stopped->why : "", loss}) {
    if (why.empty()) continue;
    if (!findings.any_impairment()) return {Verdict::kFail, why};
    return {Verdict::kInconclusive, why + "; but faults were set on the link"};
  }
  if (exceeds(failed, summary.cycles, limits.max_failed_ppm)) {
    return {Verdict::kFail,
            to_string(StrikeOutcome{summary}) +
                (excused == 0 ? "" : fmt::format(", {} of them no fault: see ladder", excused))};
  }
  if (exceeds(summary.retransmits, summary.cycles, limits.max_retransmits_ppm)) {
    return {Verdict::kFail,
            fmt::format("{} segments had to be sent again in {} cycles: {}", summary.retransmits,
                        summary.cycles, percent(summary.retransmits, summary.cycles))};
  }
  const auto slow = [&](const char* what, std::uint32_t p99, std::optional<std::uint32_t> limit) {
    return limit && p99 > *limit
               ? fmt::format("{} took {} us for one cycle in a hundred, more than {} us", what, p99,
                             *limit)
               : std::string();
  };
  const std::string late_or_slow =
      connect_due
          ? slow("from when it was due to connected", connect_due->p99, limits.max_connect_p99_us)
          : slow("to connect", summary.connect.p99, limits.max_connect_p99_us);
  for (const std::string& why :
       {late_or_slow, slow("to close", summary.closing.p99, limits.max_close_p99_us)}) {
    if (!why.empty()) return {Verdict::kFail, why};
  }
  if (stopped) {
    return {Verdict::kInconclusive,
            fmt::format("stopped as asked at {}, which is nothing that fails", stopped->why)};
  }
  const std::string unfinished =
      summary.audit.live == 0 ? "" : fmt::format("; {} were in flight", summary.audit.live);
  if (limits.cycles && summary.cycles < *limits.cycles) {
    return {Verdict::kInconclusive,
            fmt::format("{}asked for {} cycles, did {}{}", interrupted ? "interrupted: " : "",
                        *limits.cycles, summary.cycles, unfinished)};
  }
  if (interrupted) return {Verdict::kInconclusive, "interrupted before its time" + unfinished};
  if (findings.any_inconclusive())
    return {Verdict::kInconclusive, "what was found may be our own side's doing"};
  if (limits.unjudged) return {Verdict::kInconclusive, "the target's TCP was not judged, as asked"};
  if (worst) {
    return {Verdict::kPass,
            fmt::format("nothing worse than a {} was found", verdict::to_string(*worst))};
  }
  return {Verdict::kPass, "nothing was found"};
}

}  // namespace conker::daemon
