#include "ctl/replay_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "ctl/args.hpp"
#include "ctl/evidence.hpp"
#include "ctl/recorded_faults.hpp"
#include "ctl/strike_replay.hpp"
#include "ctl/strike_report.hpp"
#include "ctl/strike_run.hpp"

namespace conker::ctl {
namespace {

using protocol::Strike;

/// Strikes so, with the faults of our link as they were.
json strike_as(const Context& context, const Strike::Begin& begin,
               const Strike::Parameters& parameters, const Passed& passed) {
  const RecordedFaults faults(context, begin);
  Beside beside{Monitors({}, context.socket), DeviceWatches({})};
  return run_strike(context, parameters, passed, beside, "");
}

int minimize(const Context& context, const ReplayOptions& options, const Strike::Begin& begin,
             const Goal& goal, const Strike::Parameters& start,
             std::optional<std::uint64_t> cycles) {
  MinimizeLimits limits = options.limits;
  if (!options.within.empty())
    limits.time = std::chrono::milliseconds(
        parse_time_ms("--within", options.within, 1, std::int64_t{86'400'000}));
  Context quiet = context;
  quiet.json = true;  // a line a strike is enough
  return minimize_and_tell(context, start, cycles, goal, limits, [&](const auto& parameters) {
    const json raw = strike_as(quiet, begin, parameters, {});
    return sighting_of(protocol::from_json<Strike::Result>(raw), goal);
  });
}

}  // namespace

void ReplayOptions::add(CLI::App& verb) {
  constexpr std::array<std::string_view, 3> kTogether{"--help", "--cycles", "--evidence"};
  std::vector<CLI::Option*> others = verb.get_options();
  std::erase_if(others, [&](const CLI::Option* option) {
    return std::ranges::any_of(
        kTogether, [&](std::string_view name) { return option->check_name(std::string(name)); });
  });
  CLI::Option* replay =
      verb.add_option("--replay", path,
                      "strike again as in this evidence (the .json beside the .pcapng, or a "
                      "journal) until the same is found: same target, parameters, order of ways, "
                      "addresses and ports of ours, and faults of our link; but not our ISNs, the "
                      "timing, nor what the device itself remembers and counts. --cycles: for how "
                      "many (unless given: twice as many as it took, and those in flight, 1000 at "
                      "least). Exit code 10: found again, 11: not")
          ->type_name("FILE");
  for (CLI::Option* option : others) replay->excludes(option);
  verb.add_option("--rule", rule,
                  "of --replay: what to look for, a rule that was found broken, or failure for "
                  "failed cycles (unless given: the worst)")
      ->type_name("NAME")
      ->needs(replay);
  CLI::Option* smaller =
      verb.add_flag("--minimize", minimize,
                    "of --replay: look for the least strike that finds it: any ports, one "
                    "connection at a time, one way to close, less data, no hold, fewer cycles (and "
                    "fewer a second); a line a strike, and at the end a command line, which is "
                    "repeated three times")
          ->needs(replay)
          ->excludes("--evidence");
  verb.add_option("--tries", limits.strikes, "of --minimize: strikes, at most")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str()
      ->needs(smaller);
  verb.add_option("--within", within,
                  "of --minimize: begin no new strike after so long: a time as 90s (unless given: "
                  "10min)")
      ->type_name("TIME")
      ->needs(smaller);
}

int replay(const Context& context, const ReplayOptions& options,
           std::optional<std::uint64_t> cycles, const std::string& evidence) {
  const Strike::Result recorded = read_recorded(options.path);
  const Strike::Begin& begin = *recorded.begin;
  const Goal goal = goal_of(recorded, options.rule, options.path);
  Strike::Parameters parameters = repeated(
      recorded, goal, cycles.value_or(budget_for(goal.begun, begin.parameters.concurrency)));
  if (options.minimize) return minimize(context, options, begin, goal, parameters, cycles);
  const EvidenceFiles files(evidence);
  parameters.evidence = files.wanted();
  Passed passed;
  if (parameters.evidence) passed.push_back(files.fd());
  json raw = strike_as(context, begin, parameters, passed);
  const auto result = protocol::from_json<Strike::Result>(raw);
  const Sighting sighting = sighting_of(result, goal);
  raw["replay"] = {{"of", goal.name()},
                   {"found", sighting.found},
                   {"cycle", sighting.cycle},
                   {"cycle_in_evidence", goal.cycle},
                   {"budget", *parameters.cycles}};
  const std::string text =
      told(sighting, goal) + "\n\n" + strike_report(result, {files.path(), ""});
  const std::optional<std::string> unwritten = files.write_beside(raw, text, files.findings());
  if (context.json) {
    print_json(raw);
  } else {
    print(text);
  }
  if (unwritten) throw Failure(sighting.exit(), *unwritten);
  return sighting.exit();
}

}  // namespace conker::ctl
