// Shows what became of a strike: the daemon's result, with what was seen beside it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ctl/client.hpp"
#include "ctl/command.hpp"
#include "ctl/evidence.hpp"
#include "ctl/monitor_tally.hpp"
#include "ctl/report_files.hpp"
#include "ctl/watch_log.hpp"

namespace conker::ctl {

/// What was seen beside a strike.
struct Seen {
  std::vector<MonitorReport> monitors;
  std::vector<WatchReport> watches;
};

/// What was seen beside a strike belongs to the verdict, and the daemon does not know it.
void append_ruling(const OwnedFd& journal, const protocol::Strike::Result& result, const Seen& seen,
                   verdict::Severity fail_on);
/// A result with what was seen beside its strike, which belongs to its verdict.
struct ReportedStrike {
  json raw;
  protocol::Strike::Result result;  // its findings are the daemon's
  Seen seen;
  std::vector<FindingFrames> frames;  // of its evidence
  std::string text;                   // the report in words
  std::string evidence, journal;      // paths; empty: there are none

  /// `journal`: the path of its file; empty: there is none.
  static ReportedStrike of(json raw, Seen seen, verdict::Severity fail_on,
                           const EvidenceFiles& evidence, const std::string& journal);
  /// Writes it beside the evidence, if there is any. Returns the error, for people; nothing without
  /// one.
  std::optional<std::string> write_beside(const EvidenceFiles& files) const;
  /// For files of reports; it refers to this.
  ReportContent content() const {
    return {result, seen.monitors, seen.watches, frames, text, evidence, journal};
  }
};
/// Prints the result with what was seen beside the strike, and writes it beside the evidence.
/// Returns the exit code of its verdict.
int show_strike(const Context& context, json raw, const Seen& seen, verdict::Severity fail_on,
                const EvidenceFiles& evidence, const ReportFiles& files,
                const std::string& journal);
/// Prints a result, or its text. Returns the exit code of the verdict; `unwritten`, why a file
/// could not be written, is a Failure.
int show_report(const Context& context, const json& raw, const std::string& text,
                protocol::Verdict verdict, const std::optional<std::string>& unwritten);

}  // namespace conker::ctl
