#include "ctl/scenario_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <span>
#include <utility>

#include "config/document.hpp"
#include "ctl/args.hpp"
#include "ctl/scenario_keys.hpp"
#include "ctl/scenario_options.hpp"
#include "ctl/watch_lines.hpp"

namespace conker::ctl {
namespace {

using config::Section;
using config::Value;
using Keys = std::vector<std::string_view>;

constexpr std::int64_t kLongestPauseMs = 86'400'000;

/// The names of keys, and behind them those of the options.
Keys names_of(std::span<const ScenarioKey> own, const OptionKeys& options) {
  Keys names;
  for (const ScenarioKey& key : own) names.push_back(key.name);
  names.insert(names.end(), options.names().begin(), options.names().end());
  return names;
}

/// A target by its name; one without an address is open, and --target gives it.
struct NamedTarget {
  std::string name, address;
};

/// An option as the file gives it: once for each text, or, for a flag, without one.
struct GivenOption {
  std::string_view key;
  Value value;
  bool flag = false;
  std::vector<std::string> texts{};

  bool there() const { return flag || !texts.empty(); }
};
using GivenOptions = std::vector<GivenOption>;

/// Runs `what`, whose Failures become errors at the value.
template <typename F>
auto at_value(const Value& value, F&& what) {
  try {
    return what();
  } catch (const Failure& failure) {
    value.fail(failure.what());
  }
}

/// "fin=60" of a mapping's entry.
std::string name_and_value(const std::pair<std::string, Value>& entry) {
  return entry.first + "=" + entry.second.text();
}

/// What a command line has for a value: a list gives the option once for each entry; so does a
/// mapping of names and values for an option that may be given several times, as max, otherwise
/// (mix) it is one text.
GivenOption given_option(std::string_view key, const CLI::Option& option, const Value& value) {
  GivenOption given{key, value};
  if (OptionKeys::is_flag(option)) {
    given.flag = value.boolean();
  } else if (value.is_list() && OptionKeys::is_list(option)) {
    for (const Value& entry : value.list()) given.texts.push_back(entry.text());
  } else if (value.is_mapping() && option.get_type_name().find('=') != std::string::npos) {
    std::string all;
    for (const auto& entry : value.entries()) {
      if (OptionKeys::is_list(option)) {
        given.texts.push_back(name_and_value(entry));
      } else {
        all += (all.empty() ? "" : ",") + name_and_value(entry);
      }
    }
    if (!all.empty()) given.texts.push_back(all);
    if (given.texts.empty()) value.fail("is empty");
  } else {
    given.texts.push_back(value.text());
  }
  return given;
}

GivenOptions given_options(const Section& section, const OptionKeys& keys) {
  GivenOptions all;
  for (const std::string_view key : keys.names()) {
    if (const auto value = section.find(key))
      all.push_back(given_option(key, *keys.find(key), *value));
  }
  return all;
}

/// Those of a phase, and of the defaults what does not contradict them.
GivenOptions with_defaults(const GivenOptions& own, const GivenOptions& defaults,
                           const OptionKeys& keys) {
  GivenOptions all = own;
  for (const GivenOption& one : defaults) {
    const bool replaced = std::ranges::any_of(own, [&](const GivenOption& mine) {
      return mine.key == one.key || (mine.there() && keys.exclude_each_other(mine.key, one.key));
    });
    if (!replaced) all.push_back(one);
  }
  return all;
}

/// As a command line has them: "--hold=50ms" for CLI11, or two words for people.
std::vector<std::string> words_of(const GivenOptions& options, bool in_one) {
  std::vector<std::string> words;
  for (const GivenOption& one : options) {
    const std::string name = "--" + std::string(one.key);
    if (one.flag) words.push_back(name);
    for (const std::string& text : one.texts) {
      if (in_one || text.starts_with('-')) {
        words.push_back(name + "=" + text);
      } else {
        words.insert(words.end(), {name, text});
      }
    }
  }
  return words;
}

/// Where a word stands in a text, whole, and with "_" for "-"; npos where it does not.
std::size_t place_of_word(std::string text, std::string_view word) {
  std::ranges::replace(text, '_', '-');
  const auto inside = [&](std::size_t at) {
    return at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) != 0);
  };
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; ++at) {
    const bool begins =
        at == 0 || (!inside(at - 1) && (text[at - 1] != '-' || at < 2 || !inside(at - 2)));
    const bool ends = !inside(at + word.size()) &&
                      !(at + word.size() < text.size() && text[at + word.size()] == '-');
    if (begins && ends) return at;
  }
  return std::string::npos;
}

