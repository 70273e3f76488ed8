// What is told of a strike: its lines in the log, its result, and how it stands.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <optional>
#include <string>
#include <utility>

#include "daemon/control/strike_run.hpp"
#include "daemon/control/timeline.hpp"
#include "daemon/control/unfinished.hpp"
#include "daemon/text.hpp"

namespace conker::daemon {
namespace {

std::vector<protocol::StrikeTimes::Bucket> buckets_of(const Histogram& histogram) {
  std::vector<protocol::StrikeTimes::Bucket> buckets;
  histogram.for_each([&](const Histogram::Bucket& bucket) {
    buckets.push_back({bucket.first, bucket.last, bucket.count});
  });
  return buckets;
}

std::vector<protocol::StrikeEntry::Rule> rules_of(
    const std::vector<protocol::Strike::Finding>& findings) {
  std::vector<protocol::StrikeEntry::Rule> rules;
  for (const protocol::Strike::Finding& found : findings)
    rules.push_back({found.rule, found.severity, found.count, found.inconclusive, found.cycle});
  return rules;
}

}  // namespace

// ---- While it runs ----

protocol::Strike::Parameters StrikeRun::as_begun() const {
  protocol::Strike::Parameters parameters = order_->parameters;
  if (!reception_) parameters.from_port = ports_.begun_from;
  return parameters;
}

/// What journalctl finds the entries of this strike by.
LogField StrikeRun::field_of_log() const {
  return LogField("CONKER_STRIKE", std::to_string(order_->id));
}

void StrikeRun::tell_begin() {
  const std::string target = to_string(strike_->request().target);
  const LogField id = field_of_log();
  const LogField peer("CONKER_PEER", target);
  spdlog::info("strike {}: {} {}, {} at a time", order_->id,
               reception_ ? "listens at" : "begins at", target, strike_->request().concurrency);
  begin_ = {.version = CONKER_VERSION,
            .time = begin_.time,
            .target = strike_->request().target,
            .link = link_ == nullptr ? "none" : link_->name,
            .device = link_ == nullptr ? "" : link_->device->description(),
            .parameters = as_begun(),
            .faults = {}};
  if (link_ != nullptr) begin_.faults = link_->fault->settings();
  if (journal_) journal_->begin(begin_);
  engine_.events().tell<protocol::StrikeEvent>([&] {
    return protocol::StrikeEvent{.what = protocol::StrikeEvent::What::kBegun,
                                 .id = order_->id,
                                 .target = target,
                                 .cycles = 0,
                                 .verdict = std::nullopt,
                                 .why = std::nullopt};
  });
}

void StrikeRun::tell_end(const protocol::Strike::Result& made) {
  engine_.events().tell<protocol::StrikeEvent>([&] {
    return protocol::StrikeEvent{.what = protocol::StrikeEvent::What::kEnded,
                                 .id = order_->id,
                                 .target = to_string(order_->target),
                                 .cycles = made.summary.cycles,
                                 .verdict = std::string(protocol::name_of(made.verdict)),
                                 .why = made.why};
  });
}

/// Logs the first loss of a line of the journal.
void StrikeRun::tell_loss() {
  const std::string error = journal_->loss();
  if (error.empty() || std::exchange(journal_lost_, true)) return;
  const LogField id = field_of_log();
  spdlog::warn(
      "strike {}: lines of its journal are lost: {}; its report will say up to when it is "
      "known",
      order_->id, error);
}

void StrikeRun::tell_found(const protocol::Strike::Finding& finding) {
  const LogField id = field_of_log();
  const LogField peer("CONKER_PEER", finding.to);
  const LogField rule("CONKER_RULE", std::string(finding.rule));
  spdlog::info("strike {}: {} {} ({}): {}; cycle {}{}", order_->id, finding.severity, finding.rule,
               finding.section, finding.text, finding.cycle,
               finding.inconclusive == 0 ? "" : "; inconclusive: " + finding.because);
  if (journal_) journal_->found(finding);
  engine_.events().tell<protocol::FindingEvent>([&] {
    return protocol::FindingEvent{.strike = order_->id,
                                  .target = to_string(order_->target),
                                  .rule = finding.rule,
                                  .severity = finding.severity,
                                  .section = finding.section,
                                  .text = finding.text,
                                  .cycle = finding.cycle,
                                  .because = finding.because};
  });
}

// ---- When it is over, and on the way ----

/// Takes the evidence, and the journal's last lines.
protocol::Strike::Result StrikeRun::result() {
  auto summary = StrikeSummary::of(strike_->request(), strike_->report(), engine_.stack().audit());
  if (ladder_) summary.concurrency = ladder_->chosen();
  const Judgement judgement =
      Judgement::of(order_->parameters, summary, *findings_, interrupted_,
                    {ending_->why(), loss(looks_.seen()), connect_due_of(*history_),
                     ladder_ ? ladder_->excused() : 0, reception_ ? reception_->turned_away() : 0});
  const LogField id = field_of_log();
  const LogField peer("CONKER_PEER", to_string(order_->target));
  spdlog::info("strike {}: {} of {} cycles completed, {:.0f} a second: {}: {}", order_->id,
               summary.completed, summary.cycles, summary.cycles_per_second(),
               protocol::name_of(judgement.verdict), judgement.why);
  const bool unjudged = order_->parameters.unjudged;
  protocol::Strike::Result made{
      judgement.verdict,
      judgement.why,
      ending_->why(),
      summary,
      timeline_of(strike_->request(), strike_->report(), *history_, before_),
      looks_.seen(),
      ladder_ ? std::optional(climbed(*ladder_)) : std::nullopt,
      std::nullopt,
      std::nullopt,
      std::nullopt,
      judge_->judged(),
      unjudged ? std::nullopt : std::optional(judge_->bytes()),
      unjudged ? std::nullopt : std::optional(judge_->closed_first()),
      findings_->list(),
      std::nullopt,
      std::nullopt,
      begin_};
  if (reception_) made.timeline.turned_away = reception_->turned_away();
  made.timeline.unfinished = unfinished_of(probes_->unfinished());
  if (dead_ && dead_->result().probed != 0) made.dead = dead_->result();
  if (dead_) made.time_wait_probed = dead_->time_wait();
  if (payloads_) made.payloads = payloads_->result();
  if (evidence_) {
    made.evidence = evidence_->result();
    evidence_.reset();
  }
  if (journal_) {
    made.journal = journal_->result();
    journal_->end(made);
    if (order_->detached) journal_->ended(ended(made));
    made.journal = journal_->result();
    journal_.reset();
  }
  return made;
}

protocol::StrikeEntry StrikeRun::ended(const protocol::Strike::Result& made) const {
  protocol::StrikeEntry entry = this->entry();
  entry.state = protocol::StrikeEntry::State::kEnded;
  entry.cycles_per_second = made.summary.cycles_per_second();
  entry.connect_p50 = Quantiles::of(strike_->report().connect).p50;
  entry.connect_p99 = Quantiles::of(strike_->report().connect).p99;
  entry.verdict = made.verdict;
  entry.why = made.why;
  return entry;
}

protocol::StrikeTimes::Result StrikeRun::times() const {
  protocol::StrikeTimes::Result result;
  result.id = order_->id;
  if (!strike_) return result;
  const StrikeReport& report = strike_->report();
  result.so_far = so_far();
  result.connect = buckets_of(report.connect);
  result.closing = buckets_of(report.close);
  result.failures = failures_of(report);
  result.findings = rules_of(findings_->list());
  return result;
}

protocol::StrikeEntry StrikeRun::entry() const {
  protocol::StrikeEntry entry;
  entry.id = order_->id;
  entry.detached = order_->detached;
  entry.target = to_string(order_->target);
  entry.began = begin_.time;
  entry.cycles_asked = order_->parameters.cycles;
  entry.duration_ms = order_->parameters.duration_ms;
  if (!strike_) return entry;
  entry.so_far = so_far();
  entry.cycles_per_second = newest_.cycles_per_second;
  if (const auto* row = history_->newest_over(strike_->report().elapsed)) {
    entry.connect_p50 = row->connect_p50;
    entry.connect_p99 = row->connect_p99;
  }
  entry.findings = rules_of(findings_->list());
  return entry;
}

}  // namespace conker::daemon
