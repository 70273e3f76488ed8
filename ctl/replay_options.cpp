#include "ctl/replay_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "ctl/evidence.hpp"
#include "ctl/recorded_faults.hpp"
#include "ctl/strike_replay.hpp"
#include "ctl/strike_report.hpp"
#include "ctl/strike_run.hpp"

namespace conker::ctl {

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
                      "journal) until the same is found: same target, parameters, order of ways "
                      "and faults of our link; but not our ports and ISNs, the timing, nor what "
                      "the device itself remembers and counts. --cycles: for how many (unless "
                      "given: twice as many as it took, and those in flight, 1000 at least). Exit "
                      "code 10: found again, 11: not")
          ->type_name("FILE");
  for (CLI::Option* option : others) replay->excludes(option);
  verb.add_option("--rule", rule,
                  "of --replay: what to look for, a rule that was found broken, or failure for "
                  "failed cycles (unless given: the worst)")
      ->type_name("NAME")
      ->needs(replay);
}

int replay(const Context& context, const ReplayOptions& options,
           std::optional<std::uint64_t> cycles, const std::string& evidence) {
  const protocol::Strike::Result recorded = read_recorded(options.path);
  const protocol::Strike::Begin& begin = *recorded.begin;
  const Goal goal = goal_of(recorded, options.rule, options.path);
  protocol::Strike::Parameters parameters =
      repeated(begin, goal, cycles.value_or(budget_for(goal.cycle, begin.parameters.concurrency)));
  const EvidenceFiles files(evidence);
  parameters.evidence = files.wanted();
  Passed passed;
  if (parameters.evidence) passed.push_back(files.fd());
  const RecordedFaults faults(context, begin);
  Beside beside{Monitors({}, context.socket), DeviceWatches({})};
  json raw = run_strike(context, parameters, passed, beside, "");
  const auto result = protocol::from_json<protocol::Strike::Result>(raw);
  const Sighting sighting = sighting_of(result, goal);
  raw["replay"] = {{"of", goal.name()},
                   {"found", sighting.found},
                   {"cycle", sighting.cycle},
                   {"cycle_in_evidence", goal.cycle},
                   {"budget", *parameters.cycles}};
  const std::string text =
      told(sighting, goal) + "\n\n" + strike_report(result, {files.path(), ""});
  const std::optional<std::string> unwritten = files.write_beside(raw, text);
  if (context.json) {
    print_json(raw);
  } else {
    print(text);
  }
  if (unwritten) throw Failure(sighting.exit(), *unwritten);
  return sighting.exit();
}

}  // namespace conker::ctl
