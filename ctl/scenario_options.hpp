// The options of a strike as keys of a scenario: each is there by itself, with its help and checks.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ctl/monitor_options.hpp"
#include "ctl/strike_options.hpp"
#include "ctl/watch_options.hpp"

namespace conker::ctl {

/// What may run beside the whole scenario.
struct BesideOptions {
  MonitorOptions monitors;
  WatchOptions watches;

  void add(CLI::App& app) {
    monitors.add(app);
    watches.add(app);
  }
};

/// What a phase says.
struct PhaseOptions : BesideOptions {
  StrikeOptions strike;

  void add(CLI::App& app) {
    strike.add(app);
    BesideOptions::add(app);
  }
};

/// Options of the command line by their names without dashes in front.
class OptionKeys {
 public:
  template <typename Options>
  static const OptionKeys& of() {
    static OptionKeys keys;
    static Options options;
    if (keys.names_.empty()) keys.take([](CLI::App& app) { options.add(app); });
    return keys;
  }

  /// In the order of the help.
  const std::vector<std::string_view>& names() const { return names_; }
  /// Null where there is none.
  const CLI::Option* find(std::string_view key) const;
  /// Whether one of the two may only be there without the other.
  bool exclude_each_other(std::string_view one, std::string_view other) const;

  static bool is_flag(const CLI::Option& option) { return option.get_expected_max() == 0; }
  static bool is_list(const CLI::Option& option) { return option.get_items_expected_max() > 1; }

 private:
  template <typename Add>
  void take(Add add) {
    app_.set_help_flag();
    add(app_);
    for (const CLI::Option* option : std::as_const(app_).get_options())
      if (!option->get_lnames().empty()) names_.push_back(option->get_lnames().front());
  }

  CLI::App app_;
  std::vector<std::string_view> names_;
};

/// Parses words as of a command line: "--hold=5ms", or HOST:PORT. A Failure with kExitUsage.
template <typename Options>
Options parsed_options(std::vector<std::string> words) {
  CLI::App app;
  app.set_help_flag();
  Options options;
  options.add(app);
  std::ranges::reverse(words);  // as CLI11 takes them
  try {
    app.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    throw Failure(kExitUsage, error.what());
  }
  return options;
}

}  // namespace conker::ctl
