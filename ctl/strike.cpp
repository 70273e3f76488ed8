// strike.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "ctl/args.hpp"
#include "ctl/command.hpp"
#include "ctl/format.hpp"
#include "ctl/interrupt.hpp"
#include "protocol/table.hpp"

namespace conker::ctl {
namespace {

constexpr double kDefaultSeconds = 10;

struct StrikeOptions {
  std::string target;
  std::optional<std::uint64_t> cycles;
  std::optional<double> seconds;
  std::uint32_t concurrency = 1;
  std::optional<std::uint32_t> rate;
  std::string close = "fin";
  std::uint64_t seed = 1;
};

json parameters(const StrikeOptions& options) {
  json params{{"target", check_endpoint(options.target)},
              {"concurrency", options.concurrency},
              {"close", options.close},
              {"seed", options.seed}};
  if (options.cycles) params["cycles"] = *options.cycles;
  if (options.seconds) params["duration_ms"] = seconds_to_ms(*options.seconds);
  if (!options.cycles && !options.seconds) params["duration_ms"] = seconds_to_ms(kDefaultSeconds);
  if (options.rate) params["rate"] = *options.rate;
  return params;
}

std::string rate_text(const json& rate) {
  return grouped(static_cast<std::uint64_t>(std::llround(rate.get<double>())));
}

/// One line on a terminal, written over and over again.
class ProgressLine {
 public:
  explicit ProgressLine(bool wanted) : wanted_(wanted && ::isatty(STDERR_FILENO) != 0) {}
  ~ProgressLine() {
    if (shown_) std::fputs("\r\033[K", stderr);
  }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const json& progress) {
    if (!wanted_) return;
    shown_ = true;
    const std::string line =
        fmt::format("\r{:>12}/s  {:>14} cycles  {:>8} failed  {:>6} in flight  {:>8}\033[K",
                    rate_text(progress.at("cycles_per_second")), grouped(progress.at("completed")),
                    grouped(progress.at("failed")), grouped(progress.at("live")),
                    duration_text(progress.at("elapsed_s")));
    std::fputs(line.c_str(), stderr);
    std::fflush(stderr);
  }

 private:
  bool wanted_;
  bool shown_ = false;
};

/// Times of `count` completed cycles, and of those that failed after this part of theirs.
std::string quantiles_text(const json& us, std::uint64_t count) {
  if (us.at("max") == 0) return count == 0 ? "-" : "at once";
  return fmt::format("half within {}, 90% {}, 99% {}, 99.9% {}, longest {}",
                     duration_us(us.at("p50")), duration_us(us.at("p90")),
                     duration_us(us.at("p99")), duration_us(us.at("p999")),
                     duration_us(us.at("max")));
}

std::string report_text(const StrikeOptions& options, const json& report) {
  const auto count = [](const json& value) { return grouped(value.get<std::uint64_t>()); };
  const json& failed = report.at("failed");
  const json& identity = report.at("identity");
  std::string text =
      fmt::format("{} cycles a second: {}\n\n", rate_text(report.at("cycles_per_second")),
                  report.at("verdict").get<std::string>());
  Table facts({{""}, {""}});
  facts.add(
      {"target",
       fmt::format("{}, closed by {}, {} at a time, seed {}",
                   report.at("target").get<std::string>(), options.close == "rst" ? "RST" : "FIN",
                   grouped(options.concurrency), report.at("seed").get<std::uint64_t>())});
  facts.add({"completed",
             fmt::format("{} of {} cycles in {}", count(report.at("completed")),
                         count(report.at("cycles")), duration_text(report.at("duration_s")))});
  facts.add({"failed", fmt::format("{} refused, {} timed out, {} reset, {} other",
                                   count(failed.at("refused")), count(failed.at("timed_out")),
                                   count(failed.at("reset")), count(failed.at("other")))});
  facts.add({"connect", quantiles_text(report.at("connect_us"), report.at("completed"))});
  facts.add({"close", quantiles_text(report.at("close_us"), report.at("completed"))});
  facts.add({"retransmits", count(report.at("retransmits"))});
  facts.add({"TIME-WAIT",
             fmt::format("{} evicted, {} reused", count(report.at("time_wait").at("evicted")),
                         count(report.at("time_wait").at("reused")))});
  facts.add(
      {"books",
       fmt::format(
           "{} opened = {} closed + {} reset + {} timed out + {} refused + {} other + {} live: {}",
           count(identity.at("opened")), count(identity.at("closed")), count(identity.at("reset")),
           count(identity.at("timed_out")), count(identity.at("refused")),
           count(identity.at("other")), count(identity.at("live")),
           identity.at("balanced").get<bool>() ? "balanced" : "NOT BALANCED")});
  return text + facts.text();
}

json run_strike(const Context& context, const StrikeOptions& options) {
  const json params = parameters(options);
  Client client = context.connect();
  catch_interrupt();
  const int id = client.send("strike", params);
  ProgressLine line(!context.json);
  bool stopping = false;
  for (;;) {
    if (interrupted() && !stopping) {
      stopping = true;
      client.send("strike_stop", json::object());
    }
    const auto message = client.receive(std::nullopt);
    if (!message) continue;
    if (auto result = Client::result_in(*message, id)) return std::move(*result);
    if (message->body.value("method", std::string()) == "progress")
      line.show(message->body.at("params"));
  }
}

int strike(const Context& context, const StrikeOptions& options) {
  const json report = run_strike(context, options);
  if (context.json) {
    print_json(report);
  } else {
    print(report_text(options, report));
  }
  return report.at("verdict") == "good" ? kExitDone : kExitFailed;
}

}  // namespace

void add_strike_verb(CLI::App& app, Context& context) {
  const auto options = std::make_shared<StrikeOptions>();
  const Verb& entry = *find_verb("strike");
  const auto range = [](std::string_view name) {
    const Parameter* parameter = find_parameter(*find_verb("strike"), name);
    return CLI::Range(parameter->min, parameter->max);
  };

  CLI::App* verb = add_verb(app, context, "strike", entry.help,
                            [&context, options] { return strike(context, *options); });
  verb->add_option("HOST:PORT", options->target, parameter_help("strike", "target"))
      ->required()
      ->type_name("");
  CLI::Option* cycles =
      verb->add_option("--cycles", options->cycles, "connections to open and close")
          ->type_name("N")
          ->check(range("cycles"));
  verb->add_option("--duration", options->seconds,
                   "seconds to open new ones (unless given, nor --cycles: 10)")
      ->type_name("S")
      ->check(CLI::Range(0.001, 2.5e6))
      ->excludes(cycles);
  verb->add_option("--concurrency", options->concurrency, parameter_help("strike", "concurrency"))
      ->type_name("N")
      ->check(range("concurrency"));
  verb->add_option("--rate", options->rate, parameter_help("strike", "rate"))
      ->type_name("N")
      ->check(range("rate"));
  verb->add_option("--close", options->close, parameter_help("strike", "close"))
      ->type_name("HOW")
      ->check(CLI::IsMember({"fin", "rst"}));
  verb->add_option("--seed", options->seed, parameter_help("strike", "seed"))->type_name("N");
}

}  // namespace conker::ctl
