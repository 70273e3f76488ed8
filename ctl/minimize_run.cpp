#include "ctl/minimize_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "ctl/format.hpp"
#include "ctl/interrupt.hpp"
#include "ctl/minimize.hpp"

namespace conker::ctl {
namespace {

constexpr unsigned kRepetitions = 3;

/// Counts the strikes, and prints a line for each.
class Tries {
 public:
  Tries(const Context& context, const MinimizeLimits& limits, const StrikeFor& strike)
      : context_(context), limits_(limits), strike_(strike) {}

  unsigned made() const { return made_; }
  bool may() const {
    return !interrupted() && made_ < limits_.strikes &&
           std::chrono::steady_clock::now() - began_ < limits_.time;
  }

  Sighting make(const std::string& what, const protocol::Strike::Parameters& parameters) {
    ++made_;
    const Sighting sighting = strike_(parameters);
    if (!context_.json) print(line(what, sighting));
    return sighting;
  }

 private:
  std::string line(const std::string& what, const Sighting& sighting) const {
    if (sighting.found) {
      return fmt::format("{:>3}  {:<28}  found in cycle {}, {}\n", made_, what,
                         grouped(sighting.cycle), to_string(sighting.at));
    }
    return fmt::format("{:>3}  {:<28}  not found in {} cycles{}\n", made_, what,
                       grouped(sighting.cycles),
                       sighting.stopped.empty() ? "" : ": " + sighting.stopped);
  }

  const Context& context_;
  MinimizeLimits limits_;
  const StrikeFor& strike_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  unsigned made_ = 0;
};

}  // namespace

int minimize_and_tell(const Context& context, const protocol::Strike::Parameters& start,
                      std::optional<std::uint64_t> cycles, const Goal& goal,
                      const MinimizeLimits& limits, const StrikeFor& strike) {
  Tries tries(context, limits, strike);
  const Minimum least = minimize(start, cycles, [&](const Trial& trial) -> std::optional<Sighting> {
    if (!tries.may()) return std::nullopt;
    return tries.make(trial.what, trial.parameters);
  });
  unsigned repeated = 0, found = 0;
  bool certain = false;
  while (least.found && repeated < kRepetitions && !interrupted()) {
    const Sighting sighting =
        tries.make(fmt::format("repeated, {} of {}", ++repeated, kRepetitions), least.parameters);
    if (sighting.found) ++found;
    certain = certain || sighting.conclusive;
  }
  const std::string command = command_of(least.parameters);
  if (context.json) {
    print_json({{"of", goal.name()},
                {"found", least.found},
                {"complete", least.whole},
                {"strikes", tries.made()},
                {"parameters", protocol::parameters_json(least.parameters)},
                {"command", command},
                {"repeated", repeated},
                {"found_when_repeated", found}});
  } else if (!least.found) {
    print(fmt::format("\nnot found again: {}: there is nothing to minimize\n", goal.name()));
  } else {
    print(fmt::format("\nthe least that found {}{}: found again {} times of {}\n    {}\n",
                      goal.name(),
                      least.whole ? "" : " before the search was ended (--tries, --within)", found,
                      repeated, command));
  }
  return certain ? kExitFail : kExitInconclusive;
}

}  // namespace conker::ctl
