#include "ctl/command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "ctl/args.hpp"
#include "ctl/verbosity.hpp"

namespace conker::ctl {

namespace {

Deadline in_seconds(double seconds) {
  return std::chrono::steady_clock::now() +
         std::chrono::duration_cast<std::chrono::steady_clock::duration>(
             std::chrono::duration<double>(seconds));
}

/// An option that a verb's subcommand does not have falls through to the verb, where it would do
/// nothing.
void refuse_own_options(const CLI::App& verb) {
  for (const CLI::Option* option : verb.get_options()) {
    if (option->count() == 0) continue;
    throw CLI::ValidationError(fmt::format("{} {}: {} is not for it", verb.get_name(),
                                           verb.get_subcommands().front()->get_name(),
                                           option->get_name()));
  }
}

}  // namespace

Client Context::connect() const {
  return Client(socket, in_seconds(timeout.value_or(Client::kAtOnce)));
}

Client Context::connect_to_wait(double grace) const {
  return Client(socket, timeout ? in_seconds(*timeout + grace) : Deadline());
}

CLI::App* add_verb(CLI::App& app, Context& context, const std::string& name, std::string_view help,
                   std::function<int()> run) {
  CLI::App* verb = app.add_subcommand(name, std::string(help));
  verb->fallthrough();
  verb->group("Verbs");
  verb->footer(
      "Options of every verb: --socket PATH, --json, --timeout TIME (see conkerctl --help)");
  if (run) {
    verb->callback([&context, verb, run = std::move(run)] {
      if (verb->get_subcommands().empty()) {
        context.run = run;
      } else {
        refuse_own_options(*verb);
      }
    });
  }
  return verb;
}

std::string help(const Parameter& parameter) {
  std::string text(parameter.help);
  if (!parameter.choices.empty()) text += fmt::format(": {}", parameter.choices);
  if (!parameter.fallback.empty()) text += fmt::format(" (unless given: {})", parameter.fallback);
  if (parameter.preset) text += fmt::format(" (unless given: {})", *parameter.preset);
  return text;
}

namespace {

/// A validator that replaces the text of an option by a number.
CLI::Validator replaced_by(std::function<std::string(const std::string&)> number) {
  return {[number = std::move(number)](std::string& text) {
            try {
              text = number(text);
              return std::string();
            } catch (const Failure& failure) {
              return std::string(failure.what());
            }
          },
          ""};
}

}  // namespace

CLI::Validator as_seconds(std::int64_t least_ms, std::int64_t most_ms) {
  return replaced_by([least_ms, most_ms](const std::string& text) {
    const std::int64_t ms = parse_time_ms("", text, least_ms, most_ms);
    return fmt::format("{}.{:03}", ms / 1000, ms % 1000);
  });
}

CLI::Validator as_bytes(const Parameter& parameter) {
  return replaced_by([least = parameter.min, most = parameter.max](const std::string& text) {
    return std::to_string(parse_size("", text, least, most));
  });
}

CLI::Option* add_timeout(CLI::App& app, Context& context, const std::string& help) {
  constexpr std::int64_t kLongestMs = 1'000'000'000;
  return app.add_option("--timeout", context.timeout, help)
      ->type_name("TIME")
      ->transform(as_seconds(1, kLongestMs));
}

void print(std::string_view text) {
  if (verbosity != Verbosity::kQuiet) print_anyway(text);
}

void print_anyway(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(STDOUT_FILENO, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw Failure(kExitFailed, fmt::format("standard output: {}", std::strerror(errno)));
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

void print_json(const json& object) {
  print_anyway(object.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}

}  // namespace conker::ctl
