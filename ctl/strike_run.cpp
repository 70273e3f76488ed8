#include "ctl/strike_run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "ctl/format.hpp"
#include "ctl/interrupt.hpp"

namespace conker::ctl {
namespace {

/// On a terminal a line that is overwritten with each progress; elsewhere one every ten seconds.
class ProgressLine {
 public:
  ProgressLine() : terminal_(::isatty(STDERR_FILENO) != 0) {}
  ~ProgressLine() {
    if (shown_) std::fputs("\r\033[K", stderr);
  }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const Progress& progress) {
    const StrikeSoFar& so_far = progress.so_far;
    if (!terminal_ && so_far.elapsed < next_) return;
    double rate = progress.cycles_per_second;
    if (!terminal_) {
      rate = static_cast<double>(so_far.completed - completed_) * 1e6 /
             static_cast<double>((so_far.elapsed - since_).count());
      since_ = so_far.elapsed;
      next_ = since_ + kEvery;
      completed_ = so_far.completed;
    }
    const std::string line = fmt::format(
        "{:>12}/s  {:>14} cycles  {:>8} failed  {:>6} in flight  {:>8}",
        grouped(static_cast<std::uint64_t>(std::llround(rate))), grouped(so_far.completed),
        grouped(so_far.failed), grouped(so_far.live), to_string(so_far.elapsed));
    shown_ = terminal_;
    std::fputs((terminal_ ? "\r" + line + "\033[K" : line + "\n").c_str(), stderr);
    std::fflush(stderr);
  }

 private:
  static constexpr Duration kEvery = 10s;

  bool terminal_;
  bool shown_ = false;
  // Without a terminal: when the last line was, and the next is due.
  Duration since_{0}, next_ = kEvery;
  std::uint64_t completed_ = 0;
};

class StrikeRun {
 public:
  StrikeRun(Client& client, Monitors& monitors, bool quiet)
      : client_(client), monitors_(monitors), quiet_(quiet) {}

  json run(const protocol::Strike::Parameters& parameters, int evidence) {
    while (!monitors_.done(moment_now())) {
      turn();
      if (interrupted()) throw Failure(kExitFailed, "interrupted before the strike began");
    }
    monitors_.strike_begins(moment_now());
    id_ = client_.send<protocol::Strike>(parameters, evidence);
    json result = strike();
    monitors_.strike_ended(moment_now());
    while (!monitors_.done(moment_now()) && !interrupted() && !client_.expired()) turn();
    return result;
  }

 private:
  json strike() {
    bool stopping = false;
    for (;;) {
      if (interrupted() && !stopping) {
        stopping = true;
        client_.send<StrikeStop>({});
      }
      while (auto message = client_.receive(moment_now())) {
        if (auto result = Client::result_in(*message, *id_))
          return client_.understood<protocol::Strike>(std::move(*result)).raw;
        const auto progress = Client::notification<Progress>(*message);
        if (progress && !quiet_) line_.show(*progress);
      }
      turn();
    }
  }

  /// Waits for anything to happen, and lets the monitors go on.
  void turn() {
    PollSet polls;
    if (id_) polls.read(client_.fd());
    if (const int ms = client_.poll_timeout(); ms >= 0)
      polls.by(moment_now() + std::chrono::milliseconds(ms));
    monitors_.wait_for(polls);
    polls.wait();
    monitors_.step(moment_now());
  }

  Client& client_;
  Monitors& monitors_;
  bool quiet_;
  std::optional<int> id_;  // of the call, once it is made
  ProgressLine line_;
};

}  // namespace

json run_strike(const Context& context, const protocol::Strike::Parameters& parameters,
                int evidence, Monitors& monitors) {
  Client client = context.connect();
  catch_interrupt();
  return StrikeRun(client, monitors, context.json).run(parameters, evidence);
}

}  // namespace conker::ctl
