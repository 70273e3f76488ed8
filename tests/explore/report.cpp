// Output of the exploration's results.
#include "tests/explore/report.hpp"

#include <cinttypes>
#include <cstdio>

#include "stack/tcp/diagram.hpp"

namespace conker::explore {
namespace {

struct Totals {
  std::uint64_t states = 0, actions = 0, leaves = 0, quiesced = 0, collisions = 0, digest = 0;
  unsigned taken = 0, known = 0, closed = 0;
  Coverage coverage;
  std::vector<std::pair<State, State>> not_taken;
};

Totals add_up(const Searches& searches) {
  Totals all;
  for (const auto& search : searches) {
    all.states += search->states();
    all.actions += search->actions();
    all.leaves += search->leaves();
    all.quiesced += search->quiesced();
    all.collisions += search->collisions();
    all.digest = (all.digest ^ search->digest()) * 0x9e3779b97f4a7c15u;
    all.closed += search->closed() ? 1 : 0;
    all.coverage.join(search->coverage());
  }
  for (unsigned from = 0; from < kStateCount; ++from) {
    for (unsigned to = 0; to < kStateCount; ++to) {
      const auto a = static_cast<State>(from), b = static_cast<State>(to);
      if (!may_follow(a, b)) continue;
      ++all.known;
      if ((all.coverage.transitions[from] & state_bit(b)) != 0) {
        ++all.taken;
      } else {
        all.not_taken.emplace_back(a, b);
      }
    }
  }
  return all;
}

std::string grouped(std::uint64_t n) {
  std::string text = std::to_string(n);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

const Search* finder(const Searches& searches) {
  for (const auto& search : searches) {
    if (search->finding()) return search.get();
  }
  return nullptr;
}

const char* standing(const Search& search) {
  if (search.finding()) return "found something";
  if (search.closed()) return "closed: every state was reached";
  if (search.full()) return "no more states fit";
  return "";
}

}  // namespace

std::string to_string(const std::vector<Action>& path) {
  std::string text;
  for (const Action& action : path) text += (text.empty() ? "" : ", ") + name_of(action);
  return text;
}

std::string json_string(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

bool tell_story(const Scene& scene, const std::vector<Action>& path, std::string& what) {
  World world(scene);
  Coverage coverage;
  std::vector<Action> all = scene.prologue;
  all.insert(all.end(), path.begin(), path.end());
  std::printf("scene %s: %s\n", scene.name.c_str(), scene.about.c_str());
  if (scene.whole_turns)
    std::printf("behind each line all events are taken, then output(), then reap()\n");
  int line = -static_cast<int>(scene.prologue.size());
  for (const Action& action : all) {
    ++line;
    std::printf("%4s  %-58s", line > 0 ? std::to_string(line).c_str() : "", tell(action).c_str());
    std::fflush(stdout);  // the process may crash next
    if (!world.possible(action)) {
      std::printf(" (not possible here)\n");
      continue;
    }
    const char* wrong = world.run(action);
    if (wrong == nullptr) wrong = inspect(world, coverage);
    std::printf(" %s\n", wrong == nullptr ? world.describe().c_str() : "");
    if (wrong == nullptr) continue;
    what = wrong;
    std::printf("      WRONG: %s\n", wrong);
    return true;
  }
  return false;
}

void print_finding(const Scene& scene, const std::string& what, const std::vector<Action>& path,
                   bool story) {
  std::printf("FOUND: %s\n\n", what.c_str());
  if (story) {
    std::string again;
    tell_story(scene, path, again);
  }
  std::printf("\nto see it again: conker_explore --scene %s --replay \"%s\"\n", scene.name.c_str(),
              to_string(path).c_str());
  std::fflush(stdout);
}

void print_report(const Searches& searches, double seconds) {
  const Totals all = add_up(searches);
  if (const Search* search = finder(searches); search != nullptr) {
    print_finding(search->scene(), search->finding()->what, search->finding()->path, true);
    std::printf("\nfound after %s actions in %.1f s\n", grouped(all.actions).c_str(), seconds);
    return;
  }
  std::printf(
      "nothing found: %s states, %s actions in %.1f s (%s a second)\n\n",
      grouped(all.states).c_str(), grouped(all.actions).c_str(), seconds,
      grouped(static_cast<std::uint64_t>(static_cast<double>(all.actions) / seconds)).c_str());
  std::printf("%-16s %6s %12s %12s %12s\n", "scene", "depth", "states", "actions", "leaves");
  for (const auto& s : searches) {
    std::printf("%-16s %6" PRIu32 " %12s %12s %12s  %s\n", s->scene().name.c_str(), s->depth(),
                grouped(s->states()).c_str(), grouped(s->actions()).c_str(),
                grouped(s->leaves()).c_str(), standing(*s));
  }
  std::printf("\ndepth        every order of so many actions has been tried\n");
  std::printf("leaves       states from which nothing has been tried yet\n");
  std::printf("quiesced     %s times, in two ways: nothing was left over\n",
              grouped(all.quiesced).c_str());
  std::printf("transitions  %u of the diagram's %u taken\n", all.taken, all.known);
  for (const auto& [from, to] : all.not_taken) {
    std::printf("             not taken: %s -> %s\n", to_string(from), to_string(to));
  }
  std::printf("slots        used again");
  for (const std::uint32_t most : all.coverage.generations)
    std::printf(" %u", most > 0 ? most - 1 : 0);
  std::printf(" times, at most in one path\n");
  std::printf(
      "refusals     %s at most in one path: state changes, timers and output that met a connection "
      "in "
      "Destroy\n",
      grouped(all.coverage.refusals).c_str());
  std::printf("collisions   %s states shared a key with another; all were explored\n",
              grouped(all.collisions).c_str());
}

void print_json(const Searches& searches, double seconds) {
  const Totals all = add_up(searches);
  const Search* search = finder(searches);
  std::string found = "null", replay = "null", scene = "null";
  if (search != nullptr) {
    found = json_string(search->finding()->what);
    scene = json_string(search->scene().name);
    replay = json_string(to_string(search->finding()->path));
  }
  std::printf(
      "{\"tool\": \"explore\", \"found\": %s, \"scene\": %s, \"replay\": %s, \"steps\": %" PRIu64
      ", \"seconds\": %.3f, \"states\": %" PRIu64 ", \"leaves\": %" PRIu64
      ", \"quiesced\": %" PRIu64 ", \"actions_per_second\": %.0f, \"collisions\": %" PRIu64
      ", \"transitions_taken\": %u, \"transitions_known\": %u, \"digest\": \"%016" PRIx64 "\"",
      found.c_str(), scene.c_str(), replay.c_str(), all.actions, seconds, all.states, all.leaves,
      all.quiesced, static_cast<double>(all.actions) / seconds, all.collisions, all.taken,
      all.known, all.digest);
  std::printf(", \"slot_reuses\": [");
  for (std::size_t i = 0; i < kMostSlots; ++i) {
    const std::uint32_t most = all.coverage.generations[i];
    std::printf("%s%u", i == 0 ? "" : ", ", most > 0 ? most - 1 : 0);
  }
  std::printf("], \"refusals\": %" PRIu64 ", \"scenes_closed\": %u, \"scenes\": [",
              all.coverage.refusals, all.closed);
  for (std::size_t i = 0; i < searches.size(); ++i) {
    const Search& s = *searches[i];
    std::printf("%s{\"name\": %s, \"depth\": %" PRIu32 ", \"closed\": %s, \"states\": %" PRIu64 "}",
                i == 0 ? "" : ", ", json_string(s.scene().name).c_str(), s.depth(),
                s.closed() ? "true" : "false", s.states());
  }
  std::printf("]}\n");
}

}  // namespace conker::explore
