#include "ctl/strike_run.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "ctl/format.hpp"
#include "ctl/interrupt.hpp"
#include "ctl/progress_line.hpp"
#include "ctl/verbosity.hpp"

namespace conker::ctl {
namespace {

constexpr int kEndEarly = 2;  // interrupts
/// How long the looks at the target and the probes after a strike may take, and the way of the
/// report to us.
constexpr Duration kForLooks = 10s;

/// How long after --timeout a strike that is told to stop may still take: what is in flight goes on
/// to its end.
Duration grace_of(const protocol::Strike::Parameters& parameters) {
  const std::int64_t ms = std::int64_t{parameters.hold_ms} + parameters.connect_timeout_ms +
                          parameters.close_timeout_ms;
  return std::chrono::milliseconds(ms) + kForLooks;
}

class StrikeRun {
 public:
  /// `known`: gets the newest figures that the daemon tells.
  StrikeRun(Client& client, const protocol::Strike::Parameters& parameters, Beside& beside,
            bool quiet, std::optional<Progress>& known)
      : client_(client),
        deadline_(client.lift_deadline()),
        parameters_(parameters),
        beside_(beside),
        quiet_(quiet),
        known_(known),
        line_(parameters.cycles, parameters.duration_ms) {}

  json run(const Passed& passed) {
    while (!beside_.done(moment_now())) {
      turn();
      if (out_of_time())
        throw Failure(kExitTimedOut, "timed out: --timeout passed before the strike began");
      if (interrupted()) throw Failure(kExitFailed, "interrupted before the strike began");
    }
    beside_.strike_begins(moment_now());
    id_ = client_.send<protocol::Strike>(parameters_, passed);
    json result = strike();
    id_.reset();
    beside_.strike_ended(moment_now());
    while (!beside_.done(moment_now()) && !interrupted() && !out_of_time()) turn();
    return result;
  }

 private:
  json strike() {
    bool stopping = false, by_time = false;
    for (;;) {
      if (!stopping && (interrupted() || fault_ends() || out_of_time())) {
        stopping = true;
        by_time = out_of_time();
        client_.send<StrikeStop>({});
      }
      if (deadline_ && moment_now() >= *deadline_ + grace_of(parameters_)) {
        throw Failure(
            kExitTimedOut,
            fmt::format("timed out: the daemon has not reported within {} after --timeout",
                        to_string(grace_of(parameters_))));
      }
      if (interrupts() >= kEndEarly)
        throw Failure(kExitInconclusive, "interrupted again: its report is not waited for");
      while (auto message = client_.receive(moment_now())) {
        if (auto result = Client::result_in(*message, *id_)) {
          json report = client_.understood<protocol::Strike>(std::move(*result)).raw;
          if (by_time) tell_time(report);
          return report;
        }
        if (const auto progress = Client::notification<Progress>(*message)) on_progress(*progress);
      }
      turn();
    }
  }

  bool out_of_time() const { return deadline_ && moment_now() >= *deadline_; }

  /// Says that --timeout ended the strike; one that had come to its end by then may have passed.
  static void tell_time(json& report) {
    if (report["verdict"] == protocol::name_of(protocol::Verdict::kPass)) return;
    report["why"] = report["why"].get<std::string>() + " (--timeout passed)";
  }

  /// Whether a watch has found a fault, with which the strike is to end.
  bool fault_ends() const {
    return parameters_.stop_on && *parameters_.stop_on != StopOn::kFailure &&
           beside_.watches.matched();
  }

  void on_progress(const Progress& progress) {
    known_ = progress;
    beside_.progress(parameters_.resumed_cycles + progress.so_far.cycles);
    if (!quiet_ && verbosity != Verbosity::kQuiet) line_.show(progress);
  }

  /// Waits for anything to happen, and lets go on what runs beside the strike.
  void turn() {
    PollSet polls;
    if (id_) polls.read(client_.fd());
    if (deadline_) polls.by(out_of_time() ? *deadline_ + grace_of(parameters_) : *deadline_);
    beside_.wait_for(polls);
    polls.wait();
    beside_.step(moment_now());
  }

  Client& client_;
  Deadline deadline_;
  const protocol::Strike::Parameters& parameters_;
  Beside& beside_;
  bool quiet_;
  std::optional<int> id_;  // of the call, once it is made
  std::optional<Progress>& known_;
  ProgressLine line_;
};

/// The figures of a strike whose report does not come.
void tell(const Progress& known, const std::string& journal) {
  const StrikeSoFar& so_far = known.so_far;
  std::string text = fmt::format(
      "known of it: {} cycles begun, {} completed, {} failed, {} in flight after {}: the last that "
      "the daemon told\n",
      grouped(so_far.cycles), grouped(so_far.completed), grouped(so_far.failed),
      grouped(so_far.live), to_string(so_far.elapsed));
  if (!journal.empty())
    text += fmt::format("its journal has more: conkerctl strike-report {}\n", journal);
  std::fputs(text.c_str(), stderr);
}

}  // namespace

void Beside::wait_for(PollSet& polls) const {
  monitors.wait_for(polls);
  watches.wait_for(polls);
  if (longer != nullptr) longer->wait_for(polls);
}

void Beside::step(Moment now) {
  monitors.step(now);
  watches.step(now);
  if (longer != nullptr) longer->step(now);
}

void Beside::strike_begins(Moment now) {
  monitors.strike_begins(now);
  watches.strike_begins(now);
}

void Beside::strike_ended(Moment now) {
  monitors.strike_ended(now);
  watches.strike_ended(now);
}

void Beside::progress(std::uint64_t cycle) {
  watches.progress(cycle);
  if (longer != nullptr) longer->watches.progress(cycles_before + cycle);
}

json run_strike(const Context& context, const protocol::Strike::Parameters& parameters,
                const Passed& passed, Beside& beside, const std::string& journal) {
  Client client = context.connect_to_wait();
  catch_interrupt(kEndEarly);
  std::optional<Progress> known;
  try {
    return StrikeRun(client, parameters, beside, context.json, known).run(passed);
  } catch (const Failure&) {
    if (known) tell(*known, journal);
    throw;
  }
}

json run_strike(const Context& context, protocol::Strike::Parameters parameters,
                const EvidenceFiles& evidence, const OwnedFd& journal_file, Beside& beside,
                const std::string& journal) {
  Passed passed;
  if ((parameters.evidence = evidence.wanted())) passed.push_back(evidence.fd());
  if ((parameters.journal = static_cast<bool>(journal_file))) passed.push_back(journal_file.get());
  return run_strike(context, parameters, passed, beside, journal);
}

}  // namespace conker::ctl
