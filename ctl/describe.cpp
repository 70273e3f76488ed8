#include "ctl/describe.hpp"

#include <fmt/format.h>

#include <regex>

#include "ctl/scenario_schema.hpp"

namespace conker::ctl {
namespace {

/// Text in which scdoc finds no markup.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += ' ';
      continue;
    }
    if (std::string_view("\\*_#[]|<>~.-`'+").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

void add_option(std::string& out, const CLI::Option& option) {
  out += option.get_positional() ? fmt::format("_{}_", escaped(name_of(option)))
                                 : fmt::format("*{}*", escaped(name_of(option)));
  if (const std::string value = value_name(option); !value.empty() && !option.get_positional())
    out += fmt::format(" _{}_", escaped(value));
  out += fmt::format("\n\t{}", escaped(option.get_description()));
  if (const std::string preset = option.get_default_str(); !preset.empty())
    out += fmt::format(" (unless given: {})", escaped(preset));
  out += "\n\n";
}

void add_verb_text(std::string& out, const CLI::App& verb, const std::string& name) {
  out += fmt::format("## {}", name);
  for (const CLI::Option* one : options_of(verb, true))
    out += one->get_required() ? fmt::format(" {}", escaped(name_of(*one)))
                               : fmt::format(" [{}]", escaped(name_of(*one)));
  out += fmt::format("\n\n{}\n\n", escaped(verb.get_description()));
  for (const bool positional : {true, false})
    for (const CLI::Option* one : options_of(verb, positional))
      if (!one->check_name("--help")) add_option(out, *one);
  for (const CLI::App* own : verbs_of(verb))
    add_verb_text(out, *own, fmt::format("{} {}", name, own->get_name()));
}

/// The properties of a schema with what each is.
void add_keys(std::string& out, std::string_view title, const protocol::json& schema) {
  out += fmt::format("## {}\n\n", title);
  for (const auto& [name, property] : schema.at("properties").items())
    out += fmt::format("*{}*\n\t{}\n\n", escaped(name),
                       escaped(property.value("description", "see above")));
}

}  // namespace

std::vector<const CLI::App*> verbs_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* verb) { return !verb->get_group().empty(); });
}

std::vector<const CLI::Option*> options_of(const CLI::App& app, bool positional) {
  return app.get_options([positional](const CLI::Option* option) {
    return option->get_positional() == positional && !option->get_group().empty();
  });
}

std::string name_of(const CLI::Option& option) {
  if (option.get_positional()) return option.get_name(true);
  return option.get_lnames().empty() ? "-" + option.get_snames().front()
                                     : "--" + option.get_lnames().front();
}

std::string value_name(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return {};
  const std::string type = option.get_type_name();
  return type.substr(0, std::min(type.find(":{"), type.find(":INT")));
}

std::vector<std::string> choices_of(const CLI::Option& option) {
  // Of a check, as {fin,rst}; or at the end of the help, as it has them of the protocol.
  static const std::regex in_type(R"(\{([^}]*)\})");
  static const std::regex in_help(R"(: ([\w-]+(?:\|[\w-]+)+))");
  const std::string type = option.get_type_name(), help = option.get_description();
  std::smatch found;
  std::string list;
  if (std::regex_search(type, found, in_type) || std::regex_search(help, found, in_help))
    list = found[1];
  std::vector<std::string> choices;
  for (std::size_t at = 0; at < list.size();) {
    const std::size_t end = std::min(list.find_first_of(",|", at), list.size());
    choices.push_back(list.substr(at, end - at));
    at = end + 1;
  }
  return choices;
}

std::string verbs_for_manual(const CLI::App& app) {
  std::string out = "# OPTIONS\n\nOf every verb:\n\n";
  for (const CLI::Option* option : options_of(app, false)) add_option(out, *option);
  out += "# VERBS\n\n";
  for (const CLI::App* verb : verbs_of(app)) add_verb_text(out, *verb, verb->get_name());
  return out;
}

std::string scenario_keys_for_manual() {
  const protocol::json schema = scenario_schema();
  std::string out = "# KEYS\n\n";
  add_keys(out, "Of the file", schema);
  add_keys(out, "Of each of phases", schema.at("$defs").at("phase"));
  return out;
}

}  // namespace conker::ctl
