#include "daemon/control/rpc.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/check.hpp"
#include "protocol/verbs.hpp"

namespace conker::daemon {
namespace {

using protocol::Code;

constexpr int kMaxDepth = 8;
constexpr std::size_t kMaxIdText = 64;

/// Whether the nesting exceeds kMaxDepth. Checked before the line is parsed, so that the parser's
/// own limits do not matter.
bool too_deep(std::string_view line) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

protocol::Type type_of(const json& value) {
  switch (value.type()) {
    case json::value_t::boolean:
      return protocol::Type::kBoolean;
    case json::value_t::number_integer:
    case json::value_t::number_unsigned:
      return protocol::Type::kInteger;
    case json::value_t::number_float:
      return protocol::Type::kNumber;
    case json::value_t::string:
      return protocol::Type::kString;
    case json::value_t::array:
      return protocol::Type::kList;
    default:
      return protocol::Type::kObject;
  }
}

/// Integers above INT64_MAX become INT64_MAX, which the parameter's range then refuses or allows.
std::int64_t integer_of(const json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    return number > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(number);
  }
  if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

/// The error of the parameters; nothing when they are valid.
std::optional<std::string> check_parameters(const protocol::Verb& verb, const json& params) {
  const protocol::Finding finding = protocol::check(verb.parameters, given_in(params));
  if (finding.wrong == protocol::Wrong::kNothing) return std::nullopt;
  std::array<char, 400> text{};
  return std::string(protocol::explain(verb.name, verb.parameters, finding, text));
}

bool good_id(const json& id) {
  return id.is_null() || id.is_number_integer() ||
         (id.is_string() && id.get_ref<const std::string&>().size() <= kMaxIdText);
}

/// Lists the fields of a result; nested ones have dotted names.
class ListFields final : public protocol::FieldSink {
 public:
  void field(std::string_view name, protocol::Type type, const About& about) override {
    protocol::Schema::Field entry{within_ + std::string(name), std::string(to_string(type)),
                                  std::string(about.help), std::nullopt};
    if (about.unit != Unit::kPlain) entry.unit = to_string(about.unit);
    fields.push_back(std::move(entry));
  }
  void enter(std::string_view name) override {
    names_.push_back(within_.size());
    within_ += std::string(name) + ".";
  }
  void leave() override {
    within_.resize(names_.back());
    names_.pop_back();
  }

  std::vector<protocol::Schema::Field> fields;

