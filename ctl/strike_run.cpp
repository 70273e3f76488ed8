#include "ctl/strike_run.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "ctl/format.hpp"
#include "ctl/interrupt.hpp"
#include "ctl/progress_line.hpp"

namespace conker::ctl {
namespace {

constexpr int kEndEarly = 2;  // interrupts

class StrikeRun {
 public:
  /// `known`: gets the newest figures that the daemon tells.
  StrikeRun(Client& client, const protocol::Strike::Parameters& parameters, Beside& beside,
            bool quiet, std::optional<Progress>& known)
      : client_(client),
        parameters_(parameters),
        beside_(beside),
        quiet_(quiet),
        known_(known),
        line_(parameters.cycles, parameters.duration_ms) {}

  json run(const Passed& passed) {
    while (!beside_.done(moment_now())) {
      turn();
      if (interrupted()) throw Failure(kExitFailed, "interrupted before the strike began");
    }
    beside_.strike_begins(moment_now());
    id_ = client_.send<protocol::Strike>(parameters_, passed);
    json result = strike();
    id_.reset();
    beside_.strike_ended(moment_now());
    while (!beside_.done(moment_now()) && !interrupted() && !client_.expired()) turn();
    return result;
  }

 private:
  json strike() {
    bool stopping = false;
    for (;;) {
      if (!stopping && (interrupted() || fault_ends())) {
        stopping = true;
        client_.send<StrikeStop>({});
      }
      if (interrupts() >= kEndEarly)
        throw Failure(kExitInconclusive, "interrupted again: its report is not waited for");
      while (auto message = client_.receive(moment_now())) {
        if (auto result = Client::result_in(*message, *id_))
          return client_.understood<protocol::Strike>(std::move(*result)).raw;
        if (const auto progress = Client::notification<Progress>(*message)) on_progress(*progress);
      }
      turn();
    }
  }

  /// Whether a watch has found a fault, with which the strike is to end.
  bool fault_ends() const {
    return parameters_.stop_on && *parameters_.stop_on != StopOn::kFailure &&
           beside_.watches.matched();
  }

  void on_progress(const Progress& progress) {
    known_ = progress;
    beside_.progress(parameters_.resumed_cycles + progress.so_far.cycles);
    if (!quiet_) line_.show(progress);
  }

  /// Waits for anything to happen, and lets go on what runs beside the strike.
  void turn() {
    PollSet polls;
    if (id_) polls.read(client_.fd());
    if (const int ms = client_.poll_timeout(); ms >= 0)
      polls.by(moment_now() + std::chrono::milliseconds(ms));
    beside_.wait_for(polls);
    polls.wait();
    beside_.step(moment_now());
  }

  Client& client_;
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
  Client client = context.connect();
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
