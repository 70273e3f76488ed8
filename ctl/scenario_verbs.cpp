// The commands scenario check, show, run and schema.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "ctl/command.hpp"
#include "ctl/files.hpp"
#include "ctl/format.hpp"
#include "ctl/report_files.hpp"
#include "ctl/scenario_reader.hpp"
#include "ctl/scenario_report.hpp"
#include "ctl/scenario_run.hpp"
#include "ctl/scenario_schema.hpp"
#include "ctl/strike_report.hpp"

namespace conker::ctl {
namespace {

namespace fs = std::filesystem;

/// As given on the command line.
struct ScenarioValues {
  std::vector<std::string> files, targets, only;
  std::string file, directory, page;
  CaseFiles cases;
};

// ---- check, show ----

/// A line for each file. Exit code 2 where one of them is wrong.
int check_scenarios(const Context& context, const std::vector<std::string>& files) {
  json all = json::array();
  int exit = kExitDone;
  for (const std::string& file : files) {
    json one{{"file", file}, {"fine", true}};
    try {
      const Scenario scenario = read_scenario(file, {});
      const Scenario::Length length = scenario.length();
      one["phases"] = scenario.phases.size();
      one["known_s"] = static_cast<double>(length.known.count()) / 1e6;
      one["open_phases"] = length.open;
      if (!context.json) print(fmt::format("{}: fine: {}\n", file, scenario.extent()));
    } catch (const Failure& failure) {
      one["fine"] = false;
      one["error"] = failure.what();
      exit = kExitUsage;
      std::fprintf(stderr, "conkerctl: %s\n", failure.what());
    }
    all.push_back(std::move(one));
  }
  if (context.json) print_json({{"files", std::move(all)}});
  return exit;
}

/// The lines that a shell takes.
std::string script_of(const Scenario& scenario) {
  std::string text = fmt::format("# {}: {}\n", scenario.name, scenario.extent());
  if (!scenario.about.empty()) text += fmt::format("# {}\n", scenario.about);
  for (const ScenarioPhase& phase : scenario.phases) {
    text += fmt::format("\n# {}. {}{}{}\n", phase.number, phase.label(),
                        phase.about.empty() ? "" : ": " + phase.about,
                        phase.counts ? "" : " (its verdict does not count)");
    if (phase.pause.count() != 0)
      text += fmt::format("sleep {}\n", static_cast<double>(phase.pause.count()) / 1e6);
    if (!phase.faults.empty()) {
      text += "conkerctl fault set";
      for (const std::string& fault : phase.faults) text += " " + fault;
      text += '\n';
    }
    text += phase.command() + "\n";
    if (!phase.faults.empty()) text += "conkerctl fault clear\n";
  }
  return text;
}

json json_of(const Scenario& scenario) {
  json phases = json::array();
  for (const ScenarioPhase& phase : scenario.phases) {
    const auto expected = phase.expected();
    phases.push_back(
        {{"phase", phase.label()},
         {"about", phase.about},
         {"counts", phase.counts},
         {"pause_s", static_cast<double>(phase.pause.count()) / 1e6},
         {"faults", phase.faults},
         {"command", phase.command()},
         {"expected_s", expected ? json(static_cast<double>(expected->count()) / 1e6) : json()}});
  }
  return {{"scenario", scenario.name}, {"about", scenario.about}, {"phases", std::move(phases)}};
}

int show_scenario(const Context& context, const ScenarioValues& values) {
  const Scenario scenario = read_scenario(values.file, values.targets);
  if (context.json) {
    print_json(json_of(scenario));
  } else {
    print(script_of(scenario));
  }
  return kExitDone;
}

// ---- run ----

/// Leaves those phases out that are not asked for.
void keep_only(Scenario& scenario, const std::vector<std::string>& names) {
  if (names.empty()) return;
  std::vector<std::string> known;
  for (const ScenarioPhase& phase : scenario.phases)
    if (phase.repetition == 1) known.push_back(phase.name);
  for (const std::string& name : names) {
    if (std::ranges::find(known, name) == known.end())
      throw Failure(kExitUsage, fmt::format("--only {}: the scenario has no phase {}; it has {}",
                                            name, name, joined(known)));
  }
  std::erase_if(scenario.phases, [&](const ScenarioPhase& phase) {
    return std::ranges::find(names, phase.name) == names.end();
  });
}

void need_targets(const Scenario& scenario) {
  for (const ScenarioPhase& phase : scenario.phases) {
    if (phase.target.empty() && !phase.open_target.empty())
      throw Failure(kExitUsage, fmt::format("the scenario leaves its target {0} open: give "
                                            "--target {0}=HOST:PORT",
                                            phase.open_target));
  }
}

/// The file of the whole report in the directory, which is made where it is not there.
class ScenarioDirectory {
 public:
  explicit ScenarioDirectory(const std::string& path) : file_(path) {
    if (path.empty()) return;
    file_ += "/scenario.json";
    std::error_code error;
    fs::create_directories(path, error);
    if (error) throw Failure(kExitFailed, fmt::format("{}: {}", path, error.message()));
    if (fs::exists(file_, error)) {
      throw Failure(kExitUsage, fmt::format("--out {}: it has the report of a scenario: give "
                                            "another directory",
                                            path));
    }
  }

