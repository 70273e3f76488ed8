#include "ctl/strike_replay.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "ctl/format.hpp"
#include "ctl/journal.hpp"
#include "ctl/strike_parts.hpp"

namespace conker::ctl {
namespace {

using protocol::Strike;

constexpr std::uint64_t kLeastBudget = 1'000;
/// A report has a row a second, at most so many.
constexpr off_t kLongestReport = off_t{64} << 20;
constexpr std::string_view kFailure = "failure";

/// A JSON file as a whole; discarded where it is none, as a journal of several lines.
json read_whole(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    throw Failure(kExitFailed, fmt::format("{}: {}", path, std::strerror(errno)));
  if (!S_ISREG(status.st_mode) || status.st_size > kLongestReport) return json::value_t::discarded;
  std::ifstream in(path);
  if (!in) throw Failure(kExitFailed, fmt::format("{}: {}", path, std::strerror(errno)));
  return json::parse(in, nullptr, false);
}

bool conclusive(const Strike::Finding& finding) {
  return finding.count != finding.inconclusive;
}

/// What --watch-fail found is no rule that the daemon knows.
bool repeatable(const Strike::Finding& finding) {
  return finding.section != "--watch-fail";
}

/// How many cycles had been begun after so long, by the rows of the report.
std::uint64_t begun_by(const Strike::Result& recorded, Duration at) {
  const StrikeTimeline& timeline = recorded.timeline;
  double begun = 0;
  Duration from{0};
  for (const StrikeTimeline::Row& row : timeline.seconds) {
    if (from >= at) break;
    const Duration width = std::min(timeline.row_width, recorded.summary.elapsed - from);
    const double part = width <= at - from ? 1.0
                                           : static_cast<double>((at - from).count()) /
                                                 static_cast<double>(width.count());
    begun += part * static_cast<double>(row.begun);
    from += timeline.row_width;
  }
  return static_cast<std::uint64_t>(begun);
}

/// Whether the target is left with connections of which it waits for more, or is asked for
/// four-tuples again: then those that are fresh must be so to the target.
bool needs_others(const Mix& mix) {
  return mix.any_of([](WayToClose way) {
    return behaviour_of(way).reopens ||
           std::ranges::any_of(behaviour_of(way).steps, [](const Behaviour::Step& step) {
             return step.what == Behaviour::What::kForsake;
           });
  });
}

Goal goal_of(const Strike::Result& recorded, const Strike::Finding& finding) {
  return {finding.rule,
          {},
          finding.cycle,
          finding.at,
          std::max(finding.cycle, begun_by(recorded, finding.at))};
}

Goal failure_of(const Strike::Result& recorded) {
  const StrikeTimeline::First& failure = *recorded.timeline.first_failure;
  return {"", failure.phase, failure.cycle, failure.at,
          std::max(failure.cycle, begun_by(recorded, failure.at))};
}

/// The worst that is for certain; what is not for certain comes last.
std::optional<Goal> worst_of(const Strike::Result& recorded) {
  for (const bool notes : {false, true}) {
    for (const Strike::Finding& finding : recorded.findings) {
      if (repeatable(finding) && conclusive(finding) && (finding.severity == "note") == notes)
        return goal_of(recorded, finding);
    }
    if (recorded.timeline.first_failure) return failure_of(recorded);
  }
  for (const Strike::Finding& finding : recorded.findings)
    if (repeatable(finding)) return goal_of(recorded, finding);
  return std::nullopt;
}

/// "reset-sequence, failure".
std::string names_of(const Strike::Result& recorded) {
  std::string names;
  for (const Strike::Finding& finding : recorded.findings)
    if (repeatable(finding)) names += finding.rule + ", ";
  if (recorded.timeline.first_failure) names += fmt::format("{}, ", kFailure);
  if (!names.empty()) names.resize(names.size() - 2);
  return names;
}

}  // namespace

std::string Goal::name() const {
  return phase ? fmt::format("failed cycle ({})", protocol::name_of(*phase)) : rule;
}

Strike::Result read_recorded(const std::string& path) {
  if (path.ends_with(".pcapng")) {
    throw Failure(kExitUsage,
                  fmt::format("{}: give the .json that --evidence wrote beside it", path));
  }
  const json whole = read_whole(path);
  if (!whole.is_object() || !whole.contains("verdict")) {
    StrikeJournal journal = read_journal(path);
    Strike::Result result = result_of(journal);
    result.begin = journal.parts.front().begin;
    return result;
  }
  try {
    auto result = protocol::from_json<Strike::Result>(whole);
    result.summary.audit.fault = nullptr;  // a view into the JSON; `why` says it
    if (!result.begin) {
      throw Failure(kExitFailed, fmt::format("{}: of a conkerd before replays: it does not say how "
                                             "the target was struck",
                                             path));
    }
    return result;
  } catch (const protocol::Unreadable& error) {
    throw Failure(kExitFailed,
                  fmt::format("{}: not the report of a strike: {}", path, error.what()));
  }
}

Goal goal_of(const Strike::Result& recorded, const std::string& rule, const std::string& path) {
  if (rule == kFailure && recorded.timeline.first_failure) return failure_of(recorded);
  const auto named = std::ranges::find(recorded.findings, rule, &Strike::Finding::rule);
  if (named != recorded.findings.end() && repeatable(*named)) return goal_of(recorded, *named);
  const std::string names = names_of(recorded);
  if (!rule.empty() && !names.empty())
    throw Failure(kExitUsage, fmt::format("{}: nothing of {}: it has {}", path, rule, names));
  if (const auto worst = worst_of(recorded)) return *worst;
  throw Failure(kExitFailed, fmt::format("{}: nothing was found that could come again", path));
}

std::uint64_t budget_for(std::uint64_t begun, std::uint32_t concurrency) {
  return std::max(kLeastBudget, 2 * std::min(begun, UINT64_MAX / 4) + concurrency);
}

std::uint32_t wait_for(Duration at) {
  constexpr Duration kLeast = 30s, kMost = 24h;
  return static_cast<std::uint32_t>((kLeast + 4 * std::clamp(at, Duration(0), kMost)) / 1ms);
}

Strike::Parameters repeated(const Strike::Result& recorded, const Goal& goal,
                            std::uint64_t cycles) {
  const Strike::Begin& begin = *recorded.begin;
  Strike::Parameters parameters = begin.parameters;
  const bool kept = recorded.closed_first != 0 || needs_others(parameters.ways());
  if (parameters.from_port && kept) parameters.from_port = 0;
  parameters.target = to_string(begin.target);
  parameters.cycles = cycles;
  parameters.duration_ms.reset();
  if (parameters.passive) parameters.duration_ms = wait_for(goal.at);
  parameters.stop_on.reset();
  parameters.stop_on_rule.reset();
  if (goal.phase) {
    parameters.stop_on = StopOn::kFailure;
  } else {
    parameters.stop_on_rule = goal.rule;
  }
  parameters.evidence = parameters.journal = false;
  parameters.resumed_cycles = parameters.resumed_ms = 0;
  return parameters;
}

Sighting sighting_of(const Strike::Result& result, const Goal& goal) {
  Sighting sighting;
  sighting.cycles = result.summary.cycles;
  if (result.stopped) sighting.stopped = result.stopped->why;
  if (goal.phase) {
    const auto& failure = result.timeline.first_failure;
    sighting.found = sighting.conclusive = failure && failure->phase == *goal.phase;
    if (sighting.found) {
      sighting.cycle = failure->cycle;
      sighting.at = failure->at;
    }
    return sighting;
  }
  const auto finding = std::ranges::find(result.findings, goal.rule, &Strike::Finding::rule);
  if (finding == result.findings.end()) return sighting;
  sighting.found = true;
  sighting.conclusive = conclusive(*finding);
  sighting.cycle = finding->cycle;
  sighting.at = finding->at;
  return sighting;
}

std::string told(const Sighting& sighting, const Goal& goal) {
  if (!sighting.found) {
    return fmt::format("not found again in {} cycles: {}{}", grouped(sighting.cycles), goal.name(),
                       sighting.stopped.empty() ? "" : "; it was stopped: " + sighting.stopped);
  }
  return fmt::format("found again: {} in cycle {} (in the evidence: cycle {}), {}{}", goal.name(),
                     grouped(sighting.cycle), grouped(goal.cycle), to_string(sighting.at),
                     sighting.conclusive ? "" : "; inconclusive, as our own side may be the cause");
}

}  // namespace conker::ctl
