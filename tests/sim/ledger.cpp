// The long run of the churn: parts, each in a process of its own, each with a line in the ledger,
// so that it can be interrupted at any time and continued.
#include <sys/resource.h>

#include <cstdio>
#include <fstream>

#include "tests/sim/churn.hpp"
#include "tests/sim/long_run.hpp"
#include "tests/sim/report.hpp"
#include "tests/sim/search.hpp"
#include "tests/sim/trial.hpp"

namespace conker::sim {
namespace {

constexpr double kTellEvery = 30;  // seconds

std::uint64_t number_in(const std::string& line, const std::string& name) {
  const std::size_t at = line.find("\"" + name + "\": ");
  return at == std::string::npos ? 0 : std::stoull(line.substr(at + name.size() + 4));
}

/// Seconds of processor time that all finished parts took.
double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Before {
  std::uint64_t cycles = 0, parts = 0;
};

Before read_ledger(const std::string& path) {
  Before before;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    before.cycles += number_in(line, "cycles");
    ++before.parts;
  }
  return before;
}

std::string line_of(const ChurnFigures& f, std::uint64_t seed, double seconds, double processor,
                    const std::string& fault) {
  const auto n = [](std::uint64_t value) { return std::to_string(value); };
  char rate[128];
  std::snprintf(
      rate, sizeof rate,
      ", \"wall_seconds\": %.3f, \"processor_seconds\": %.3f, \"cycles_per_second\": %.0f", seconds,
      processor, static_cast<double>(f.cycles) / seconds);
  std::string line = "{\"seed\": " + n(seed) +
                     ", \"found\": " + (fault.empty() ? "null" : quoted(fault)) +
                     ", \"cycles\": " + n(f.cycles) + rate + ", \"by_close\": {";
  for (std::size_t i = 0; i < kCloses; ++i) {
    if (i > 0) line += ", ";
    line += quoted(to_string(static_cast<Close>(i))) + ": " + n(f.by_close[i]);
  }
  return line + "}, \"ended\": {\"closed\": " + n(f.closed) + ", \"reset\": " + n(f.reset) +
         ", \"aborted\": " + n(f.aborted) + ", \"refused\": " + n(f.refused) +
         ", \"timed_out\": " + n(f.timed_out) + ", \"other\": " + n(f.other) +
         "}, \"segments\": " + n(f.segments) + ", \"lost\": " + n(f.lost) +
         ", \"repeated\": " + n(f.repeated) + ", \"overtaken\": " + n(f.overtaken) +
         ", \"garbled\": " + n(f.garbled) + ", \"bytes\": " + n(f.bytes) +
         ", \"retransmits\": " + n(f.retransmits) +
         ", \"time_wait_evicted\": " + n(f.time_wait_evicted) +
         ", \"time_wait_reused\": " + n(f.time_wait_reused) + ", \"rounds\": " + n(f.rounds) +
         ", \"audits\": " + n(f.audits) + ", \"simulated_us\": " + n(f.simulated_us) + "}";
}

void tell(const ChurnFigures& f, double seconds, double processor) {
  std::printf("%s cycles a second: %s cycles in %.1f s\n\n",
              grouped(static_cast<std::uint64_t>(static_cast<double>(f.cycles) / seconds)).c_str(),
              grouped(f.cycles).c_str(), seconds);
  std::printf(
      "%-24s %s cycles\n", "a second of a processor",
      grouped(static_cast<std::uint64_t>(static_cast<double>(f.cycles) / std::max(processor, 1e-6)))
          .c_str());
  for (std::size_t i = 0; i < kCloses; ++i) {
    std::printf("%-24s %s\n", to_string(static_cast<Close>(i)), grouped(f.by_close[i]).c_str());
  }
  std::printf("%-24s %s closed, %s reset, %s aborted, %s refused, %s timed out, %s other\n",
              "ended, both ends", grouped(f.closed).c_str(), grouped(f.reset).c_str(),
              grouped(f.aborted).c_str(), grouped(f.refused).c_str(), grouped(f.timed_out).c_str(),
              grouped(f.other).c_str());
  std::printf("%-24s %s, of them %s lost, %s repeated, %s overtaken, %s garbled; %s sent again\n",
              "segments", grouped(f.segments).c_str(), grouped(f.lost).c_str(),
              grouped(f.repeated).c_str(), grouped(f.overtaken).c_str(), grouped(f.garbled).c_str(),
              grouped(f.retransmits).c_str());
  std::printf("%-24s %s, all balanced; %.1f s simulated\n", "audits", grouped(f.audits).c_str(),
              static_cast<double>(f.simulated_us) / 1e6);
}

}  // namespace

int churn(const ChurnOptions& options) {
  heed_interruption();
  Before before;
  if (!options.ledger.empty()) before = read_ledger(options.ledger);
  if (before.cycles > 0 && !options.json) {
    std::printf("the ledger has %s cycles in %s parts; going on\n", grouped(before.cycles).c_str(),
                grouped(before.parts).c_str());
  }
  const auto start = Clock::now();
  Watched watched;
  ChurnFigures all;
  std::string fault;
  std::uint64_t seed = 0, asked = 0;
  double told = 0;
  while (before.cycles + all.cycles < options.cycles && interrupted == 0 && fault.empty()) {
    const double left = options.seconds > 0 ? options.seconds - since(start) : 0;
    if (options.seconds > 0 && left <= 0) break;
    const auto part_start = Clock::now();
    const double processor = processor_seconds();
    seed = world_seed(options.seed, before.parts++);
    asked = std::min(options.part, options.cycles - before.cycles - all.cycles);
    Board& board = watched.run([&](Board& b) { churn_part(b, seed, asked, options.audit_every); },
                               &interrupted, left);
    if (board.found) fault = board.fault;
    all.add(board.churn);
    if (!options.ledger.empty()) {
      std::ofstream out(options.ledger, std::ios::app);
      out << line_of(board.churn, seed, since(part_start), processor_seconds() - processor, fault)
          << '\n';
      if (!out.flush()) {
        std::fprintf(stderr, "conker_sim: %s: cannot be written\n", options.ledger.c_str());
        return 2;
      }
    }
    if (!options.json && since(start) - told > kTellEvery) {
      told = since(start);
      std::printf(
          "%s of %s cycles, %s a second\n", grouped(before.cycles + all.cycles).c_str(),
          grouped(options.cycles).c_str(),
          grouped(static_cast<std::uint64_t>(static_cast<double>(all.cycles) / told)).c_str());
      std::fflush(stdout);
    }
  }
  const double seconds = std::max(since(start), 1e-6);
  if (!options.json) {
    if (!fault.empty()) {
      std::printf(
          "FOUND  %s\n\nreplay      conker_sim --churn --seed %llu --cycles %llu --audit-every "
          "%u\n\n",
          fault.c_str(), static_cast<unsigned long long>(seed),
          static_cast<unsigned long long>(asked), options.audit_every);
    }
    tell(all, seconds, processor_seconds());
  } else {
    std::string line = line_of(all, seed, seconds, processor_seconds(), fault);
    line.insert(1, "\"tool\": \"sim\", \"steps\": " + std::to_string(all.cycles) + ", ");
    char text[48];
    std::snprintf(text, sizeof text, ", \"seconds\": %.3f}", seconds);
    line.replace(line.size() - 1, 1, text);
    std::printf("%s\n", line.c_str());
  }
  return fault.empty() ? 0 : 1;
}

}  // namespace conker::sim