  /// Replaces it at once, so that it is whole whatever happens.
  void write(const json& report) const {
    if (file_.empty()) return;
    const std::string next = file_ + ".new";
    std::optional<std::string> wrong =
        write_file(next, report.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
    std::error_code error;
    if (!wrong) fs::rename(next, file_, error);
    if (error) wrong = fmt::format("{}: {}", file_, error.message());
    if (wrong) throw Failure(kExitFailed, *wrong);
  }

 private:
  std::string file_;
};

int run_and_report(const Context& context, const ScenarioValues& values) {
  Scenario scenario = read_scenario(values.file, values.targets);
  keep_only(scenario, values.only);
  need_targets(scenario);
  const ScenarioDirectory directory(values.directory);
  values.cases.begin();
  if (!values.page.empty()) {
    if (const auto error = write_file(values.page, "")) throw Failure(kExitFailed, *error);
  }
  ScenarioListener listener;
  listener.begins = [&](const ScenarioPhase& phase, std::size_t nth) {
    if (!context.json) print(phase_headline(phase, nth, scenario.phases.size()));
  };
  listener.ended = [&](const ScenarioOutcome& outcome) {
    directory.write(scenario_json(outcome, values.file));
    if (!context.json) print(phase_summary(outcome.phases.back()));
  };
  const ScenarioOutcome outcome = run_scenario(context, scenario, values.directory, listener);
  const json report = scenario_json(outcome, values.file);
  directory.write(report);
  auto unwritten = values.cases.write(scenario_suites(outcome));
  if (!values.page.empty() && !unwritten) unwritten = write_scenario_page(values.page, outcome);
  // What kept all of them from being struck says more than a report of nothing.
  if (!outcome.struck_any() && outcome.failure) throw *outcome.failure;
  if (context.json) {
    print_json(report);
  } else {
    print(scenario_report(outcome));
  }
  const Exit exit = exit_of(outcome.ruling().verdict);
  if (unwritten) throw Failure(exit == kExitDone ? kExitFailed : exit, *unwritten);
  return exit;
}

// ---- The command line ----

void add_file(CLI::App& verb, ScenarioValues& values) {
  verb.add_option("FILE", values.file, "the scenario")->required()->type_name("");
  verb.add_option("--target", values.targets,
                  "a target in place of the scenario's: NAME=HOST:PORT, or HOST:PORT where the "
                  "scenario has just one. May be given more than once")
      ->type_name("[NAME=]HOST:PORT")
      ->allow_extra_args(false);
}

void add_run(CLI::App& scenario, Context& context, const std::shared_ptr<ScenarioValues>& values) {
  CLI::App* run = add_verb(
      scenario, context, "run",
      "Strike the phases one after the other; one verdict for all of them. Exit code 0 PASS, 10 "
      "FAIL, 11 INCONCLUSIVE",
      [&context, values] { return run_and_report(context, *values); });
  add_file(*run, *values);
  run->add_option("--out", values->directory,
                  "keep the journal, the evidence and the page (HTML) of each phase in this "
                  "directory, and the whole report as scenario.json, as it comes")
      ->type_name("DIR");
  run->add_option("--only", values->only,
                  "leave out all phases but this. May be given more than once")
      ->type_name("PHASE")
      ->allow_extra_args(false);
  values->cases.add(*run);
  run->add_option("--report", values->page,
                  "write the report to this file as an HTML page that needs no network: an "
                  "overview, then each phase")
      ->type_name("FILE.html");
}

}  // namespace

void add_scenario_verbs(CLI::App& app, Context& context) {
  const auto values = std::make_shared<ScenarioValues>();
  CLI::App* scenario = add_verb(app, context, "scenario",
                                "Strikes one after the other, as a file describes them", {});
  scenario->require_subcommand(1);
  CLI::App* check = add_verb(
      *scenario, context, "check", "Say whether scenarios are right, and how long they are",
      [&context, values] { return check_scenarios(context, values->files); });
  check->add_option("FILE", values->files, "the scenarios")->required()->type_name("");
  CLI::App* show = add_verb(*scenario, context, "show",
                            "Print what would be struck, as command lines that a shell takes",
                            [&context, values] { return show_scenario(context, *values); });
  add_file(*show, *values);
  add_run(*scenario, context, values);
  add_verb(*scenario, context, "schema",
           "Print the JSON Schema of scenarios (draft 2020-12), for editors", [] {
             print(scenario_schema().dump(2) + "\n");
             return kExitDone;
           });
}

}  // namespace conker::ctl
