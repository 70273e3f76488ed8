#include "ctl/strike_report.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ctl/format.hpp"
#include "ctl/strike_ending.hpp"
#include "ctl/strike_timeline.hpp"

namespace conker::ctl {
namespace {

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

/// "1 frame", "12,345 frames".
std::string counted(std::uint64_t number, std::string_view what) {
  return fmt::format("{} {}{}", grouped(number), what, number == 1 ? "" : "s");
}

std::string figure(std::uint32_t value, const std::string& unit) {
  return unit == "us" ? to_string(Duration(value)) : std::to_string(value) + " (" + unit + ")";
}

std::string report(const protocol::Strike::Finding& finding) {
  std::string text = fmt::format("\n{:<12} {} [{}, {}]\n", finding.severity, finding.text,
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
  text += fmt::format("             expected {}, seen {}\n", figure(finding.expected, finding.unit),
                      figure(finding.seen, finding.unit));
  return text;
}

std::string report(const protocol::Strike::Evidence& evidence, const std::string& path) {
  std::string text =
      fmt::format("\nevidence     {}: {} of {}, {}\n", path, counted(evidence.frames, "frame"),
                  counted(evidence.findings, "finding"), bytes_to_string(evidence.bytes));
  if (evidence.error) text += fmt::format("             incomplete: {}\n", *evidence.error);
  return text;
}

}  // namespace

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

std::string strike_report(const protocol::Strike::Result& result, const std::string& evidence) {
  std::string text =
      fmt::format("{}: {}\n\n{}", in_capitals(result.verdict), result.why, printed(result.summary));
  text += ending_report(result.stopped) + dead_report(result.dead) + looks_report(result.looks);
  text += timeline_report(result.timeline, result.summary.cycles);
  text += fmt::format("judged       {} segments of the target: {}\n", grouped(result.judged),
                      result.findings.empty() ? "nothing found" : "these rules were broken");
  for (const protocol::Strike::Finding& finding : result.findings) text += report(finding);
  if (result.evidence) text += report(*result.evidence, evidence);
  return text;
}

}  // namespace conker::ctl
