#include "ctl/top_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "ctl/format.hpp"
#include "ctl/progress_line.hpp"
#include "ctl/strikes.hpp"

namespace conker::ctl {
namespace {

using protocol::StrikeEntry;
using Look = TopLine::Look;

constexpr std::string_view kIndent = "  ";

/// Adds the parts, two spaces apart, in as many lines as they need.
void add_wrapped(std::vector<TopLine>& lines, const std::vector<std::string>& parts,
                 std::size_t width, std::string_view indent, Look look = Look::kPlain) {
  std::string line;
  for (const std::string& part : parts) {
    if (!line.empty() && line.size() + 2 + part.size() > width) {
      lines.push_back({line, look});
      line.clear();
    }
    line += (line.empty() ? std::string(indent) : std::string("  ")) + part;
  }
  if (!line.empty()) lines.push_back({line, look});
}

bool runs(const StrikeEntry& entry) {
  return entry.state == StrikeEntry::State::kRunning;
}

/// The figures of a strike, the number that matters first.
std::vector<std::string> parts_of(const StrikeEntry& entry) {
  const Progress progress{entry.id, entry.so_far, entry.cycles_per_second, entry.findings.size()};
  std::optional<std::uint64_t> cycles;
  std::optional<Duration> duration;
  if (runs(entry)) {
    cycles = entry.cycles_asked;
    if (entry.duration_ms) duration = std::chrono::milliseconds(*entry.duration_ms);
  }
  std::vector<std::string> parts;
  for (const ProgressPart& part :
       progress_parts(progress, entry.cycles_per_second, cycles, duration))
    parts.push_back(part.text);
  if (entry.connect_p50 != 0) {
    parts.push_back(fmt::format("connect half {}, 99% {}",
                                duration_us(static_cast<std::int64_t>(entry.connect_p50)),
                                duration_us(static_cast<std::int64_t>(entry.connect_p99))));
  }
  return parts;
}

void add_strike(std::vector<TopLine>& lines, const StrikeEntry& entry, std::size_t width) {
  lines.push_back({""});
  const bool bad = entry.verdict == protocol::Verdict::kFail || !entry.findings.empty();
  add_wrapped(lines, {fmt::format("strike {}", entry.id), entry.target, state_of(entry)}, width, "",
              bad ? Look::kBad : Look::kTitle);
  add_wrapped(lines, parts_of(entry), width, kIndent);
  if (!entry.why.empty()) add_wrapped(lines, {entry.why}, width, kIndent);
  for (const StrikeEntry::Rule& rule : entry.findings) {
    add_wrapped(lines,
                {rule.severity, rule.rule, fmt::format("in {} connections", grouped(rule.count)),
                 fmt::format("first in cycle {}", grouped(rule.cycle))},
                width, kIndent, rule.severity == "note" ? Look::kPlain : Look::kBad);
  }
}

}  // namespace

std::vector<TopLine> top_lines(const TopState& state, std::size_t width) {
  const protocol::Status::Result& status = state.status;
  std::vector<TopLine> lines;
  std::vector<std::string> daemon{fmt::format("conkerd {}", status.version),
                                  "up " + to_string(status.uptime)};
  for (const protocol::Status::Link& link : status.links)
    daemon.push_back(fmt::format("link {} {}", link.name, link.state));
  add_wrapped(lines, daemon, width, "", Look::kTitle);
  if (!status.audit.balanced())
    lines.push_back({"audit does not balance: see conkerctl status", Look::kBad});
  std::vector<std::string> states;
  for (const protocol::Status::InState& in : status.states)
    states.push_back(fmt::format("{} {}", to_string(in.state), grouped(in.count)));
  if (states.empty()) states.emplace_back("no connections");
  add_wrapped(lines, states, width, "");
  std::vector<StrikeEntry> entries = state.strikes.strikes;
  std::ranges::reverse(entries);  // the newest first
  std::ranges::stable_partition(entries, runs);
  for (const StrikeEntry& entry : entries) add_strike(lines, entry, width);
  if (entries.empty()) lines.push_back({"no strike runs, and none is kept"});
  for (TopLine& line : lines)
    if (line.text.size() > width) line.text.resize(width);
  return lines;
}

std::vector<std::string> top_rows(const TopState& state) {
  std::vector<std::string> rows;
  for (const StrikeEntry& entry : state.strikes.strikes) {
    if (!runs(entry)) continue;
    std::string row = fmt::format("strike {}  {}", entry.id, entry.target);
    for (const std::string& part : parts_of(entry)) row += "  " + part;
    rows.push_back(std::move(row));
  }
  if (rows.empty()) rows.emplace_back("no strike runs");
  return rows;
}

}  // namespace conker::ctl
