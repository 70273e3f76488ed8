#include "ctl/monitor_options.hpp"

#include <fmt/format.h>

#include "ctl/args.hpp"

namespace conker::ctl {
namespace {

void take_monitor_time(std::string_view option, const std::string& text, std::int64_t least_ms,
                       std::int64_t most_ms, Duration& time) {
  if (text.empty()) return;
  time = std::chrono::milliseconds(parse_time_ms(option, text, least_ms, most_ms));
}

}  // namespace

void MonitorOptions::add(CLI::App& verb) {
  verb.add_option("--monitor", monitors,
                  "see whether a service of the target is kept, beside the strike and after it: "
                  "ping, ping:HOST, tcp://HOST:PORT (a connection), http://HOST:PORT/PATH (an "
                  "answer 2xx or 3xx), exec:COMMAND (of the shell, here; exit code 0). 3 good "
                  "probes come before the strike. May be given 8 times")
      ->type_name("WHAT")
      ->allow_extra_args(false);
  verb.add_option("--monitor-every", every, "how often to probe (unless given: 1s)")
      ->type_name("TIME");
  verb.add_option("--monitor-timeout", timeout, "how long a probe may take (unless given: 1s)")
      ->type_name("TIME");
  verb.add_option("--monitor-after", after,
                  "how long to go on after the strike, until 3 probes of each are good (unless "
                  "given: 30s)")
      ->type_name("TIME");
}

MonitorSettings MonitorOptions::settings(const std::string& target) const {
  constexpr std::int64_t kHour = 3'600'000, kMinute = 60'000;  // milliseconds
  MonitorSettings settings;
  if (monitors.size() > MonitorSettings::kMost) {
    throw Failure(kExitUsage, fmt::format("--monitor: {} are too many, give {} at most",
                                          monitors.size(), MonitorSettings::kMost));
  }
  for (const std::string& text : monitors)
    settings.monitors.push_back(MonitorSpec::parse(text, target));
  take_monitor_time("--monitor-every", every, 50, kMinute, settings.every);
  take_monitor_time("--monitor-timeout", timeout, 10, kMinute, settings.timeout);
  take_monitor_time("--monitor-after", after, 0, kHour, settings.after);
  return settings;
}

bool take_outage_limit(const std::string& text, OutageLimit& limit) {
  constexpr std::string_view kName = "monitor_outage=";
  constexpr std::int64_t kDay = 86'400'000;  // milliseconds
  if (!text.starts_with(kName)) return false;
  const std::string value = text.substr(kName.size());
  limit.longest = std::chrono::milliseconds(parse_time_ms("--max monitor_outage", value, 1, kDay));
  return true;
}

}  // namespace conker::ctl
