#include "ctl/strike_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "ctl/args.hpp"
#include "ctl/command.hpp"
#include "ctl/strike_ladder.hpp"

namespace conker::ctl {
namespace {

using Parameters = protocol::Strike::Parameters;

constexpr std::int64_t kDefaultMs = 10'000;

/// Adds one NAME=VALUE of --max to the call's parameters.
void parse_limit(const std::string& text, Parameters& parameters) {
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

/// "ADDRESS:PORT" of ours; a port alone is of the first address.
std::string own_endpoint(const std::string& text) {
  return text.find_first_not_of("0123456789") == std::string::npos ? "0.0.0.0:" + text : text;
}

/// How much, how fast, and for how long.
void add_load(CLI::App& verb, StrikeOptions& options) {
  Parameters& p = options.parameters;
  verb.add_option("--cycles", p.cycles,
                  std::string(protocol::parameter_of(&Parameters::cycles).help))
      ->type_name("N")
      ->check(range_of(&Parameters::cycles));
  verb.add_option("--duration", options.duration,
                  "how long to open new ones: seconds, or a time as 90s or 8h (unless given, nor "
                  "--cycles: 10s). Both only with --listen: what comes first ends it")
      ->type_name("TIME");
  verb.add_option("--concurrency", options.concurrency,
                  "connections in flight at a time: a number (1 unless given), or auto to learn "
                  "what the target bears, by 1, 2, 4, ..., up to auto:MAX or "
                  "strike.max_concurrency of the configuration")
      ->type_name("N|auto|auto:MAX");
  verb.add_option("--max-opening", p.max_opening,
                  std::string(protocol::parameter_of(&Parameters::max_opening).help) +
                      " (unless given: as many as are in flight)")
      ->type_name("N")
      ->check(range_of(&Parameters::max_opening));
  CLI::Option* rate = verb.add_option("--rate", p.rate, help_of(&Parameters::rate))
                          ->type_name("N")
                          ->check(range_of(&Parameters::rate));
  verb.add_option("--ramp", options.ramp,
                  "how long the rate grows to that of --rate, from 0, in proportion to the time: a "
                  "time as 30s, up to 1h (unless given: at once)")
      ->type_name("TIME")
      ->needs(rate);
}

/// What each cycle does.
void add_ways(CLI::App& verb, StrikeOptions& options) {
  Parameters& p = options.parameters;
  CLI::Option* close = verb.add_option("--close", options.close, kWaysHelp)
                           ->type_name("HOW")
                           ->check(CLI::IsMember(all_ways()));
  verb.add_option("--mix", p.mix, std::string(protocol::parameter_of(&Parameters::mix).help))
      ->type_name("HOW=WEIGHT,...")
      ->excludes(close);
  verb.add_option("--hold", options.hold,
                  "how long fin-late and rst-late keep a connection, unsent waits for what it has "
                  "sent, reopen for the peer's FIN, and data-to-closed for a RST: a time as 200ms "
                  "(unless given: 50ms)")
      ->type_name("TIME");
  verb.add_option("--payload", p.payload,
                  help_of(&Parameters::payload) + ": bytes, or a size as 64KiB or 64k")
      ->type_name("BYTES")
      ->transform(as_bytes(protocol::parameter_of(&Parameters::payload)));
  verb.add_option("--expect", options.expect, help_of(&Parameters::expect))
      ->type_name("WHAT")
      ->check(CLI::IsMember({"none", "echo", "discard", "close"}));
  verb.add_option("--connect-timeout", options.connect_timeout,
                  "how long a handshake may take (unless given: 5s)")
      ->type_name("TIME");
  verb.add_option("--close-timeout", options.close_timeout,
                  "how long closing, or waiting for the peer, may take (unless given: 5s)")
      ->type_name("TIME");
}

/// What makes the verdict.
void add_judgement(CLI::App& verb, StrikeOptions& options) {
  verb.add_flag("--unjudged", options.parameters.unjudged, help_of(&Parameters::unjudged));
  verb.add_option("--fail-on", options.fail_on, help_of(&Parameters::fail_on))
      ->type_name("SEVERITY")
      ->check(CLI::IsMember({"fault", "weakness", "note"}));
  verb.add_option(
          "--max", options.limits,
          "what makes the verdict fail when there is more of it: failed=SHARE of the "
          "cycles (0), retransmits=SHARE of the cycles (100%), connect_p99=TIME (with --rate "
          "from when the cycle was due), close_p99=TIME, monitor_outage=TIME (3 probes); SHARE as "
          "0.1%, TIME as 20ms. May "
          "be given more than once")
      ->type_name("NAME=VALUE");
}

}  // namespace

void StrikeOptions::add(CLI::App& verb) {
  CLI::Option* target =
      verb.add_option("HOST:PORT", parameters.target, help_of(&Parameters::target))->type_name("");
  verb.add_option(
          "--listen", listen,
          "strike whoever opens connections to this port of ours, as a device that is a "
          "client, and ends them by --close or --mix, of which abort-connecting, "
          "syn-silence, reopen, window-small, window-shut and syn-data are none; peers must "
          "be allowed by strike.allow. Without ADDRESS the first one of ours")
      ->type_name("[ADDRESS:]PORT")
      ->excludes(target);
  add_load(verb, *this);
  add_ways(verb, *this);
  add_judgement(verb, *this);
  add_ending(verb, ending);
  verb.add_option("--seed", parameters.seed, help_of(&Parameters::seed))->type_name("N");
  verb.add_option("--from-port", parameters.from_port, help_of(&Parameters::from_port))
      ->type_name("PORT")
      ->check(range_of(&Parameters::from_port));
}

Parameters StrikeOptions::checked() const {
  Parameters made = parameters;
  made.passive = !listen.empty();
  if (made.passive) made.target = own_endpoint(listen);
  check_endpoint(made.target);
  // Their names have been checked (CLI::IsMember).
  made.close = *protocol::choice_named<WayToClose>(close);
  made.expect = *protocol::choice_named<Expect>(expect);
  made.fail_on = *protocol::choice_named<verdict::Severity>(fail_on);
  take_concurrency(concurrency, made);
  if (!ramp.empty())
    take_time("--ramp", ramp, parameter_of(&Parameters::ramp_ms), made.ramp_ms.emplace());
  take_time("--hold", hold, parameter_of(&Parameters::hold_ms), made.hold_ms);
  take_time("--connect-timeout", connect_timeout, parameter_of(&Parameters::connect_timeout_ms),
            made.connect_timeout_ms);
  take_time("--close-timeout", close_timeout, parameter_of(&Parameters::close_timeout_ms),
            made.close_timeout_ms);
  take_ending(ending, made);
  if (!made.passive && made.cycles && !duration.empty())
    throw Failure(kExitUsage, "strike: --cycles or --duration: both are for --listen only");
  if (!duration.empty()) {
    take_time("--duration", duration, parameter_of(&Parameters::duration_ms),
              made.duration_ms.emplace());
  } else if (!made.cycles) {
    made.duration_ms = kDefaultMs;
  }
  return made;
}

void StrikeOptions::take_limits(Parameters& into, OutageLimit& outage) const {
  for (const std::string& limit : limits)
    if (!take_outage_limit(limit, outage)) parse_limit(limit, into);
}

}  // namespace conker::ctl
