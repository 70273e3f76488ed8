// The command strike.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ctl/args.hpp"
#include "ctl/command.hpp"
#include "ctl/evidence.hpp"
#include "ctl/format.hpp"
#include "ctl/journal.hpp"
#include "ctl/monitor_options.hpp"
#include "ctl/monitor_report.hpp"
#include "ctl/replay_options.hpp"
#include "ctl/report_diff.hpp"
#include "ctl/report_files.hpp"
#include "ctl/strike_ending.hpp"
#include "ctl/strike_ladder.hpp"
#include "ctl/strike_parts.hpp"
#include "ctl/strike_replay.hpp"
#include "ctl/strike_report.hpp"
#include "ctl/strike_run.hpp"
#include "ctl/strike_verdict.hpp"
#include "ctl/watch_options.hpp"
#include "ctl/watch_report.hpp"

namespace conker::ctl {
namespace {

constexpr std::int64_t kDefaultMs = 10'000;

/// Adds one NAME=VALUE of --max to the call's parameters.
void parse_limit(const std::string& text, protocol::Strike::Parameters& parameters) {
  const std::size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  const std::string value = equals == std::string::npos ? "" : text.substr(equals + 1);
  const auto number = [](std::int64_t n) {
    return static_cast<std::uint32_t>(std::min<std::int64_t>(n, UINT32_MAX));
  };
  if (name == "failed") {
    parameters.max_failed_ppm = number(parse_share("--max failed", value));
  } else if (name == "retransmits") {
    parameters.max_retransmits_ppm = number(parse_share("--max retransmits", value));
  } else if (name == "connect_p99") {
    parameters.max_connect_p99_us = number(parse_duration("--max connect_p99", value));
  } else if (name == "close_p99") {
    parameters.max_close_p99_us = number(parse_duration("--max close_p99", value));
  } else {
    throw Failure(kExitUsage, fmt::format("--max {}: give failed, retransmits, connect_p99, "
                                          "close_p99 or monitor_outage, and a value, as "
                                          "failed=0.1%",
                                          text));
  }
}

// ---- The ways to close ----

constexpr const char* kWaysHelp =
    "how to end each one: fin (after the ACK of the handshake), fin-with-ack (on it), fin-late "
    "(after --hold), peer-first (after the peer's FIN), half-close (FIN, then read until the "
    "peer's), data-fin (on --payload bytes), unsent (more data than the window takes, reset after "
    "--hold), rst, rst-late, rst-unread (with data of the peer unread), abort-connecting (given up "
    "after the SYN; a RST answers the SYN-ACK), syn-silence (nothing more after the SYN-ACK, so "
    "that the peer keeps a half-open connection); and those that provoke the peer first, each "
    "--hold after the step before: "
    "rst-outside, rst-inside, syn-inside (a RST or SYN outside of its window or in it), ack-beyond "
    "(an ACK of what it has not sent), fin-early (the FIN before the data), fin-overlap (data sent "
    "twice, the second time with the FIN); and reopen (after the peer's FIN or --hold: every "
    "second cycle opens from the address and port of one before); and two that tell an echo but 64 "
    "bytes of window: window-small (all the time), window-shut (and no more before --hold is "
    "over); ack-silence (what the peer sends is not acknowledged before it has come four times); "
    "syn-data (every second SYN carries the payload, which is sent again after the handshake); "
    "data-to-closed (--payload bytes after the peer's FIN, to which the right answer of "
    "a closed application's TCP is a RST); and with --listen, and no other way, simultaneous-open "
    "(our SYN crosses that of the client)";

std::vector<std::string> all_ways() {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kWaysToClose; ++i)
    names.emplace_back(protocol::name_of(static_cast<WayToClose>(i)));
  return names;
}

/// A time in milliseconds, within the range of its parameter; nothing when none was given.
template <typename T>
void take_time(std::string_view option, const std::string& text,
               const protocol::Parameter& parameter, T& ms) {
  if (text.empty()) return;
  ms = static_cast<T>(parse_time_ms(option, text, parameter.min, parameter.max));
}

// ---- The command line ----

using P = protocol::Strike::Parameters;

struct Values {
  P parameters;
  std::string listen, concurrency, duration, ramp, hold, connect_timeout, close_timeout;
  std::string close = std::string(protocol::name_of(WayToClose::kFin));
  std::string expect = std::string(protocol::name_of(Expect::kNothing));
  std::string fail_on = std::string(protocol::name_of(verdict::Severity::kWeakness));
  std::vector<std::string> limits;
  std::string evidence, journal, resume;
  ReportFiles files;
  ReplayOptions replay;
  EndingValues ending;
  MonitorOptions monitors;
  WatchOptions watches;
};

/// "ADDRESS:PORT" of ours; a port alone is of the first address.
std::string own_endpoint(const std::string& text) {
  return text.find_first_not_of("0123456789") == std::string::npos ? "0.0.0.0:" + text : text;
}

P parameters_of(const Values& values) {
  P parameters = values.parameters;
  parameters.passive = !values.listen.empty();
  if (parameters.passive) parameters.target = own_endpoint(values.listen);
  check_endpoint(parameters.target);
  // Their names have been checked (CLI::IsMember).
  parameters.close = *protocol::choice_named<WayToClose>(values.close);
  parameters.expect = *protocol::choice_named<Expect>(values.expect);
  parameters.fail_on = *protocol::choice_named<verdict::Severity>(values.fail_on);
  take_concurrency(values.concurrency, parameters);
  if (!values.ramp.empty())
    take_time("--ramp", values.ramp, parameter_of(&P::ramp_ms), parameters.ramp_ms.emplace());
  take_time("--hold", values.hold, parameter_of(&P::hold_ms), parameters.hold_ms);
  take_time("--connect-timeout", values.connect_timeout, parameter_of(&P::connect_timeout_ms),
            parameters.connect_timeout_ms);
  take_time("--close-timeout", values.close_timeout, parameter_of(&P::close_timeout_ms),
            parameters.close_timeout_ms);
  take_ending(values.ending, parameters);
  if (!parameters.passive && parameters.cycles && !values.duration.empty())
    throw Failure(kExitUsage, "strike: --cycles or --duration: both are for --listen only");
  if (!values.duration.empty()) {
    take_time("--duration", values.duration, parameter_of(&P::duration_ms),
              parameters.duration_ms.emplace());
  } else if (!parameters.cycles) {
    parameters.duration_ms = kDefaultMs;
  }
  return parameters;
}

/// What was seen beside a strike.
struct Seen {
  std::vector<MonitorReport> monitors;
  std::vector<WatchReport> watches;
};

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

/// What was seen beside a strike belongs to the verdict, and the daemon does not know it.
void append_ruling(const OwnedFd& journal, const protocol::Strike::Result& result, const Seen& seen,
                   verdict::Severity fail_on) {
  if (seen.monitors.empty() && seen.watches.empty()) return;
  const Ruling made = ruling({result.verdict, result.why}, seen.monitors, seen.watches, fail_on);
  if (!append_to_journal(journal, {made.verdict, made.why}))
    std::fputs("conkerctl: the journal does not take what was seen beside the strike\n", stderr);
}

/// Prints the result with what was seen beside the strike, and writes it beside the evidence.
int show_strike(const Context& context, json raw, const Seen& seen, verdict::Severity fail_on,
                const EvidenceFiles& evidence, const ReportFiles& files,
                const std::string& journal) {
  auto result = protocol::from_json<protocol::Strike::Result>(raw);
  add_beside(raw, result, seen, fail_on);
  const std::string text = strike_report(result, {evidence.path(), journal}) +
                           monitors_report(seen.monitors) + watches_report(seen.watches);
  std::optional<std::string> unwritten =
      evidence.write_beside(raw, text + watched_lines(seen.watches));
  if (auto wrong = files.write(result, seen.monitors, seen.watches, evidence.path());
      wrong && !unwritten)
    unwritten = std::move(wrong);
  if (context.json) {
    print_json(raw);
  } else {
    print(text);
  }
  const Exit exit = exit_of(result.verdict);
  if (unwritten) throw Failure(exit == kExitDone ? kExitFailed : exit, *unwritten);
  return exit;
}

int strike(const Context& context, const Values& values) {
  if (values.replay.wanted())
    return replay(context, values.replay, values.parameters.cycles, values.evidence);
  const bool resumed = !values.resume.empty();
  if (!resumed && values.parameters.target.empty() && values.listen.empty())
    throw Failure(kExitUsage,
                  "strike: give HOST:PORT, or --listen PORT, or --resume FILE, or --replay FILE");
  const std::string& path = resumed ? values.resume : values.journal;
  StrikeJournal earlier = resumed ? read_journal(path) : StrikeJournal{};
  P parameters = resumed ? rest_of(earlier, path) : parameters_of(values);
  MonitorSettings services = values.monitors.settings(parameters.passive ? "" : parameters.target);
  const WatchSettings device = values.watches.settings();
  for (const std::string& limit : values.limits)
    if (!take_outage_limit(limit, services.limit)) parse_limit(limit, parameters);
  values.files.begin();
  const OwnedFd journal = path.empty() ? OwnedFd()
                          : resumed    ? append_to_journal(path)
                                       : new_journal(path);
  const EvidenceFiles evidence(values.evidence);
  parameters.evidence = evidence.wanted();
  parameters.journal = !path.empty();
  Passed passed;
  if (parameters.evidence) passed.push_back(evidence.fd());
  if (parameters.journal) passed.push_back(journal.get());
  Beside beside{Monitors(services, context.socket), DeviceWatches(device)};
  json raw = run_strike(context, parameters, passed, beside, path);
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

/// Prints what a journal knows.
int report_journal(const Context& context, const std::string& path, const ReportFiles& files) {
  json result = protocol::to_json(result_of(read_journal(path)));
  files.begin();
  return show_strike(context, std::move(result), {}, {}, EvidenceFiles(""), files, path);
}

/// How much, how fast, and for how long.
void add_load(CLI::App& verb, Values& values) {
  P& p = values.parameters;
  verb.add_option("--cycles", p.cycles, std::string(protocol::parameter_of(&P::cycles).help))
      ->type_name("N")
      ->check(range_of(&P::cycles));
  verb.add_option("--duration", values.duration,
                  "how long to open new ones: seconds, or a time as 90s or 8h (unless given, nor "
                  "--cycles: 10s). Both only with --listen: what comes first ends it")
      ->type_name("TIME");
  verb.add_option("--concurrency", values.concurrency,
                  "connections in flight at a time: a number (1 unless given), or auto to learn "
                  "what the target bears, by 1, 2, 4, ..., up to auto:MAX or "
                  "strike.max_concurrency of the configuration")
      ->type_name("N|auto|auto:MAX");
  verb.add_option("--max-opening", p.max_opening,
                  std::string(protocol::parameter_of(&P::max_opening).help) +
                      " (unless given: as many as are in flight)")
      ->type_name("N")
      ->check(range_of(&P::max_opening));
  CLI::Option* rate = verb.add_option("--rate", p.rate, help_of(&P::rate))
                          ->type_name("N")
                          ->check(range_of(&P::rate));
  verb.add_option("--ramp", values.ramp,
                  "how long the rate grows to that of --rate, from 0, in proportion to the time: a "
                  "time as 30s, up to 1h (unless given: at once)")
      ->type_name("TIME")
      ->needs(rate);
}

/// What each cycle does.
void add_ways(CLI::App& verb, Values& values) {
  P& p = values.parameters;
  CLI::Option* close = verb.add_option("--close", values.close, kWaysHelp)
                           ->type_name("HOW")
                           ->check(CLI::IsMember(all_ways()));
  verb.add_option("--mix", p.mix, std::string(protocol::parameter_of(&P::mix).help))
      ->type_name("HOW=WEIGHT,...")
      ->excludes(close);
  verb.add_option("--hold", values.hold,
                  "how long fin-late and rst-late keep a connection, unsent waits for what it has "
                  "sent, reopen for the peer's FIN, and data-to-closed for a RST: a time as 200ms "
                  "(unless given: 50ms)")
      ->type_name("TIME");
  verb.add_option("--payload", p.payload, help_of(&P::payload))
      ->type_name("BYTES")
      ->check(range_of(&P::payload));
  verb.add_option("--expect", values.expect, help_of(&P::expect))
      ->type_name("WHAT")
      ->check(CLI::IsMember({"none", "echo", "discard", "close"}));
  verb.add_option("--connect-timeout", values.connect_timeout,
                  "how long a handshake may take (unless given: 5s)")
      ->type_name("TIME");
  verb.add_option("--close-timeout", values.close_timeout,
                  "how long closing, or waiting for the peer, may take (unless given: 5s)")
      ->type_name("TIME");
}

/// What makes the verdict.
void add_judgement(CLI::App& verb, Values& values) {
  verb.add_flag("--unjudged", values.parameters.unjudged, help_of(&P::unjudged));
  verb.add_option("--fail-on", values.fail_on, help_of(&P::fail_on))
      ->type_name("SEVERITY")
      ->check(CLI::IsMember({"fault", "weakness", "note"}));
  verb.add_option(
          "--max", values.limits,
          "what makes the verdict fail when there is more of it: failed=SHARE of the "
          "cycles (0), retransmits=SHARE of the cycles (100%), connect_p99=TIME (with --rate "
          "from when the cycle was due), close_p99=TIME, monitor_outage=TIME (3 probes); SHARE as "
          "0.1%, TIME as 20ms. May "
          "be given more than once")
      ->type_name("NAME=VALUE");
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

void add_strike_verb(CLI::App& app, Context& context) {
  const auto values = std::make_shared<Values>();
  P& p = values->parameters;
  CLI::App* verb = add_verb<protocol::Strike>(
      app, context, [&context, values] { return strike(context, *values); });
  CLI::Option* target = verb->add_option("HOST:PORT", p.target, help_of(&P::target))->type_name("");
  verb->add_option(
          "--listen", values->listen,
          "strike whoever opens connections to this port of ours, as a device that is a "
          "client, and ends them by --close or --mix, of which abort-connecting, "
          "syn-silence, reopen, window-small, window-shut and syn-data are none; peers must "
          "be allowed by strike.allow. Without ADDRESS the first one of ours")
      ->type_name("[ADDRESS:]PORT")
      ->excludes(target);
  add_load(*verb, *values);
  add_ways(*verb, *values);
  add_judgement(*verb, *values);
  add_ending(*verb, values->ending);
  verb->add_option("--seed", p.seed, help_of(&P::seed))->type_name("N");
  verb->add_option("--from-port", p.from_port, help_of(&P::from_port))
      ->type_name("PORT")
      ->check(range_of(&P::from_port));
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

  const auto path = std::make_shared<std::string>();
  const auto files = std::make_shared<ReportFiles>();
  CLI::App* report =
      add_verb(app, context, "strike-report",
               "Report what the journal of a strike knows: all of it, or up to where "
               "the daemon or the file ended",
               [&context, path, files] { return report_journal(context, *path, *files); });
  report->add_option("FILE", *path, "the journal of a strike (strike --journal)")
      ->required()
      ->type_name("");
  files->add(*report);
  add_report_verb(app, context);
}

}  // namespace conker::ctl
