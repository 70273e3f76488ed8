#include "ctl/watch_options.hpp"

#include <fmt/format.h>

#include "ctl/args.hpp"

namespace conker::ctl {

void WatchOptions::add(CLI::App& verb) {
  verb.add_option("--watch", watches,
                  "listen to the device: a command of the shell, tcp:HOST:PORT (by the kernel's "
                  "TCP), or /dev/tty...[:BAUD] (115200). Its lines are kept with the time and, "
                  "about, the cycle. May be given 4 times")
      ->type_name("SOURCE")
      ->allow_extra_args(false);
  verb.add_option("--watch-fail", fail,
                  "a line of a --watch with this regular expression (as of grep -E) is a fault, "
                  "and with --stop-on ends the strike")
      ->type_name("REGEX");
  verb.add_option("--watch-log", log, "write all lines of every --watch to this file")
      ->type_name("FILE");
  verb.add_option("--watch-before", before,
                  "how long to listen before the strike (unless given: 5s)")
      ->type_name("TIME");
  verb.add_option("--watch-after", after, "how long to listen after it (unless given: 5s)")
      ->type_name("TIME");
}

WatchSettings WatchOptions::settings() const {
  constexpr std::int64_t kHour = 3'600'000;  // milliseconds
  if (watches.size() > WatchSettings::kMost) {
    throw Failure(kExitUsage, fmt::format("--watch: {} are too many, give {} at most",
                                          watches.size(), WatchSettings::kMost));
  }
  if (watches.empty() && !(fail + log + before + after).empty())
    throw Failure(kExitUsage, "--watch-...: there is no --watch that it could be about");
  WatchSettings settings{watches, fail, log};
  const auto take = [](std::string_view option, const std::string& text, Duration& time) {
    if (text.empty()) return;
    time = std::chrono::milliseconds(parse_time_ms(option, text, 0, kHour));
  };
  take("--watch-before", before, settings.before);
  take("--watch-after", after, settings.after);
  return settings;
}

}  // namespace conker::ctl
