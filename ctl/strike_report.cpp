#include "ctl/strike_report.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ctl/format.hpp"
#include "ctl/strike_ending.hpp"
#include "ctl/strike_ladder.hpp"
#include "ctl/strike_timeline.hpp"

namespace conker::ctl {
namespace {

std::string figure(std::uint32_t value, const std::string& unit) {
  return unit == "us" ? to_string(Duration(value)) : std::to_string(value) + " (" + unit + ")";
}

/// "PATH: ", nothing where it is not known.
std::string at(const std::string& path) {
  return path.empty() ? path : path + ": ";
}

std::string report(const protocol::Strike::Evidence& evidence, const std::string& path) {
  std::string text =
      fmt::format("\nevidence     {}{} of {}, {}\n", at(path), counted(evidence.frames, "frame"),
                  counted(evidence.findings, "finding"), bytes_to_string(evidence.bytes));
  if (evidence.error) text += fmt::format("             incomplete: {}\n", *evidence.error);
  return text;
}

std::string report(const protocol::PayloadsSent& payloads) {
  return fmt::format("payloads     {} answered: {} sent, {} received, {} differed\n",
                     grouped(payloads.answered), bytes_to_string(payloads.sent),
                     bytes_to_string(payloads.received), grouped(payloads.differing));
}

std::string report(const protocol::Strike::Journal& journal, const std::string& path) {
  std::string text = fmt::format("\njournal      {}{}\n", at(path), counted(journal.lines, "line"));
  if (journal.lost != 0) {
    text += fmt::format("             incomplete from {} on, {} lost: {}\n",
                        to_string(journal.incomplete_from), counted(journal.lost, "line"),
                        journal.error.value_or(""));
  } else if (journal.error) {
    text += fmt::format("             incomplete: {}\n", *journal.error);
  }
  return text;
}

/// How much was judged, and by what means.
std::string judged(const protocol::Strike::Result& result) {
  const bool unjudged = result.begin && result.begin->parameters.unjudged;
  return fmt::format(
      "judged       {} segments of the target{}: {}\n", grouped(result.judged),
      result.judge_bytes ? ", in " + bytes_to_string(*result.judge_bytes) + " of memory" : "",
      !result.findings.empty() ? "these rules were broken"
      : unjudged               ? "as asked"
                               : "nothing found");
}

}  // namespace

const char* in_capitals(protocol::Verdict verdict) {
  switch (verdict) {
    case protocol::Verdict::kPass:
      return "PASS";
    case protocol::Verdict::kFail:
      return "FAIL";
    case protocol::Verdict::kInconclusive:
      break;
  }
  return "INCONCLUSIVE";
}

std::string finding_report(const protocol::Strike::Finding& finding) {
  std::string text = fmt::format("{:<12} {} [{}, {}]\n", finding.severity, finding.text,
                                 finding.rule, finding.section);
  text += fmt::format("             {}", counted(finding.count, "connection"));
  if (finding.inconclusive != 0) {
    text += fmt::format(", {} of them inconclusive: {}", grouped(finding.inconclusive),
                        finding.because);
  }
  text +=
      fmt::format("\n             first in cycle {}, after {}: {} to {}, SEG.SEQ {}, SEG.LEN {}\n",
                  grouped(finding.cycle), to_string(finding.at), finding.from, finding.to,
                  finding.sequence, finding.length);
  if (finding.offset)
    text += fmt::format("             at offset {} of the payload\n", *finding.offset);
  text += fmt::format("             expected {}, seen {}\n", figure(finding.expected, finding.unit),
                      figure(finding.seen, finding.unit));
  return text;
}

Exit exit_of(protocol::Verdict verdict) {
  switch (verdict) {
    case protocol::Verdict::kPass:
      return kExitDone;
    case protocol::Verdict::kFail:
      return kExitFail;
    case protocol::Verdict::kInconclusive:
      break;
  }
  return kExitInconclusive;
}

std::string strike_report(const protocol::Strike::Result& result, const StrikePaths& paths) {
  std::string text =
      fmt::format("{}: {}\n\n{}", in_capitals(result.verdict), result.why, printed(result.summary));
  text += ending_report(result.stopped) + dead_report(result.dead) +
          time_wait_report(result.time_wait_probed) +
          looks_report(result.looks, !result.summary.target.address.is_v4());
  text += timeline_report(result.timeline, result.summary.cycles) + ladder_report(result.ladder);
  if (result.payloads) text += report(*result.payloads);
  text += judged(result);
  for (const protocol::Strike::Finding& finding : result.findings)
    text += "\n" + finding_report(finding);
  if (result.evidence) text += report(*result.evidence, paths.evidence);
  if (result.journal) text += report(*result.journal, paths.journal);
  return text;
}

}  // namespace conker::ctl