/// Fails at the option that the message names first, otherwise at `whole`.
[[noreturn]] void blame(std::string message, const GivenOptions& options, const Value& whole) {
  const GivenOption* blamed = nullptr;
  std::size_t first = std::string::npos;
  for (const GivenOption& one : options) {
    const std::size_t at = place_of_word(message, one.key);
    if (at < first) {
      first = at;
      blamed = &one;
    }
  }
  // The place says already what it is about.
  const std::string about = blamed == nullptr ? "" : "--" + std::string(blamed->key);
  for (const std::string& known : {std::string("strike:"), about}) {
    if (known.empty() || !message.starts_with(known)) continue;
    message.erase(0, message.find_first_not_of(": ", known.size()));
    break;
  }
  (blamed == nullptr ? whole : blamed->value).fail(message);
}

/// Parses the options, and lets `check` look at them.
template <typename Options, typename Check>
void with_options(const GivenOptions& given, const Value& whole, std::vector<std::string> words,
                  Check&& check) {
  for (std::string& word : words_of(given, true)) words.push_back(std::move(word));
  try {
    check(parsed_options<Options>(std::move(words)));
  } catch (const Failure& failure) {
    blame(failure.what(), given, whole);
  }
}

void check_pattern(const WatchSettings& watches) {
  if (!watches.fail.empty()) Pattern("--watch-fail", watches.fail);
}

/// Reads the parts of a file one after the other.
class Reader {
 public:
  Reader(const Value& document, const std::vector<std::string>& targets)
      : section_(document.section(names_of(kScenarioKeys, OptionKeys::of<BesideOptions>()))) {
    if (const auto value = section_.find("targets")) read_targets(*value);
    for (const std::string& target : targets) override_target(target);
    if (const auto value = section_.find("defaults")) read_defaults(*value);
    if (const auto value = section_.find("seed")) seed_.emplace(*value);
    const Value phases = section_.at("phases");
    scenario_.name = section_.at("name").name();
    if (const auto value = section_.find("about")) scenario_.about = value->text();
    if (const auto value = section_.find("stop-on-failure"))
      scenario_.stop_on_failure = value->boolean();
    read_phases(phases);
    read_beside(document);
  }

  Scenario take() { return std::move(scenario_); }

 private:
  void read_targets(const Value& value) {
    for (const auto& [name, where] : value.entries()) {
      NamedTarget target{name, ""};
      if (name.empty() || name.find_first_of(":= ") != std::string::npos)
        where.fail("a target's name has no space, : or =");
      if (!where.is_null())
        target.address = at_value(where, [&] { return check_endpoint(where.text()); });
      targets_.push_back(std::move(target));
    }
  }

  void override_target(const std::string& text) {
    const std::size_t equals = text.find('=');
    const std::string name = equals == std::string::npos ? "" : text.substr(0, equals);
    const auto wanted = std::ranges::find(targets_, name, &NamedTarget::name);
    if (equals == std::string::npos && targets_.size() == 1) {
      targets_.front().address = check_endpoint(text);
    } else if (equals == std::string::npos) {
      throw Failure(kExitUsage, fmt::format("--target {}: say which: NAME=HOST:PORT, where NAME is "
                                            "one of {}",
                                            text, names_of_targets()));
    } else if (wanted == targets_.end()) {
      throw Failure(kExitUsage, fmt::format("--target {}: the scenario has no target {}; it has {}",
                                            text, name, names_of_targets()));
    } else {
      wanted->address = check_endpoint(text.substr(equals + 1));
    }
  }

