// conker_sim: looks for faults of the stack in random worlds, replays findings, and churns. Exit
// code 0: nothing found; 1: something found; 2: usage.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/sim/report.hpp"
#include "tests/sim/search.hpp"

namespace {

using namespace conker::sim;

std::string without_extension(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string::npos || path.find('/', dot) != std::string::npos ? path
                                                                              : path.substr(0, dot);
}

int finish(const SearchResult& result, bool json, const std::string& stem) {
  if (json) {
    tell_program(result);
  } else {
    tell_person(result, stem);
  }
  return result.found ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  SearchOptions options;
  std::string replay_path, broken;
  bool json = false, trace = false;

  const CLI::Validator above_zero(
      [](std::string& text) {
        return std::atof(text.c_str()) > 0 ? std::string() : "must be above 0";
      },
      "");
  CLI::App app(
      "The stack in simulated worlds: hosts, a bad wire, applications that do what they please.");
  app.add_option("--seed", options.seed, "of the first world");
  CLI::Option* seconds =
      app.add_option("--seconds", options.seconds, "how long to look")->check(above_zero);
  app.add_option("--worlds", options.worlds, "how many worlds at most");
  app.add_option("--steps", options.steps, "of each world; as its seed says if not given");
  app.add_option("--replay", replay_path, "play the script in this file, with trace and capture");
  app.add_flag("--trace", trace,
               "play the first world only, and leave its script, trace and capture");
  app.add_option("--out", options.out,
                 "folder for the script, the trace and the capture of what is found")
      ->check(CLI::ExistingDirectory);
  app.add_option("--shrink-seconds", options.shrink_seconds, "how long to shorten what was found");
  app.add_flag("--require-all-edges", options.every_edge,
               "an edge of the diagram that was not taken is a finding");
  app.add_flag("--scarce", options.scarce, "hostile peers can fill the pool of chunks");
  ChurnOptions churning;
  bool churns = false;
  app.add_flag("--churn", churns, "open and close connections as fast as possible");
  app.add_option("--cycles", churning.cycles,
                 "of the churn, with those that the ledger has already");
  app.add_option("--part", churning.part, "cycles of one part of the churn")->check(above_zero);
  app.add_option("--audit-every", churning.audit_every, "rounds of the churn")->check(above_zero);
  app.add_option("--ledger", churning.ledger,
                 "a line for each part of the churn; it goes on where this ends");
  app.add_flag("--json", json, "the last line is one JSON object");
  app.add_option("--break", broken, "")->check(CLI::IsMember({"payload"}))->group("");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "conker_sim: %s\n", error.what());
    return 2;
  }
  options.alter_payload = broken == "payload";

  if (churns) {
    churning.seed = options.seed;
    churning.json = json;
    if (seconds->count() > 0) churning.seconds = options.seconds;
    return churn(churning);
  }
  if (!replay_path.empty()) {
    std::string error;
    const auto script = read_script(replay_path, error);
    if (!script) {
      std::fprintf(stderr, "conker_sim: %s\n", error.c_str());
      return 2;
    }
    const std::string stem = without_extension(replay_path);
    return finish(replay(*script, stem), json, stem);
  }
  if (trace) {
    const std::string stem = options.out + "/sim-" + std::to_string(options.seed);
    SearchResult result = replay(script_of(options, options.seed), stem);
    result.script = stem + ".script";
    (void)write_script(script_of(options, options.seed), result.script, result.fault);
    return finish(result, json, stem);
  }
  const SearchResult result = search(options);
  return finish(result, json, without_extension(result.script));
}
