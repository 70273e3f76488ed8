// The command strike.
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "ctl/command.hpp"
#include "ctl/evidence.hpp"
#include "ctl/journal.hpp"
#include "ctl/replay_options.hpp"
#include "ctl/report_files.hpp"
#include "ctl/strike_options.hpp"
#include "ctl/strike_parts.hpp"
#include "ctl/strike_run.hpp"
#include "ctl/strike_show.hpp"
#include "ctl/strikes.hpp"
#include "ctl/watch_options.hpp"

namespace conker::ctl {
namespace {

using Parameters = protocol::Strike::Parameters;

/// As given on the command line.
struct Values {
  StrikeOptions strike;
  std::string evidence, journal, resume;
  bool detached = false;
  ReportFiles files;
  ReplayOptions replay;
  MonitorOptions monitors;
  WatchOptions watches;
};

int strike(const Context& context, const Values& values) {
  if (values.replay.wanted())
    return replay(context, values.replay, values.strike.parameters.cycles, values.evidence);
  const bool resumed = !values.resume.empty();
  if (!resumed && !values.strike.names_target())
    throw Failure(kExitUsage,
                  "strike: give HOST:PORT, or --listen PORT, or --resume FILE, or --replay FILE");
  const std::string& path = resumed ? values.resume : values.journal;
  StrikeJournal earlier = resumed ? read_journal(path) : StrikeJournal{};
  Parameters parameters = resumed ? rest_of(earlier, path) : values.strike.checked();
  MonitorSettings services = values.monitors.settings(parameters.passive ? "" : parameters.target);
  const WatchSettings device = values.watches.settings();
  values.strike.take_limits(parameters, services.limit);
  if (values.detached) return strike_detached(context, parameters);
  values.files.begin();
  const OwnedFd journal = path.empty() ? OwnedFd()
                          : resumed    ? append_to_journal(path)
                                       : new_journal(path);
  const EvidenceFiles evidence(values.evidence);
  Beside beside{Monitors(services, context.socket), DeviceWatches(device)};
  json raw = run_strike(context, parameters, evidence, journal, beside, path);
  const Seen seen{beside.monitors.reports(), beside.watches.reports()};
  if (journal)
    append_ruling(journal, protocol::from_json<protocol::Strike::Result>(raw), seen,
                  parameters.fail_on);
  if (resumed) {
    JournalPart& last = earlier.parts.emplace_back();
    last.begin.parameters = parameters;
    last.report = protocol::from_json<protocol::Strike::Result>(raw);
    raw = protocol::to_json(result_of(earlier));
  }
  return show_strike(context, std::move(raw), seen, parameters.fail_on, evidence, values.files,
                     path);
}

/// What is kept of it while it runs.
void add_journal(CLI::App& verb, Values& values) {
  verb.add_option(
          "--journal", values.journal,
          "append what is known, as it comes, to this new file: parameters, a row a second, "
          "findings, and the report; it outlives conkerctl and the daemon")
      ->type_name("FILE");
  CLI::Option* resume =
      verb.add_option("--resume", values.resume,
                      "do what is left of the strike of a journal, with its parameters; the report "
                      "is of the whole")
          ->type_name("FILE");
  for (CLI::Option* option : verb.get_options()) {
    if (option != resume && option != verb.get_help_ptr()) resume->excludes(option);
  }
}

/// All options from the `first` on are of what a client does that waits for the strike.
void add_detach(CLI::App& verb, std::size_t first, Values& values) {
  const std::vector<CLI::Option*> options = verb.get_options();
  CLI::Option* detach = verb.add_flag(
      "--detach", values.detached,
      "do not wait: the daemon keeps its journal, evidence and report, also when it is restarted "
      "(strike list, status, attach, stop, report). What conkerctl itself does beside a strike, as "
      "monitors and watches, is not for it");
  for (std::size_t i = first; i < options.size(); ++i) detach->excludes(options[i]);
}

}  // namespace

void add_strike_verb(CLI::App& app, Context& context) {
  const auto values = std::make_shared<Values>();
  CLI::App* verb = add_verb<protocol::Strike>(
      app, context, [&context, values] { return strike(context, *values); });
  values->strike.add(*verb);
  const std::size_t of_strike = verb->get_options().size();
  add_journal(*verb, *values);
  values->monitors.add(*verb);
  values->watches.add(*verb);
  verb->add_option("--evidence", values->evidence,
                   "write the frames around the first findings of each rule to this pcapng file, "
                   "and beside it the report as .json and .txt and a packet script of the worst, "
                   ".script; what "
                   "was in them is lost")
      ->type_name("FILE");
  values->files.add(*verb);
  values->replay.add(*verb);
  add_detach(*verb, of_strike, *values);
  add_strikes_verbs(*verb, context);
}

}  // namespace conker::ctl
