// The keys of a scenario's file beside options of a strike.
#pragma once

#include <array>
#include <string_view>

namespace conker::ctl {

struct ScenarioKey {
  std::string_view name, help;
};

inline constexpr ScenarioKey kKeyTarget{
    "target", "whom to strike: a name of `targets`, or HOST:PORT; unless given, the only target"};
inline constexpr ScenarioKey kKeyPause{"pause", "how long to wait before the phase: a time as 5s"};
inline constexpr ScenarioKey kKeyFaults{
    "faults",
    "faults of our own link while the phase runs; afterwards they are what they were before"};

/// Of the file.
inline constexpr std::array kScenarioKeys{
    ScenarioKey{"name", "of the scenario: 1 to 32 letters, digits, - _ or ."},
    ScenarioKey{"about", "what it is for"},
    ScenarioKey{"seed", "of the first strike; the next ones have the numbers after it"},
    ScenarioKey{"targets",
                "names of targets, each with HOST:PORT, or with nothing where "
                "`scenario run --target NAME=HOST:PORT` gives it"},
    ScenarioKey{"defaults", "options of all phases, unless a phase gives others"},
    ScenarioKey{"phases", "the strikes, in their order"},
    ScenarioKey{"stop-on-failure", "true: after a phase that fails no other is struck"}};
/// Of its defaults.
inline constexpr std::array kDefaultKeys{kKeyTarget, kKeyPause, kKeyFaults};
/// Of a phase.
inline constexpr std::array kPhaseKeys{
    ScenarioKey{"name", "of the phase: 1 to 32 letters, digits, - _ or ."},
    ScenarioKey{"about", "what it is for"},
    kKeyTarget,
    kKeyPause,
    kKeyFaults,
    ScenarioKey{"counts", "false: its verdict is no part of the scenario's, as of a warm-up"},
    ScenarioKey{"repeat", "how many times the phase is struck"}};

}  // namespace conker::ctl
