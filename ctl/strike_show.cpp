#include "ctl/strike_show.hpp"

#include <cstdio>
#include <optional>
#include <utility>

#include "ctl/journal.hpp"
#include "ctl/monitor_report.hpp"
#include "ctl/strike_report.hpp"
#include "ctl/strike_verdict.hpp"
#include "ctl/watch_report.hpp"

namespace conker::ctl {
namespace {

/// Adds what was seen beside the strike to the daemon's result; the daemon's findings stay as they
/// are in `result`.
void add_beside(json& raw, protocol::Strike::Result& result, const Seen& seen,
                verdict::Severity fail_on) {
  const auto& [monitors, watches] = seen;
  const Ruling made = ruling({result.verdict, result.why}, monitors, watches, fail_on);
  raw["verdict"] = protocol::name_of(result.verdict = made.verdict);
  raw["why"] = result.why = made.why;
  for (const protocol::Strike::Finding& finding : watch_findings(watches))
    raw["findings"].insert(raw["findings"].begin(), protocol::to_json(finding));
  if (!monitors.empty()) raw["monitors"] = protocol::to_json(monitors);
  if (!watches.empty()) raw["watches"] = protocol::to_json(watches);
}

}  // namespace

void append_ruling(const OwnedFd& journal, const protocol::Strike::Result& result, const Seen& seen,
                   verdict::Severity fail_on) {
  if (seen.monitors.empty() && seen.watches.empty()) return;
  const Ruling made = ruling({result.verdict, result.why}, seen.monitors, seen.watches, fail_on);
  if (!append_to_journal(journal, {made.verdict, made.why}))
    std::fputs("conkerctl: the journal does not take what was seen beside the strike\n", stderr);
}

ReportedStrike ReportedStrike::of(json raw, Seen seen, verdict::Severity fail_on,
                                  const EvidenceFiles& evidence, const std::string& journal) {
  auto result = protocol::from_json<protocol::Strike::Result>(raw);
  add_beside(raw, result, seen, fail_on);
  std::string text = strike_report(result, {evidence.path(), journal}) +
                     monitors_report(seen.monitors) + watches_report(seen.watches);
  return {std::move(raw),  std::move(result), std::move(seen), evidence.findings(),
          std::move(text), evidence.path(),   journal};
}

std::optional<std::string> ReportedStrike::write_beside(const EvidenceFiles& files) const {
  return files.write_beside(raw, text + watched_lines(seen.watches), frames);
}

int show_strike(const Context& context, json raw, const Seen& seen, verdict::Severity fail_on,
                const EvidenceFiles& evidence, const ReportFiles& files,
                const std::string& journal) {
  const auto strike = ReportedStrike::of(std::move(raw), seen, fail_on, evidence, journal);
  std::optional<std::string> unwritten = strike.write_beside(evidence);
  if (auto wrong = files.write(strike.content()); wrong && !unwritten) unwritten = std::move(wrong);
  return show_report(context, strike.raw, strike.text, strike.result.verdict, unwritten);
}

int show_report(const Context& context, const json& raw, const std::string& text,
                protocol::Verdict verdict, const std::optional<std::string>& unwritten) {
  if (context.json) {
    print_json(raw);
  } else {
    print(text);
  }
  const Exit exit = exit_of(verdict);
  if (unwritten) throw Failure(exit == kExitDone ? kExitFailed : exit, *unwritten);
  return exit;
}

}  // namespace conker::ctl
