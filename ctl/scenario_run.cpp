#include "ctl/scenario_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>

#include "ctl/args.hpp"
#include "ctl/changed_faults.hpp"
#include "ctl/format.hpp"
#include "ctl/interrupt.hpp"
#include "ctl/journal.hpp"
#include "ctl/report_files.hpp"
#include "ctl/strike_run.hpp"

namespace conker::ctl {
namespace {

using protocol::PeerIs;
using protocol::Verdict;

constexpr std::size_t kToldPhases = 3;  // whose reasons the line of the verdict has
constexpr int kScenarioInterrupts = 2;  // the second one does not wait for the report

/// Why a target is not worth another strike; empty: it is.
std::string gone(const protocol::Strike::Result& result) {
  const auto& looks = result.looks;
  if (!looks.empty() && !looks.back().before) {
    const PeerIs peer = looks.back().peer;
    const bool serves = peer == PeerIs::kAlive || peer == PeerIs::kSlow;
    return serves ? "" : std::string(protocol::name_of(peer));
  }
  const bool wedged = result.stopped && result.stopped->cause == protocol::Stopped::Cause::kWedged;
  return wedged ? "it has stopped answering" : "";
}

FaultSet::Parameters faults_of(const std::vector<std::string>& settings) {
  FaultSet::Parameters parameters;
  for (const std::string& setting : settings) parse_fault(setting, parameters);
  return parameters;
}

/// A file that cannot be written does not end the scenario.
void warn(const std::optional<std::string>& unwritten) {
  if (unwritten) std::fprintf(stderr, "conkerctl: %s\n", unwritten->c_str());
}

class ScenarioRun {
 public:
  ScenarioRun(const Context& context, const Scenario& scenario, const std::string& directory,
              const ScenarioListener& listener)
      : context_(context),
        directory_(directory),
        listener_(listener),
        whole_{Monitors(scenario.monitors, context.socket), DeviceWatches(scenario.watches)},
        outcome_{.scenario = &scenario, .phases = {}, .seen = {}, .failure = {}} {
    if (context.timeout)
      deadline_ = began_ + std::chrono::duration_cast<Moment::duration>(
                               std::chrono::duration<double>(*context.timeout));
  }

  ScenarioOutcome run() {
    while (!whole_.done(moment_now()) && !over()) turn();
    if (over()) throw Failure(over_by_time() ? kExitTimedOut : kExitFailed, why_over());
    whole_.strike_begins(moment_now());
    for (const ScenarioPhase& phase : outcome_.scenario->phases) {
      outcome_.phases.push_back(outcome_of(phase));
      outcome_.elapsed = between(began_, moment_now());
      listener_.ended(outcome_);
    }
    whole_.strike_ended(moment_now());
    while (!whole_.done(moment_now()) && !over()) turn();
    outcome_.seen = {whole_.monitors.reports(), whole_.watches.reports()};
    outcome_.elapsed = between(began_, moment_now());
    return std::move(outcome_);
  }

 private:
  PhaseOutcome outcome_of(const ScenarioPhase& phase) {
    PhaseOutcome made{&phase, {}, rest_is_off_, "", "", ""};
    if (const auto found = gone_.find(phase.target); made.why_not.empty() && found != gone_.end())
      made.why_not = found->second;
    if (made.why_not.empty()) {
      pause(phase.pause);
      if (over()) made.why_not = why_over();
    }
    if (!made.why_not.empty()) return made;
    listener_.begins(phase, outcome_.phases.size() + 1);
    try {
      strike(phase, made);
      take(*made.strike, phase);
    } catch (const Failure& failure) {
      made.why_not = failure.what();
      rest_is_off_ = fmt::format("{} could not be struck", phase.label());
      if (!outcome_.failure) outcome_.failure = failure;
    }
    return made;
  }

