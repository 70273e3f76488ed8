#include "daemon/control/ending.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "daemon/text.hpp"
#include "protocol/text.hpp"

namespace conker::daemon {
namespace {

using protocol::StopOn;
using verdict::Rule;
using verdict::Severity;

/// The least severe finding that ends the strike; nothing where none does.
std::optional<Severity> least(StopOn on) {
  switch (on) {
    case StopOn::kNote:
    case StopOn::kAny:
      return Severity::kNote;
    case StopOn::kWeakness:
      return Severity::kWeakness;
    case StopOn::kFault:
      return Severity::kFault;
    case StopOn::kFailure:
      break;
  }
  return std::nullopt;
}

}  // namespace

Ending::Ending(const Parameters& parameters, Instant began, const Before& before)
    : on_(parameters.stop_on),
      unanswered_(std::max(parameters.concurrency, kLeastUnanswered)),
      began_(began),
      before_(before) {
  if (!parameters.keep_going) {
    silence_ = std::max<Duration>(
        kLeastSilence, std::chrono::milliseconds(std::uint64_t{parameters.connect_timeout_ms} +
                                                 parameters.hold_ms + parameters.close_timeout_ms));
  }
  if (parameters.stop_on_rule) rule_ = verdict::rule_named(*parameters.stop_on_rule);
}

std::string Ending::complaint(const Parameters& parameters) {
  if (!parameters.stop_on_rule || verdict::rule_named(*parameters.stop_on_rule)) return "";
  std::string names;
  for (std::size_t i = 0; i < verdict::kRules; ++i) {
    names += i == 0 ? "" : ", ";
    names += verdict::info_of(static_cast<Rule>(i)).name;
  }
  return fmt::format("strike: stop_on_rule must be the name of a rule, not {}: one of {}",
                     *parameters.stop_on_rule, names);
}

bool Ending::due(const Findings& findings, const StrikeHistory& history, Instant now) {
  if (why_) return true;
  if (findings.conclusive() != findings_seen_) look_at(findings);
  if (!why_ && stops_on_failure() && history.first_failure()) look_at(*history.first_failure());
  if (!why_ && silence_ && history.run_lasts()) look_for_silence(history, now);
  return why_.has_value();
}

bool Ending::stops_on(Rule rule) const {
  const auto from = on_ ? least(*on_) : std::nullopt;
  return rule == rule_ || (from && verdict::info_of(rule).severity() >= *from);
}

bool Ending::stops_on_failure() const {
  return on_ == StopOn::kFailure || on_ == StopOn::kAny;
}

/// Of several that have come since the last turn, the first one counts.
void Ending::look_at(const Findings& findings) {
  findings_seen_ = findings.conclusive();
  const verdict::Judge::Found* first = nullptr;
  for (std::size_t i = 0; i < verdict::kRules; ++i) {
    const auto rule = static_cast<Rule>(i);
    const verdict::Judge::Found* found = findings.first_of(rule);
    if (found == nullptr || !stops_on(rule)) continue;
    if (first == nullptr || found->at < first->at) first = found;
  }
  if (first == nullptr) return;
  const verdict::RuleInfo& rule = verdict::info_of(first->finding.rule);
  const Duration at = before_.time + (first->at - began_);
  why_ = {
      protocol::Stopped::Cause::kFinding, first->connection, at,
      fmt::format("the first {} ({}) in cycle {}, after {}", verdict::to_string(rule.severity()),
                  rule.name, first->connection, to_string(at))};
}

void Ending::look_at(const StrikeHistory::First& failure) {
  const std::uint64_t cycle = before_.cycles + failure.cycle;
  const Duration at = before_.time + failure.at;
  why_ = {protocol::Stopped::Cause::kFailure, cycle, at,
          fmt::format("the first failed cycle, {}, after {}: {}", cycle, to_string(at),
                      to_string(failure.failure))};
}

void Ending::look_for_silence(const StrikeHistory& history, Instant now) {
  const StrikeHistory::Run& run = history.last_run();
  const StrikeHistory::Completed& last = history.last_completed();
  const Duration silence = now - began_ - last.at;
  if (run.refused + run.unanswered < unanswered_ || silence < *silence_) return;
  const std::string since =
      last.cycle == 0 ? "the peer does not answer"
                      : fmt::format("the peer has stopped answering after cycle {}, {}",
                                    before_.cycles + last.cycle, to_string(before_.time + last.at));
  why_ = {protocol::Stopped::Cause::kWedged, before_.cycles + last.cycle, before_.time + last.at,
          fmt::format("{}: {} cycles unanswered and {} refused one after another, none completed "
                      "in {}",
                      since, run.unanswered, run.refused, to_string(silence))};
}

}  // namespace conker::daemon
