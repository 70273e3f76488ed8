// What all verbs of the CLI share: the options of every verb, and how a verb is added to the
// command line.
#pragma once

#include <CLI/CLI.hpp>
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
  std::optional<double> timeout;  // seconds that the whole command may take
  /// Set by the verb that was chosen. Gives the exit code, throws Failure.
  std::function<int()> run;

  /// Connects to the daemon. The time of the command begins here; `grace` seconds are added for
  /// commands whose time the daemon watches itself, since it has more to say than "timed out".
  Client connect(double grace = 0) const;
};

/// A verb with its help from the table (or `help`), and the function that it runs.
CLI::App* add_verb(CLI::App& app, Context& context, const std::string& name, std::string_view help,
                   std::function<int()> run);
/// A verb of the protocol by its name and help.
template <typename V>
CLI::App* add_verb(CLI::App& app, Context& context, std::function<int()> run) {
  return add_verb(app, context, std::string(V::kName), V::kHelp, std::move(run));
}
/// The help of a parameter, with what holds when it is not given.
std::string help(const Parameter& parameter);
/// help_of(&Open::Parameters::local)
template <typename P, typename M>
std::string help_of(M P::*member) {
  return help(protocol::parameter_of(member));
}
/// What an option for this parameter may be.
template <typename P, typename M>
CLI::Range range_of(M P::*member) {
  const Parameter& parameter = protocol::parameter_of(member);
  return CLI::Range(parameter.min, parameter.max);
}

/// Text to standard output. A Failure when that is closed or full.
void print(std::string_view text);
/// One object on one line.
void print_json(const json& object);
/// A result as it came with --json, and otherwise in these words.
template <typename V, typename F>
int show(const Context& context, const Answer<V>& answer, F words) {
  if (context.json) {
    print_json(answer.raw);
  } else {
    print(words(answer.value));
  }
  return kExitDone;
}

// Each adds the verbs of its file.
void add_connection_verbs(CLI::App& app, Context& context);  // open close abort list show
void add_byte_verbs(CLI::App& app, Context& context);        // send recv connect
void add_service_verbs(CLI::App& app, Context& context);     // listen unlisten ping
void add_udp_verbs(CLI::App& app, Context& context);         // udp send, udp listen, resolve
void add_strike_verb(CLI::App& app, Context& context);       // strike
void add_status_verbs(CLI::App& app, Context& context);      // status stats version log schema
void add_link_verbs(CLI::App& app, Context& context);        // capture fault

}  // namespace conker::ctl