  void strike(const ScenarioPhase& phase, PhaseOutcome& made) {
    Context context = context_;
    if (deadline_) {
      const std::chrono::duration<double> left = *deadline_ - moment_now();
      context.timeout = std::max(left.count(), 0.001);
    }
    ChangedFaults faults(context_);
    if (!phase.faults.empty()) faults.change(faults_of(phase.faults));
    OwnedFd journal;
    if (!directory_.empty()) {
      const std::string stem = directory_ + "/" + phase.stem();
      journal = new_journal(made.journal = stem + ".journal");
      made.evidence = stem + ".pcapng";
      made.page = stem + ".html";
    }
    const EvidenceFiles evidence(made.evidence);
    Beside beside{Monitors(phase.monitors, context.socket), DeviceWatches(phase.watches), &whole_,
                  cycles_};
    json raw = run_strike(context, phase.parameters, evidence, journal, beside, made.journal);
    Seen seen{beside.monitors.reports(), beside.watches.reports()};
    if (journal)
      append_ruling(journal, protocol::from_json<protocol::Strike::Result>(raw), seen,
                    phase.parameters.fail_on);
    made.strike = ReportedStrike::of(std::move(raw), std::move(seen), phase.parameters.fail_on,
                                     evidence, made.journal);
    warn(made.strike->write_beside(evidence));
    if (!made.page.empty()) warn(write_page(made.page, made.strike->content()));
  }

  /// What a strike means for those after it.
  void take(const ReportedStrike& strike, const ScenarioPhase& phase) {
    cycles_ += strike.result.summary.cycles;
    if (const std::string how = gone(strike.result); !how.empty())
      gone_[phase.target] = fmt::format("the target was gone after {}: {}", phase.label(), how);
    const bool failed = phase.counts && strike.result.verdict == Verdict::kFail;
    if (over()) {
      rest_is_off_ = why_over();
    } else if (outcome_.scenario->stop_on_failure && (failed || whole_.watches.matched())) {
      rest_is_off_ = fmt::format("{} failed, and stop-on-failure is set", phase.label());
    }
  }

  /// Waits, and lets go on what runs beside the whole.
  void pause(Duration time) {
    until_ = moment_now() + time;
    while (moment_now() < *until_ && !over()) turn();
    until_.reset();
  }

  void turn() {
    PollSet polls;
    if (until_) polls.by(*until_);
    if (deadline_) polls.by(*deadline_);
    whole_.wait_for(polls);
    polls.wait();
    whole_.step(moment_now());
  }

  bool over_by_time() const { return deadline_ && moment_now() >= *deadline_; }
  bool over() const { return interrupted() || over_by_time(); }
  std::string why_over() const {
    return interrupted() ? "interrupted before it began" : "--timeout passed before it began";
  }

  const Context& context_;
  const std::string& directory_;
  const ScenarioListener& listener_;
  Moment began_ = moment_now();
  Deadline deadline_;
  std::optional<Moment> until_;
  Beside whole_;
  std::uint64_t cycles_ = 0;
  std::string rest_is_off_;                  // why no further phase is struck; empty: they are
  std::map<std::string, std::string> gone_;  // targets, and since when
  ScenarioOutcome outcome_;
};

}  // namespace

bool ScenarioOutcome::struck_any() const {
  return std::ranges::any_of(phases, [](const PhaseOutcome& o) { return o.strike.has_value(); });
}

Ruling ScenarioOutcome::ruling() const {
  const auto number_of = [&](Verdict verdict) {
    return std::ranges::count_if(phases, [&](const PhaseOutcome& outcome) {
      return outcome.phase->counts && outcome.verdict() == verdict;
    });
  };
  Ruling made{Verdict::kPass, ""};
  for (const Verdict verdict : {Verdict::kInconclusive, Verdict::kFail})
    if (number_of(verdict) != 0) made.verdict = verdict;
  if (made.verdict == Verdict::kPass) {
    made.why = number_of(Verdict::kPass) == 0
                   ? "no phase counts"
                   : fmt::format("all {} phases that count passed", number_of(Verdict::kPass));
    if (number_of(Verdict::kPass) == 0) made.verdict = Verdict::kInconclusive;
  } else {
    std::size_t told = 0;
    const auto of = static_cast<std::size_t>(number_of(made.verdict));
    for (const PhaseOutcome& outcome : phases) {
      if (!outcome.phase->counts || outcome.verdict() != made.verdict || told == kToldPhases)
        continue;
      made.why +=
          fmt::format("{}{}: {}", told++ == 0 ? "" : "; ", outcome.phase->label(), outcome.why());
    }
    if (told < of) made.why += fmt::format("; and {} more phases", of - told);
  }
  return ctl::ruling(std::move(made), seen.monitors, seen.watches, verdict::Severity::kWeakness);
}

ScenarioOutcome run_scenario(const Context& context, const Scenario& scenario,
                             const std::string& directory, const ScenarioListener& listener) {
  // Before the first fault is set, so that it is put back.
  catch_interrupt(kScenarioInterrupts);
  return ScenarioRun(context, scenario, directory, listener).run();
}

}  // namespace conker::ctl
