// The commands strike-report and report: what is made of reports and journals.
#include <memory>
#include <string>
#include <vector>

#include "ctl/command.hpp"
#include "ctl/evidence.hpp"
#include "ctl/journal.hpp"
#include "ctl/report_diff.hpp"
#include "ctl/report_files.hpp"
#include "ctl/strike_parts.hpp"
#include "ctl/strike_replay.hpp"
#include "ctl/strike_report.hpp"
#include "ctl/strike_show.hpp"

namespace conker::ctl {
namespace {

/// Prints what a journal knows. `evidence`: what its strike has written; empty: that is not known.
int report_journal(const Context& context, const std::string& path, const std::string& evidence,
                   const ReportFiles& files) {
  const protocol::Strike::Result result = result_of(read_journal(path));
  std::vector<FindingFrames> frames;
  if (!evidence.empty()) frames = read_evidence(evidence);
  files.begin();
  const std::string text = strike_report(result, {evidence, path});
  return show_report(context, protocol::to_json(result), text, result.verdict,
                     files.write({result, {}, {}, frames, text, evidence, path}));
}

/// Prints how the second report compares with the first one.
int diff_reports(const Context& context, const std::string& first, const std::string& second) {
  const auto diff = ReportDiff::of(read_recorded(first), read_recorded(second));
  if (context.json) {
    print_json(protocol::to_json(diff));
  } else {
    print(diff.text());
  }
  return diff.exit();
}

void add_report_verb(CLI::App& app, Context& context) {
  CLI::App* verb = add_verb(app, context, "report", "Work with reports of strikes", {});
  verb->require_subcommand(1);
  const auto first = std::make_shared<std::string>(), second = std::make_shared<std::string>();
  CLI::App* diff =
      add_verb(*verb, context, "diff",
               "Say what is new in the second report, what is gone, and how the figures compare. "
               "Exit code 10: the second one is worse (its verdict is, or more than a note is "
               "new), 11: it is INCONCLUSIVE and the first one is not",
               [&context, first, second] { return diff_reports(context, *first, *second); });
  constexpr const char* kWhat =
      "a report: what strike --json printed, the .json beside its evidence, or its journal";
  diff->add_option("FIRST", *first, kWhat)->required()->type_name("");
  diff->add_option("SECOND", *second, kWhat)->required()->type_name("");
}

}  // namespace

void add_report_verbs(CLI::App& app, Context& context) {
  const auto path = std::make_shared<std::string>(), evidence = std::make_shared<std::string>();
  const auto files = std::make_shared<ReportFiles>();
  CLI::App* report =
      add_verb(app, context, "strike-report",
               "Report what the journal of a strike knows: all of it, or up to where "
               "the daemon or the file ended",
               [&context, path, evidence, files] {
                 return report_journal(context, *path, *evidence, *files);
               });
  report->add_option("FILE", *path, "the journal of a strike (strike --journal)")
      ->required()
      ->type_name("");
  report
      ->add_option("--evidence", *evidence,
                   "what the same strike has written by --evidence, whose frames --report shows")
      ->type_name("FILE");
  files->add(*report);
  add_report_verb(app, context);
}

}  // namespace conker::ctl
