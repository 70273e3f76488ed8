// conker_explore: tries every order of actions on a small stack, with the code of the product.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <random>
#include <sstream>

#include "tests/explore/report.hpp"
#include "tests/explore/watch.hpp"

namespace conker::explore {
namespace {

using namespace std::chrono_literals;

enum Exit { kNothing = 0, kFound = 1, kUsage = 2 };

struct Arguments {
  std::string scene = "all";
  std::uint32_t depth = 0;
  double seconds = 0;
  std::uint32_t seed = 0;
  unsigned hash_bits = 64;
  std::string replay;
  bool json = false, list = false, twins = false;
};

int usage(const std::string& what) {
  std::fprintf(stderr, "conker_explore: %s\n", what.c_str());
  return kUsage;
}

double seconds_since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

int list() {
  for (const Scene& scene : scenes()) {
    std::printf("%-16s %s\n", scene.name.c_str(), scene.about.c_str());
  }
  return kNothing;
}

int replay(const Arguments& arguments) {
  const Scene* scene = find_scene(arguments.scene);
  if (scene == nullptr)
    return usage("--replay wants --scene NAME, one of those that --list prints");
  std::string text = arguments.replay;
  if (std::ifstream file(text); file) text = (std::ostringstream() << file.rdbuf()).str();
  std::string unknown;
  const auto path = parse_actions(text, unknown);
  if (!path)
    return usage("--replay: '" + unknown + "' is no action (and no file of that name is there)");
  for (const Action& action : *path) {
    if (action.subject >= std::min(scene->tuples, scene->capacities.connections) &&
        action.subject >= std::max(scene->tuples, scene->capacities.connections)) {
      return usage("--replay: '" + name_of(action) + "': scene " + scene->name +
                   " is smaller than that");
    }
  }
  const auto begun = Clock::now();
  std::string what;
  const bool wrong = tell_story(*scene, *path, what);
  if (!wrong) std::printf("nothing is wrong\n");
  if (arguments.json) {
    std::printf("{\"tool\": \"explore\", \"found\": %s, \"steps\": %zu, \"seconds\": %.3f}\n",
                wrong ? json_string(what).c_str() : "null", path->size(), seconds_since(begun));
  }
  return wrong ? kFound : kNothing;
}

// Explores the scenes in turn, for periods that grow, so that all are explored near the root before
// one is explored in depth.
void work_in_turn(const Searches& searches, Clock::time_point begun, Clock::time_point end) {
  while (Clock::now() < end) {
    bool any = false;
    for (const auto& search : searches) {
      if (search->done()) continue;
      any = true;
      const auto moment = std::max<Clock::duration>(5ms, (Clock::now() - begun) / 64);
      now_at_work(search.get());
      search->work(std::min(Clock::now() + moment, end));
      now_at_work(nullptr);
      if (search->finding()) return;
    }
    if (!any) return;
  }
}

int explore(const Arguments& arguments) {
  std::vector<const Scene*> chosen;
  for (const Scene& scene : scenes()) {
    if (arguments.scene == "all" || arguments.scene == scene.name) chosen.push_back(&scene);
  }
  if (chosen.empty())
    return usage("no scene is called '" + arguments.scene + "'; --list prints those there are");
  if (arguments.seed != 0) std::shuffle(chosen.begin(), chosen.end(), std::mt19937(arguments.seed));

  Search::Options options;
  if (arguments.depth != 0) options.depth = arguments.depth;
  options.seed = arguments.seed;
  options.hash_bits = arguments.hash_bits;
  options.compare_twins = arguments.twins;
  constexpr double kUsualSeconds = 60;
  const bool bounded = arguments.seconds > 0 || arguments.depth == 0;
  const double seconds = arguments.seconds > 0 ? arguments.seconds : kUsualSeconds;

  watch_for_crashes(arguments.json);
  const auto begun = Clock::now();
  const auto end = bounded ? begun + std::chrono::duration_cast<Clock::duration>(
                                         std::chrono::duration<double>(seconds))
                           : Clock::time_point::max();
  Searches searches;
  for (const Scene* scene : chosen) searches.push_back(std::make_unique<Search>(*scene, options));
  work_in_turn(searches, begun, end);
  const double took = seconds_since(begun);

  print_report(searches, took);
  if (arguments.json) print_json(searches, took);
  return std::ranges::any_of(searches, [](const auto& s) { return s->finding().has_value(); })
             ? kFound
             : kNothing;
}

int run(int argc, char** argv) {
  Arguments a;
  CLI::App app(
      "Every order of what can happen to a small stack: segments, calls, timers, steps of the "
      "turn.");
  app.add_option("--scene", a.scene, "a scene that --list prints, or all");
  app.add_option("--depth", a.depth, "so many actions deep and no deeper")
      ->check(CLI::Range(1u, 1000u));
  app.add_option("--seconds", a.seconds, "stop after so long; 60 unless --depth is given")
      ->check(CLI::Range(0.001, 1e6));
  app.add_option("--seed", a.seed, "another order of scenes and of actions; 0: as they are listed");
  app.add_option("--hash-bits", a.hash_bits,
                 "states are found by so many bits; their check stays whole")
      ->check(CLI::Range(1u, 64u));
  app.add_option("--replay", a.replay,
                 "run these actions in one scene and tell what happens; or a file of them");
  app.add_flag("--twins", a.twins,
               "also check that states which are taken for one go on alike; many times slower");
  app.add_flag("--json", a.json, "the last line is one JSON object");
  app.add_flag("--list", a.list, "print the scenes");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::printf("%s", app.help().c_str());
    return kNothing;
  } catch (const CLI::ParseError& error) {
    return usage(error.what());
  }
  if (a.list) return list();
  return a.replay.empty() ? explore(a) : replay(a);
}

}  // namespace
}  // namespace conker::explore

int main(int argc, char** argv) {
  return conker::explore::run(argc, argv);
}
