// The command strike.
#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "ctl/args.hpp"
#include "ctl/command.hpp"
#include "ctl/format.hpp"
#include "ctl/interrupt.hpp"

namespace conker::ctl {
namespace {

constexpr double kDefaultSeconds = 10;

/// A line on a terminal that is overwritten with each progress.
class ProgressLine {
 public:
  explicit ProgressLine(bool wanted) : wanted_(wanted && ::isatty(STDERR_FILENO) != 0) {}
  ~ProgressLine() {
    if (shown_) std::fputs("\r\033[K", stderr);
  }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const Progress& progress) {
    if (!wanted_) return;
    shown_ = true;
    const StrikeSoFar& so_far = progress.so_far;
    const std::string line =
        fmt::format("\r{:>12}/s  {:>14} cycles  {:>8} failed  {:>6} in flight  {:>8}\033[K",
                    grouped(static_cast<std::uint64_t>(std::llround(progress.cycles_per_second))),
                    grouped(so_far.completed), grouped(so_far.failed), grouped(so_far.live),
                    to_string(so_far.elapsed));
    std::fputs(line.c_str(), stderr);
    std::fflush(stderr);
  }

 private:
  bool wanted_;
  bool shown_ = false;
};

json run_strike(const Context& context, const protocol::Strike::Parameters& parameters) {
  Client client = context.connect();
  catch_interrupt();
  const int id = client.send<protocol::Strike>(parameters);
  ProgressLine line(!context.json);
  bool stopping = false;
  for (;;) {
    if (interrupted() && !stopping) {
      stopping = true;
      client.send<StrikeStop>({});
    }
    const auto message = client.receive(std::nullopt);
    if (!message) continue;
    if (auto result = Client::result_in(*message, id)) {
      return client.understood<protocol::Strike>(std::move(*result)).raw;
    }
    if (const auto progress = Client::notification<Progress>(*message)) line.show(*progress);
  }
}

int strike(const Context& context, protocol::Strike::Parameters parameters,
           std::optional<double> seconds) {
  check_endpoint(parameters.target);
  if (seconds || !parameters.cycles) {
    parameters.duration_ms = seconds_to_ms(seconds.value_or(kDefaultSeconds));
  }
  const json raw = run_strike(context, parameters);
  const auto summary = protocol::from_json<StrikeSummary>(raw);
  if (context.json) {
    print_json(raw);
  } else {
    print(printed(summary));
  }
  return summary.good() ? kExitDone : kExitFailed;
}

}  // namespace

void add_strike_verb(CLI::App& app, Context& context) {
  struct Values {
    protocol::Strike::Parameters parameters;
    std::optional<double> seconds;
    std::string close = std::string(protocol::name_of(StrikeRequest::Close::kFin));
  };
  const auto values = std::make_shared<Values>();
  using P = protocol::Strike::Parameters;
  P& p = values->parameters;

  CLI::App* verb = add_verb<protocol::Strike>(app, context, [&context, values] {
    P parameters = values->parameters;
    parameters.close = values->close == protocol::name_of(StrikeRequest::Close::kReset)
                           ? StrikeRequest::Close::kReset
                           : StrikeRequest::Close::kFin;
    return strike(context, parameters, values->seconds);
  });
  verb->add_option("HOST:PORT", p.target, help_of(&P::target))->required()->type_name("");
  CLI::Option* cycles =
      verb->add_option("--cycles", p.cycles, std::string(protocol::parameter_of(&P::cycles).help))
          ->type_name("N")
          ->check(range_of(&P::cycles));
  verb->add_option("--duration", values->seconds,
                   "seconds to open new ones (unless given, nor --cycles: 10)")
      ->type_name("S")
      ->check(CLI::Range(0.001, 2.5e6))
      ->excludes(cycles);
  verb->add_option("--concurrency", p.concurrency, help_of(&P::concurrency))
      ->type_name("N")
      ->check(range_of(&P::concurrency));
  verb->add_option("--rate", p.rate, help_of(&P::rate))->type_name("N")->check(range_of(&P::rate));
  verb->add_option("--close", values->close, help_of(&P::close))
      ->type_name("HOW")
      ->check(CLI::IsMember({"fin", "rst"}));
  verb->add_option("--seed", p.seed, help_of(&P::seed))->type_name("N");
}

}  // namespace conker::ctl
