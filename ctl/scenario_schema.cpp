#include "ctl/scenario_schema.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "ctl/scenario.hpp"
#include "ctl/scenario_keys.hpp"
#include "ctl/scenario_options.hpp"
#include "ctl/scenario_reader.hpp"

namespace conker::ctl {
namespace {

using protocol::json;
using Parameters = protocol::Strike::Parameters;

constexpr const char* kNamePattern = "^[A-Za-z0-9._-]{1,32}$";
const json kText{{"type", {"string", "number"}}};

/// A number of seconds, or a number with its unit.
json time_schema() {
  return {{"type", {"string", "number"}},
          {"pattern", "^[0-9]+([.][0-9]+)?(us|ms|s|min|h|d)?$"},
          {"minimum", 0}};
}

json reference(const char* to) {
  return {{"$ref", std::string("#/$defs/") + to}};
}

/// The parameter of the protocol that an option sets, if it has its name; null for others.
const Parameter* parameter_named(std::string_view key) {
  std::string name(key);
  std::ranges::replace(name, '-', '_');
  const auto& all = protocol::kParameters<Parameters>;
  const auto found = std::ranges::find(all, std::string_view(name), &Parameter::name);
  return found == all.end() ? nullptr : &*found;
}

json choices_schema(std::string_view choices) {
  json names = json::array();
  for (std::size_t i = 0; !choice_at(choices, i).empty(); ++i)
    names.push_back(choice_at(choices, i));
  return {{"enum", names}};
}

/// One value of an option.
json value_schema(std::string_view key, const CLI::Option& option) {
  const Parameter* const parameter = parameter_named(key);
  const std::string type = option.get_type_name();
  if (type == "TIME") return time_schema();
  if (parameter == nullptr) return kText;
  if (!parameter->choices.empty()) return choices_schema(parameter->choices);
  // Of another form than the parameter: "auto", "64KiB".
  const bool plain = type.find('|') == std::string::npos && !type.starts_with("BYTES");
  if (parameter->type != Type::kInteger || !plain) return kText;
  json number{{"type", "integer"}, {"minimum", parameter->min}};
  if (parameter->max != INT64_MAX) number["maximum"] = parameter->max;
  return number;
}

json option_schema(std::string_view key, const CLI::Option& option) {
  json schema;
  if (OptionKeys::is_flag(option)) {
    schema["type"] = "boolean";
  } else {
    json forms = json::array({value_schema(key, option)});
    if (OptionKeys::is_list(option))
      forms.push_back({{"type", "array"}, {"items", forms.front()}, {"minItems", 1}});
    if (option.get_type_name().find('=') != std::string::npos)
      forms.push_back({{"type", "object"}, {"additionalProperties", kText}, {"minProperties", 1}});
    schema = forms.size() == 1 ? forms.front() : json{{"anyOf", forms}};
  }
  schema["description"] = option.get_description();
  return schema;
}

/// The value of a key that is none of the options.
json key_schema(std::string_view key) {
  if (key == "name") return {{"type", "string"}, {"pattern", kNamePattern}};
  if (key == "about") return {{"type", "string"}, {"minLength", 1}};
  if (key == "pause") return time_schema();
  if (key == "faults") return reference("faults");
  if (key == "defaults") return reference("defaults");
  if (key == "counts" || key == "stop-on-failure") return {{"type", "boolean"}};
  if (key == "seed") return {{"type", "integer"}, {"minimum", 0}};
  if (key == "repeat")
    return {{"type", "integer"}, {"minimum", 1}, {"maximum", Scenario::kMostStrikes}};
  if (key == "targets") {
    return {{"type", "object"},
            {"propertyNames", {{"pattern", "^[^:= ]+$"}}},
            {"additionalProperties", {{"type", {"string", "null"}}}}};
  }
  if (key == "phases") {
    return {{"type", "array"},
            {"items", reference("phase")},
            {"minItems", 1},
            {"maxItems", Scenario::kMostListed}};
  }
  return {{"type", "string"}, {"minLength", 1}};
}

/// A mapping with these keys and those of the options, and no others.
json mapping(std::span<const ScenarioKey> own, const OptionKeys& options) {
  json properties;
  for (const ScenarioKey& key : own) {
    json& schema = properties[std::string(key.name)] = key_schema(key.name);
    schema["description"] = key.help;
  }
  for (const std::string_view key : options.names())
    properties[std::string(key)] = option_schema(key, *options.find(key));
  return {{"type", "object"}, {"additionalProperties", false}, {"properties", properties}};
}

json faults_schema() {
  json properties;
  for (const std::string_view key : fault_keys()) properties[std::string(key)] = kText;
  return {{"type", "object"}, {"additionalProperties", false}, {"properties", properties}};
}

}  // namespace

json scenario_schema() {
  json schema = mapping(kScenarioKeys, OptionKeys::of<BesideOptions>());
  schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  schema["title"] = "A scenario of conkerctl";
  schema["required"] = {"name", "phases"};
  json phase = mapping(kPhaseKeys, OptionKeys::of<PhaseOptions>());
  phase["required"] = {"name"};
  schema["$defs"] = {{"phase", std::move(phase)},
                     {"defaults", mapping(kDefaultKeys, OptionKeys::of<PhaseOptions>())},
                     {"faults", faults_schema()}};
  return schema;
}

}  // namespace conker::ctl