 private:
  std::string within_;
  std::vector<std::size_t> names_;  // lengths of within_ before each name
};

protocol::Schema::Parameter entry_of(const protocol::Parameter& parameter) {
  protocol::Schema::Parameter entry;
  entry.name = parameter.name;
  entry.type = to_string(parameter.type);
  entry.required = parameter.need == protocol::Need::kRequired;
  entry.help = parameter.help;
  if (parameter.preset) entry.fallback = std::to_string(*parameter.preset);
  if (!parameter.fallback.empty()) entry.fallback = parameter.fallback;
  if (!parameter.choices.empty()) entry.choices = parameter.choices;
  if (parameter.type == protocol::Type::kInteger) {
    entry.min = parameter.min;
    entry.max = parameter.max;
  }
  return entry;
}

template <typename E>
protocol::Schema::Event entry_of(std::string_view kind) {
  ListFields list;
  protocol::describe<protocol::EventHead>(list);
  protocol::describe<E>(list);
  return {std::string(kind), std::string(E::kHelp), std::move(list.fields)};
}

std::string_view words_for(protocol::Descriptor descriptor) {
  switch (descriptor) {
    case protocol::Descriptor::kNone:
      return "none";
    case protocol::Descriptor::kToDaemon:
      return "with the request";
    case protocol::Descriptor::kToDaemonIfAsked:
      return "with the request, if a parameter asks for it";
    case protocol::Descriptor::kToClient:
      return "with a notification before the result";
  }
  return "none";
}

std::string_view word_for(protocol::Effect effect) {
  constexpr std::array<std::string_view, 3> kWords{"reads", "asks", "changes"};
  return kWords[static_cast<std::size_t>(effect)];
}

}  // namespace

std::vector<protocol::Given> given_in(const json& params) {
  std::vector<protocol::Given> given;
  given.reserve(params.size());
  for (const auto& [name, value] : params.items()) {
    protocol::Given one{name, type_of(value), integer_of(value), {}};
    if (value.is_string()) one.text = value.get_ref<const std::string&>();
    given.push_back(one);
  }
  return given;
}

std::variant<Request, BadRequest> parse_request(std::string_view line) {
  BadRequest bad;
  const auto refused = [&](std::string why, Code code = Code::kInvalidRequest) {
    bad.code = code;
    bad.message = std::move(why);
    return bad;
  };
  if (too_deep(line))
    return refused(fmt::format("nested more than {} deep: no request needs that", kMaxDepth));
  json message = json::parse(line, nullptr, false);
  if (message.is_discarded())
    return refused("not JSON in UTF-8: send one request a line", Code::kParse);
  if (message.is_array()) return refused("batches are not taken: send one request a line");
  if (!message.is_object()) {
    return refused(
        "not an object: a request is {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}");
  }
  if (const auto id = message.find("id"); id == message.end()) {
    bad.notification = true;
  } else if (good_id(*id)) {
    bad.id = *id;
  } else {
    return refused(
        fmt::format("id must be an integer or a string of at most {} bytes", kMaxIdText));
  }
  if (const auto version = message.find("jsonrpc"); version == message.end() || *version != "2.0")
    return refused("jsonrpc must be \"2.0\"");
  const auto method = message.find("method");
  if (method == message.end() || !method->is_string())
    return refused("method must be the name of a verb");
  const std::string& name = method->get_ref<const std::string&>();
  Request request;
  request.verb = protocol::find_verb(name);
  if (request.verb == nullptr) {
    return refused(
        fmt::format("there is no verb {}: ask for schema to see them all", name.substr(0, 40)),
        Code::kUnknownVerb);
  }
  if (const auto params = message.find("params"); params != message.end()) {
    if (!params->is_object()) {
      return refused(fmt::format("{}: params must be an object, by name", request.verb->name),
                     Code::kInvalidParameters);
    }
    request.params = std::move(*params);
  }
  if (auto wrong = check_parameters(*request.verb, request.params))
    return refused(std::move(*wrong), Code::kInvalidParameters);
  request.id = std::move(bad.id);
  request.notification = bad.notification;
  return request;
}

std::string result_line(const json& id, const json& result) {
  return fmt::format("{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{}}}\n", dump(id), dump(result));
}

std::string error_line(const json& id, Code code, std::string_view message) {
  return fmt::format("{{\"jsonrpc\":\"2.0\",\"id\":{},\"error\":{{\"code\":{},\"message\":{}}}}}\n",
                     dump(id), static_cast<int>(code), dump(message));
}

std::string notification_line(std::string_view method, const json& params) {
  return fmt::format("{{\"jsonrpc\":\"2.0\",\"method\":{},\"params\":{}}}\n", dump(method),
                     dump(params));
}

protocol::Schema::Result schema() {
  protocol::Schema::Result result;
  for (const protocol::Verb& verb : protocol::kVerbs) {
    protocol::Schema::Entry entry;
    entry.name = verb.name;
    entry.help = verb.help;
    for (const protocol::Parameter& one : verb.parameters) entry.params.push_back(entry_of(one));
    ListFields list;
    verb.result(list);
    entry.result = std::move(list.fields);
    entry.descriptor = words_for(verb.descriptor);
    entry.effect = word_for(verb.effect);
    entry.codes = {static_cast<int>(Code::kInvalidParameters), static_cast<int>(Code::kFailed)};
    for (const Code code : verb.codes) entry.codes.push_back(static_cast<int>(code));
    result.verbs.push_back(std::move(entry));
  }
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (result.events.push_back(entry_of<std::variant_alternative_t<I, protocol::AnyEvent>>(
         protocol::name_of(static_cast<protocol::EventKind>(I)))),
     ...);
  }
  (std::make_index_sequence<std::variant_size_v<protocol::AnyEvent>>());
  result.events.push_back(entry_of<protocol::DroppedEvents>(protocol::DroppedEvents::kKind));
  for (const protocol::CodeText& text : protocol::kCodes) {
    result.codes.push_back(
        {static_cast<int>(text.code), static_cast<int>(text.exit), std::string(text.meaning)});
  }
  return result;
}

}  // namespace conker::daemon