  std::string names_of_targets() const {
    std::string names;
    for (const NamedTarget& target : targets_) names += (names.empty() ? "" : ", ") + target.name;
    return names.empty() ? "none" : names;
  }

  void read_defaults(const Value& value) {
    const OptionKeys& options = OptionKeys::of<PhaseOptions>();
    defaults_.emplace(value.section(names_of(kDefaultKeys, options)));
    default_options_ = given_options(*defaults_, options);
  }

  void read_phases(const Value& value) {
    const std::vector<Value> list = value.list();
    if (list.empty()) value.fail("must have at least one phase");
    if (list.size() > Scenario::kMostListed) {
      value.fail(fmt::format("{} phases are too many: list {} at most", list.size(),
                             Scenario::kMostListed));
    }
    for (const Value& phase : list) read_phase(phase);
  }

  void read_phase(const Value& value) {
    const OptionKeys& options = OptionKeys::of<PhaseOptions>();
    const Section section = value.section(names_of(kPhaseKeys, options));
    ScenarioPhase phase;
    const Value name = section.at("name");
    phase.name = name.name();
    if (std::ranges::find(scenario_.phases, phase.name, &ScenarioPhase::name) !=
        scenario_.phases.end())
      name.fail("another phase has this name: give it one of its own, or use repeat");
    if (const auto about = section.find("about")) phase.about = about->text();
    if (const auto counts = section.find("counts")) phase.counts = counts->boolean();
    const std::uint64_t repeats = read_repeats(section);
    phase.repeats = static_cast<std::uint32_t>(repeats);
    if (const auto pause = of_phase(section, "pause")) phase.pause = read_pause(*pause);
    if (const auto faults = of_phase(section, "faults")) phase.faults = read_faults(*faults);
    const GivenOptions given =
        with_defaults(given_options(section, options), default_options_, options);
    const auto is_given = [&](std::string_view key) {
      return std::ranges::any_of(given, [&](const GivenOption& one) { return one.key == key; });
    };
    if (section.has("target") || !is_given("listen")) take_target(section, value, phase);
    for (phase.repetition = 1; phase.repetition <= repeats; ++phase.repetition) {
      phase.number = static_cast<std::uint32_t>(scenario_.phases.size() + 1);
      GivenOptions its = given;
      if (seed_ && !is_given("seed")) {
        // Each strike its own, so that it does not begin from the same port as the one before.
        const std::uint64_t seed = seed_->number(0, kMostSeed) + phase.number - 1;
        its.push_back({"seed", *seed_, false, {std::to_string(seed)}});
      }
      scenario_.phases.push_back(with_parameters(phase, its, value));
    }
  }

  std::uint64_t read_repeats(const Section& section) const {
    const auto repeat = section.find("repeat");
    if (!repeat) return 1;
    const std::uint64_t repeats = repeat->number(1, Scenario::kMostStrikes);
    if (scenario_.phases.size() + repeats > Scenario::kMostStrikes) {
      repeat->fail(fmt::format("that makes more than {} strikes: repeat less often",
                               Scenario::kMostStrikes));
    }
    return repeats;
  }

  /// A key of the phase, or of the defaults.
  std::optional<Value> of_phase(const Section& phase, std::string_view key) const {
    if (auto own = phase.find(key)) return own;
    return defaults_ ? defaults_->find(key) : std::nullopt;
  }

  static Duration read_pause(const Value& value) {
    return at_value(value, [&]() -> Duration {
      return std::chrono::milliseconds(parse_time_ms("pause", value.text(), 0, kLongestPauseMs));
    });
  }

  static std::vector<std::string> read_faults(const Value& value) {
    (void)value.section(fault_keys());
    std::vector<std::string> faults;
    FaultSet::Parameters all;
    for (const auto& entry : value.entries()) {
      faults.push_back(name_and_value(entry));
      at_value(entry.second, [&] { parse_fault(faults.back(), all); });
    }
    return faults;
  }

