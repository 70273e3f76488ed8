#include "tests/sim/report.hpp"

#include <cstdio>

namespace conker::sim {

std::string grouped(std::uint64_t n) {
  const std::string digits = std::to_string(n);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c < ' ' && c >= 0 ? ' ' : c;
  }
  return out + '"';
}

void tell_person(const SearchResult& r, const std::string& stem) {
  if (r.found) {
    std::printf("FOUND  %s\n\n", r.fault.c_str());
    std::printf("after       %.2f s, in world %s, seed %llu, step %llu\n", r.found_after,
                grouped(r.worlds).c_str(), static_cast<unsigned long long>(r.seed),
                static_cast<unsigned long long>(r.step));
    if (r.trials > 0) {
      std::printf("shrunk      from %u steps to %u, in %u trials\n", r.steps_before, r.steps_after,
                  r.trials);
    }
    if (!r.script.empty()) {
      std::printf("read        %s.trace, %s.pcap\n", stem.c_str(), stem.c_str());
      std::printf("replay      conker_sim --replay %s\n", r.script.c_str());
    }
  } else {
    std::printf("nothing found in %s steps of %s worlds, %.1f s\n\n",
                grouped(r.figures.steps).c_str(), grouped(r.worlds).c_str(), r.seconds);
  }
  const Figures& f = r.figures;
  std::printf(
      "cycles      %s opened, %s told of their end, %s bytes delivered, %s crashes of hosts\n",
      grouped(f.opened).c_str(), grouped(f.ended).c_str(), grouped(f.bytes).c_str(),
      grouped(f.crashes).c_str());
  std::printf("segments    %s, in %s turns, each with an audit\n", grouped(f.segments).c_str(),
              grouped(f.turns).c_str());
  std::printf("sieges      %s worlds, %s forged frames, %s of hostile peers\n",
              grouped(f.sieges).c_str(), grouped(f.forged).c_str(), grouped(f.hostile).c_str());
  std::printf("simulated   %.1f hours\n", static_cast<double>(f.simulated_us) / 3.6e9);
  std::printf("transitions %s, %u distinct (state, cause, state); %u of %u edges taken\n",
              grouped(f.transitions).c_str(), r.taken.distinct(), r.taken.edges(),
              Taken::edges_there_are());
  if (r.found) return;
  const std::string edges = r.taken.edges_not_taken();
  if (!edges.empty()) std::printf("not taken   %s\n", edges.c_str());
  const std::string triples = r.taken.triples_not_taken();
  if (!triples.empty()) std::printf("rarer       %s: not taken\n", triples.c_str());
}

void tell_program(const SearchResult& r) {
  const Figures& f = r.figures;
  const auto n = [](std::uint64_t value) { return std::to_string(value); };
  std::string json =
      "{\"tool\": \"sim\", \"found\": " + (r.found ? quoted(r.fault) : std::string("null"));
  char seconds[96];
  std::snprintf(seconds, sizeof seconds, ", \"seconds\": %.3f, \"found_after\": %.3f", r.seconds,
                r.found_after);
  json += ", \"steps\": " + n(f.steps) + seconds + ", \"worlds\": " + n(r.worlds) +
          ", \"seed\": " + n(r.seed) + ", \"step\": " + n(r.step) + ", \"opened\": " + n(f.opened) +
          ", \"ended\": " + n(f.ended) + ", \"segments\": " + n(f.segments) +
          ", \"turns\": " + n(f.turns) + ", \"audits\": " + n(f.audits) +
          ", \"bytes\": " + n(f.bytes) + ", \"crashes\": " + n(f.crashes) +
          ", \"sieges\": " + n(f.sieges) + ", \"forged\": " + n(f.forged) +
          ", \"hostile\": " + n(f.hostile) +
          ", \"simulated_seconds\": " + n(f.simulated_us / 1'000'000) +
          ", \"transitions\": " + n(f.transitions) +
          ", \"distinct_transitions\": " + n(r.taken.distinct()) +
          ", \"edges\": " + n(r.taken.edges()) +
          ", \"edges_there_are\": " + n(Taken::edges_there_are()) +
          ", \"edges_not_taken\": " + quoted(r.taken.edges_not_taken()) +
          ", \"shrunk_from\": " + n(r.steps_before) + ", \"shrunk_to\": " + n(r.steps_after) +
          ", \"script\": " + (r.script.empty() ? std::string("null") : quoted(r.script)) + "}";
  std::printf("%s\n", json.c_str());
}

}  // namespace conker::sim
