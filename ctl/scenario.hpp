// A scenario: strikes one after the other, as a YAML file has them (scenario_reader.hpp reads it).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ctl/device_watch.hpp"
#include "ctl/monitors.hpp"
#include "protocol/verbs.hpp"

namespace conker::ctl {

/// One strike of a scenario. A phase that is repeated is there as often.
struct ScenarioPhase {
  std::string name, about;
  std::uint32_t number = 1;                   // among all strikes of the file, from 1
  std::uint32_t repetition = 1, repeats = 1;  // of this phase
  std::string target;                         // HOST:PORT; empty: it is open, or peers come
  std::string open_target;                    // the name of one that --target must give
  Duration pause{0};                          // before it
  std::vector<std::string> faults;            // KEY=VALUE of fault set, while it runs
  bool counts = true;                         // its verdict is a part of the whole's
  std::vector<std::string> words;             // of its command line, behind the target

  protocol::Strike::Parameters parameters;
  MonitorSettings monitors;
  WatchSettings watches;

  /// "churn", "churn (2 of 3)".
  std::string label() const;
  /// "02-churn", "02-churn-2": of the files that are kept of it.
  std::string stem() const;
  /// The command line that strikes so.
  std::string command() const;
  /// How long it is, with its pause; nothing where that is the target's doing.
  std::optional<Duration> expected() const;
  /// "10.77.0.1:7", "whoever connects to 0.0.0.0:1883".
  std::string whom() const;
};

struct Scenario {
  static constexpr std::size_t kMostListed = 100, kMostStrikes = 1'000;  // phases, repeated ones

  std::string name, about;
  std::vector<ScenarioPhase> phases;  // at least one
  MonitorSettings monitors;           // beside all of them
  WatchSettings watches;
  bool stop_on_failure = false;

  /// The sum of what is known, and how many phases are as long as the target makes them.
  struct Length {
    Duration known{0};
    std::size_t open = 0;  // phases
  };
  Length length() const;
  /// "5 phases, about 30 s", "2 phases, 10 s and what 1 of them takes".
  std::string extent() const;
};

}  // namespace conker::ctl
