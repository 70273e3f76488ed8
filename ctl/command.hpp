// Common parts of all commands: options, and how a command is added to the command line.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "ctl/client.hpp"
#include "ctl/error.hpp"

namespace conker::ctl {

struct Context {
  std::string socket;
  bool json = false;
  std::optional<double> timeout;  // seconds for the whole command
  /// Set by the chosen command. Returns the exit code, throws Failure.
  std::function<int()> run;

  /// Connects to the daemon, for calls that it answers at once: without --timeout the command's
  /// deadline is Client::kAtOnce from here, so that a daemon that answers nobody does not hold it
  /// for ever.
  Client connect() const;
  /// The same for a command that waits for something: without --timeout there is no deadline.
  /// `grace` seconds are added to it for commands whose timeout the daemon enforces, since its
  /// error says more than "timed out".
  Client connect_to_wait(double grace = 0) const;
};

/// Adds a command with its help, and the function that runs it.
CLI::App* add_verb(CLI::App& app, Context& context, const std::string& name, std::string_view help,
                   std::function<int()> run);
/// Adds a command for a verb of the protocol, with its name and help.
template <typename V>
CLI::App* add_verb(CLI::App& app, Context& context, std::function<int()> run) {
  return add_verb(app, context, std::string(V::kName), V::kHelp, std::move(run));
}
/// The help of a parameter, with its default.
std::string help(const Parameter& parameter);
/// help_of(&Open::Parameters::local)
template <typename P, typename M>
std::string help_of(M P::*member) {
  return help(protocol::parameter_of(member));
}
/// The check of an option for this parameter.
template <typename P, typename M>
CLI::Range range_of(M P::*member) {
  const Parameter& parameter = protocol::parameter_of(member);
  return CLI::Range(parameter.min, parameter.max);
}

/// Has an option take a time with its unit, as parse_time_ms(); the option's value is in seconds.
CLI::Validator as_seconds(std::int64_t least_ms, std::int64_t most_ms);
/// Has an option take a size with its unit, as parse_size(), within the range of this parameter;
/// the option's value is in bytes.
CLI::Validator as_bytes(const Parameter& parameter);
/// The option --timeout.
CLI::Option* add_timeout(CLI::App& app, Context& context, const std::string& help);

/// Prints text for people to standard output, unless --quiet is given. A Failure when it is closed
/// or full.
void print(std::string_view text);
/// Prints what was asked for by its name.
void print_anyway(std::string_view text);
/// Prints one object on one line, also with --quiet.
void print_json(const json& object);
/// Prints a result: as received with --json, otherwise as the given text.
template <typename V, typename F>
int show(const Context& context, const Answer<V>& answer, F words) {
  if (context.json) {
    print_json(answer.raw);
  } else {
    print(words(answer.value));
  }
  return kExitDone;
}

// Each adds the commands of its file.
void add_connection_verbs(CLI::App& app, Context& context);  // open close abort list show
void add_byte_verbs(CLI::App& app, Context& context);        // send recv connect
void add_forward_verb(CLI::App& app, Context& context);      // forward
void add_service_verbs(CLI::App& app, Context& context);     // listen unlisten ping
void add_udp_verbs(CLI::App& app, Context& context);         // udp send, udp listen, resolve
void add_strike_verb(CLI::App& app, Context& context);       // strike
void add_report_verbs(CLI::App& app, Context& context);      // strike-report, report diff
void add_scenario_verbs(CLI::App& app, Context& context);    // scenario
void add_status_verbs(CLI::App& app, Context& context);      // status stats version log schema
void add_top_verb(CLI::App& app, Context& context);          // top
void add_watch_verb(CLI::App& app, Context& context);        // watch
void add_link_verbs(CLI::App& app, Context& context);        // capture fault

}  // namespace conker::ctl
