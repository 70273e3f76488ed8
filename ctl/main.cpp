// conkerctl: sends calls to a running conkerd and prints the results.
#include <fmt/format.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/near.hpp"
#include "ctl/command.hpp"
#include "ctl/completion.hpp"
#include "ctl/describe.hpp"
#include "ctl/error.hpp"
#include "ctl/verbosity.hpp"
#include "protocol/standard_streams.hpp"

namespace conker::ctl {
namespace {

constexpr const char* kFooter =
    "Exit codes: 0 done, 1 the daemon refused or failed it, 2 usage, 3 connection refused, 4 timed "
    "out,\n"
    "5 no daemon at the socket. `conkerctl help VERB` tells more about a verb.";

/// The verb that was named, or its own verb that was.
const CLI::App& named_verb(const CLI::App& app) {
  const CLI::App* named = &app;
  while (!named->get_subcommands().empty()) named = named->get_subcommands().front();
  return *named;
}

/// What could stand in place of a word that is not known there: options, or verbs.
std::vector<std::string> known_at(const CLI::App& app, const std::string& word) {
  std::vector<std::string> known;
  if (!word.starts_with('-')) {
    for (const CLI::App* verb :
         named_verb(app).get_subcommands([](const CLI::App*) { return true; }))
      known.push_back(verb->get_name());
    return known;
  }
  for (const CLI::App* at = &named_verb(app); at != nullptr; at = at->get_parent())
    for (const CLI::Option* option : at->get_options())
      if (!option->get_lnames().empty()) known.push_back("--" + option->get_lnames().front());
  return known;
}

/// One line: what is wrong, and where to look.
std::string usage_error(const CLI::App& app, const CLI::Error& error) {
  std::string verb;
  for (const CLI::App* at = &named_verb(app); at != &app; at = at->get_parent())
    verb = " " + at->get_name() + verb;
  const std::string help = fmt::format(": see conkerctl{} --help", verb);
  const std::vector<std::string> unknown = app.remaining(true);
  if (unknown.empty()) return fmt::format("{}: see conkerctl --help", error.what());
  const std::string& word = unknown.front();
  const bool option = word.starts_with('-');
  std::string text = option         ? fmt::format("there is no option {}", word)
                     : verb.empty() ? fmt::format("there is no verb {}", word)
                                    : fmt::format("conkerctl{} does not take {}", verb, word);
  const std::vector<std::string> known = known_at(app, word);
  const std::vector<std::string_view> words(known.begin(), known.end());
  if (const std::string near = config::near_word(word, words); !near.empty())
    text += fmt::format(", did you mean {}?", near);
  return text + help;
}

/// Prints the help of a verb, by its words; without words that of the program.
int show_help(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App* verb = &app;
  std::string name = app.get_name();
  for (const std::string& word : words) {
    const auto verbs = verb->get_subcommands([](const CLI::App*) { return true; });
    const auto found =
        std::ranges::find(verbs, word, [](const CLI::App* one) { return one->get_name(); });
    verb = found == verbs.end() ? nullptr : *found;
    if (verb == nullptr)
      throw Failure(kExitUsage, fmt::format("{} has no verb {}: see {} --help", name, word, name));
    name += " " + word;
  }
  print_anyway(app.get_formatter()->make_help(verb, name, CLI::AppFormatMode::Normal));
  return kExitDone;
}

void add_help_verb(CLI::App& app, Context& context) {
  const auto words = std::make_shared<std::vector<std::string>>();
  add_verb(app, context, "help", "Explain a verb, as VERB --help does",
           [&app, words] { return show_help(app, *words); })
      ->add_option("VERB", *words, "its name, and the name of its own verb if it has any")
      ->type_name("");
}

/// Whether --json is given, also where the rest of the command line is wrong.
bool wants_json(int argc, char** argv) {
  const auto is_it = [](const char* argument) { return std::string_view(argument) == "--json"; };
  return std::any_of(argv, argv + argc, is_it);
}

void report(const Context& context, int exit, const char* message) {
  std::fprintf(stderr, "conkerctl: %s\n", message);
  if (!context.json) return;
  // With --json every outcome is one object.
  try {
    print_json({{"error", {{"exit", exit}, {"message", message}}}});
  } catch (const Failure&) {
    std::fputs("conkerctl: standard output is closed\n", stderr);
  }
}

/// What shells and the build ask, and people do not, so that no help has it: `complete -- WORD...`
/// (the last word is incomplete), `manual verbs`, `manual scenario`. False for another command.
bool serve_tools(const CLI::App& app, const Context& context, std::vector<std::string> words) {
  if (words.size() < 2 || (words[0] != "complete" && words[0] != "manual")) return false;
  if (words[0] == "complete" && words[1] == "--") {
    words.erase(words.begin(), words.begin() + 2);
    print(completions(app, context.socket, words));
  } else if (words[1] == "verbs") {
    print(verbs_for_manual(app));
  } else if (words[1] == "scenario") {
    print(scenario_keys_for_manual());
  } else {
    return false;
  }
  return true;
}

int run(int argc, char** argv) {
  CLI::App app("conkerctl: opens, shows, closes and strikes TCP connections through conkerd",
               "conkerctl");
  Context context;
  const char* from_environment = std::getenv("CONKER_SOCKET");
  context.socket = from_environment != nullptr ? from_environment : std::string(kDefaultSocket);
  app.add_option("--socket", context.socket, "the daemon's control socket; also from CONKER_SOCKET")
      ->type_name("PATH")
      ->capture_default_str();
  app.add_option_function<std::string>(
         "--instance",
         [&context](const std::string& name) {
           context.socket = "/run/conker-" + name + "/conkerd.sock";
         },
         "the daemon of conkerd@NAME.service: its socket below /run/conker-NAME")
      ->type_name("NAME")
      ->excludes("--socket");
  app.add_flag("--json", context.json, "print one JSON object instead of text for people");
  app.add_flag_callback(
      "-q,--quiet", [] { verbosity = Verbosity::kQuiet; },
      "print errors only, and what --json prints: the exit code tells the outcome");
  app.add_flag_callback(
         "-v,--verbose", [] { verbosity = Verbosity::kVerbose; },
         "also show each message to and from the daemon, with its time, on standard error")
      ->excludes("--quiet");
  add_timeout(app, context,
              "how long the whole command may take: seconds, or a time as 90s or 5min; then it "
              "ends with 4, but a strike is stopped and reports");
  app.set_version_flag("--version", "conkerctl " CONKER_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->label("SUBCOMMAND", "VERB");
  app.footer(kFooter);
  add_status_verbs(app, context);
  add_connection_verbs(app, context);
  add_byte_verbs(app, context);
  add_forward_verb(app, context);
  add_service_verbs(app, context);
  add_udp_verbs(app, context);
  add_strike_verb(app, context);
  add_top_verb(app, context);
  add_watch_verb(app, context);
  add_report_verbs(app, context);
  add_scenario_verbs(app, context);
  add_link_verbs(app, context);
  add_help_verb(app, context);

  if (argc > 1 && serve_tools(app, context, {argv + 1, argv + argc})) return kExitDone;

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) {
      context.json = wants_json(argc, argv);
      report(context, kExitUsage, usage_error(app, error).c_str());
      return kExitUsage;
    }
    app.exit(error, std::cout, std::cerr);
    if (std::cout.flush()) return kExitDone;
    std::fprintf(stderr, "conkerctl: standard output: %s\n", std::strerror(errno));
    return kExitFailed;
  }
  try {
    return context.run();
  } catch (const Failure& failure) {
    report(context, failure.exit(), failure.what());
    return failure.exit();
  } catch (const std::exception& error) {
    // The daemon's message does not fit this version.
    report(context, kExitFailed, error.what());
    return kExitFailed;
  }
}

}  // namespace
}  // namespace conker::ctl

int main(int argc, char** argv) {
  conker::ctl::open_standard_streams();
  conker::ZoneNames::of_process().learn();  // which links there are, the daemon knows
  // A reader of the output may stop early (`conkerctl list | head -1`): the program then ends
  // silently, as others do, even if it was started with SIGPIPE ignored.
  ::signal(SIGPIPE, SIG_DFL);
  return conker::ctl::run(argc, argv);
}