  /// The target that the phase names, or the only one.
  void take_target(const Section& section, const Value& whole, ScenarioPhase& phase) const {
    const auto value = of_phase(section, "target");
    if (!value && targets_.size() != 1) {
      whole.fail(targets_.empty() ? "give a target: HOST:PORT, or one that `targets` names"
                                  : "give a target: HOST:PORT, or one of " + names_of_targets());
    }
    const std::string text = value ? value->text() : targets_.front().name;
    const auto named = std::ranges::find(targets_, text, &NamedTarget::name);
    if (named != targets_.end()) {
      phase.target = named->address;
      if (named->address.empty()) phase.open_target = text;
    } else if (text.find(':') == std::string::npos) {
      value->fail(
          fmt::format("there is no target {}: give HOST:PORT, or one that `targets` names: "
                      "{}",
                      text, names_of_targets()));
    } else {
      phase.target = at_value(*value, [&] { return check_endpoint(text); });
    }
  }

  /// The phase with what its options say.
  static ScenarioPhase with_parameters(ScenarioPhase phase, const GivenOptions& given,
                                       const Value& whole) {
    constexpr const char* kAnyTarget = "target:1";  // in place of an open one
    std::vector<std::string> target;
    if (!phase.target.empty() || !phase.open_target.empty())
      target.push_back(phase.target.empty() ? kAnyTarget : phase.target);
    phase.words = words_of(given, false);
    with_options<PhaseOptions>(given, whole, target, [&](const PhaseOptions& options) {
      phase.parameters = options.strike.checked();
      phase.monitors =
          options.monitors.settings(phase.parameters.passive ? "" : phase.parameters.target);
      phase.watches = options.watches.settings();
      options.strike.take_limits(phase.parameters, phase.monitors.limit);
      check_pattern(phase.watches);
      if (const auto wrong = phase.parameters.complaint(); !wrong.empty())
        throw Failure(kExitUsage, std::string(wrong));
    });
    return phase;
  }

  /// The monitors and watches beside the whole; "ping" is of the first phase's target.
  void read_beside(const Value& document) {
    const GivenOptions given = given_options(section_, OptionKeys::of<BesideOptions>());
    const protocol::Strike::Parameters& first = scenario_.phases.front().parameters;
    with_options<BesideOptions>(given, document, {}, [&](const BesideOptions& options) {
      scenario_.monitors = options.monitors.settings(first.passive ? "" : first.target);
      scenario_.watches = options.watches.settings();
      check_pattern(scenario_.watches);
    });
  }

  static constexpr std::uint64_t kMostSeed = 1'000'000'000'000;

  Section section_;
  Scenario scenario_;
  std::vector<NamedTarget> targets_;
  std::optional<Section> defaults_;
  GivenOptions default_options_;
  std::optional<Value> seed_;
};

}  // namespace

Keys fault_keys() {
  constexpr std::string_view kUnit = "_us";
  Keys keys;
  for (const Parameter& parameter : protocol::kParameters<FaultSet::Parameters>) {
    std::string_view name = parameter.name;
    if (name.ends_with(kUnit)) name.remove_suffix(kUnit.size());
    keys.push_back(name);
  }
  return keys;
}

Scenario scenario_of(std::string_view text, const std::string& name,
                     const std::vector<std::string>& targets) {
  Scenario scenario;
  try {
    config::read_document(text, name, "name", [&](const Value& document) {
      scenario = Reader(document, targets).take();
    });
  } catch (const config::ConfigError& error) {
    throw Failure(kExitUsage, error.what());
  }
  return scenario;
}

Scenario read_scenario(const std::string& path, const std::vector<std::string>& targets) {
  std::string text;
  try {
    text = config::text_of_file(path);
  } catch (const config::ConfigError& error) {
    throw Failure(kExitUsage, error.what());
  }
  return scenario_of(text, path, targets);
}

}  // namespace conker::ctl
