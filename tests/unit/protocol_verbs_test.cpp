// The table of verbs is well formed, and requests are checked against it.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "protocol/check.hpp"
#include "protocol/json.hpp"
#include "protocol/read.hpp"
#include "protocol/verbs.hpp"

namespace conker::protocol {
namespace {

std::string explained(std::string_view verb_name, std::vector<Given> given) {
  const Verb& verb = *find_verb(verb_name);
  const Finding finding = check(verb.parameters, given);
  if (finding.wrong == Wrong::kNothing) return "ok";
  std::array<char, 300> text;
  return std::string(explain(verb.name, verb.parameters, finding, text));
}

struct Described {
  std::string name;
  Type type;
  std::string help;
};
/// The fields of a result, with dotted names, as the schema lists them.
std::vector<Described> fields_of(const Verb& verb) {
  struct Sink final : FieldSink {
    std::vector<Described> list;
    std::vector<std::string> path;
    void field(std::string_view name, Type type, const About& about) override {
      std::string dotted;
      for (const std::string& part : path) dotted += part + ".";
      list.push_back({dotted + std::string(name), type, std::string(about.help)});
    }
    void enter(std::string_view name) override { path.emplace_back(name); }
    void leave() override { path.pop_back(); }
  } sink;
  verb.result(sink);
  return sink.list;
}

Given text(std::string_view name, std::string_view value) {
  return {name, Type::kString, 0, value};
}
Given number(std::string_view name, std::int64_t value) {
  return {name, Type::kInteger, value, {}};
}

TEST(Table, NamesAreUniqueAndEverythingHasHelp) {
  std::set<std::string_view> verbs;
  for (const Verb& verb : kVerbs) {
    EXPECT_TRUE(verbs.insert(verb.name).second) << verb.name;
    EXPECT_FALSE(verb.help.empty()) << verb.name;
    std::set<std::string_view> names;
    for (const Parameter& parameter : verb.parameters) {
      EXPECT_TRUE(names.insert(parameter.name).second) << verb.name << ' ' << parameter.name;
      EXPECT_FALSE(parameter.help.empty()) << verb.name << ' ' << parameter.name;
      EXPECT_EQ(parameter.fallback.empty() && !parameter.preset, parameter.need == Need::kRequired)
          << verb.name << ' ' << parameter.name
          << ": says what holds when it is not given, if and only if it need not be";
      EXPECT_LE(parameter.min, parameter.max) << verb.name << ' ' << parameter.name;
    }
    for (const auto& [name, type, help] : fields_of(verb)) {
      EXPECT_FALSE(help.empty()) << verb.name << ' ' << name;
    }
  }
}

TEST(Table, EveryErrorCodeHasAnExitCode) {
  for (const Verb& verb : kVerbs) {
    for (const Code code : verb.codes) {
      const auto known = [&](const CodeText& one) { return one.code == code; };
      EXPECT_TRUE(std::any_of(kCodes.begin(), kCodes.end(), known)) << verb.name;
    }
  }
  EXPECT_EQ(exit_for(static_cast<int>(Code::kInvalidParameters)), kExitUsage);
  EXPECT_EQ(exit_for(static_cast<int>(Code::kConnectionRefused)), kExitConnectionRefused);
  EXPECT_EQ(exit_for(static_cast<int>(Code::kTimedOut)), kExitTimedOut);
  EXPECT_EQ(exit_for(4711), kExitFailed);
}

TEST(Table, FindsVerbsByTheirFullName) {
  EXPECT_NE(find_verb("open"), nullptr);
  EXPECT_EQ(find_verb("ope"), nullptr);
  EXPECT_EQ(find_verb("opens"), nullptr);
  EXPECT_EQ(find_verb(""), nullptr);
}

TEST(Check, AcceptsParametersOfTheTable) {
  EXPECT_EQ(explained("status", {}), "ok");
  EXPECT_EQ(explained("open", {text("remote", "10.0.0.1:80"), number("timeout_ms", 1)}), "ok");
  EXPECT_EQ(explained("strike", {text("target", "x"), number("cycles", 5), text("close", "rst")}),
            "ok");
  EXPECT_EQ(explained("strike", {text("target", "x"), text("close", "fin")}), "ok");
}

TEST(Check, UnknownParameter) {
  EXPECT_EQ(explained("status", {number("x", 1)}),
            "status: there is no parameter x: it takes none");
  EXPECT_EQ(explained("close", {number("x", 1)}), "close: there is no parameter x: it takes id");
}

TEST(Check, MissingParameter) {
  EXPECT_EQ(explained("unlisten", {}), "unlisten: the parameter port is missing: TCP or UDP port");
}

TEST(Check, WrongType) {
  EXPECT_EQ(explained("unlisten", {text("port", "7")}),
            "unlisten: port must be of type integer, not string");
  EXPECT_EQ(explained("close", {{"id", Type::kObject, 0, {}}}),
            "close: id must be of type string, not object");
}

TEST(Check, OutOfRange) {
  EXPECT_EQ(explained("unlisten", {number("port", 0)}), "unlisten: port must be from 1 to 65535");
  EXPECT_EQ(explained("unlisten", {number("port", 65536)}),
            "unlisten: port must be from 1 to 65535");
  EXPECT_EQ(explained("unlisten", {number("port", -1)}), "unlisten: port must be from 1 to 65535");
}

TEST(Check, NotAChoice) {
  const std::string wrong = "strike: close must be one of " + std::string(choices_of(WayToClose{}));
  for (const char* value : {"", "f", "fi", "finn", "fin|rst", "|", "RST"}) {
    EXPECT_EQ(explained("strike", {text("target", "x"), text("close", value)}), wrong) << value;
  }
}

TEST(Check, ALongNameDoesNotDisplaceTheMessage) {
  const std::string name(10'000, 'n');
  const std::string message = explained("close", {number(name, 1)});
  EXPECT_LT(message.size(), 150u);
  EXPECT_NE(message.find("it takes id"), std::string::npos);
}

TEST(Check, AMessageIsCutToItsRoom) {
  const Verb& verb = *find_verb("unlisten");
  std::array<char, 10> room;
  EXPECT_EQ(explain(verb.name, verb.parameters, check(verb.parameters, {}), room), "unlisten: ");
}

// ---- Writer, reader and schema are of one mind ----

Type type_of_json(const json& value) {
  return value.is_boolean()          ? Type::kBoolean
         : value.is_number_integer() ? Type::kInteger
         : value.is_number()         ? Type::kNumber
         : value.is_string()         ? Type::kString
         : value.is_array()          ? Type::kList
                                     : Type::kObject;
}

void fill(ConnectionInfo& info) {
  info.keepalive.idle = info.user_timeout = 1s;
  info.rtt_measured = info.window_scaling = info.tracked = true;
  info.last_icmp = IcmpError{IcmpKind::kHostUnreachable, 3, 1, IpAddress::v4(10, 0, 0, 1)};
  info.reason = CloseReason::kReset;
  info.sack_count = 1;
  info.retransmit_at = info.persist_at = info.connect_timeout_at = info.fin_wait_2_at =
      info.delayed_ack_at = info.keepalive_at = info.user_timeout_at = info.linger_at =
          info.asked_at + 1s;
}

/// Fills in every list and every optional member, so that JSON has all fields.
template <typename T>
void fill(T& value) {
  if constexpr (kIsOptional<T>) {
    fill(value.emplace());
  } else if constexpr (std::is_same_v<T, bool>) {
    value = true;
  } else if constexpr (std::is_arithmetic_v<T>) {
    value = T(3);
  } else if constexpr (std::is_same_v<T, Duration>) {
    value = 3s;
  } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, const char*>) {
    value = "x";
  } else if constexpr (std::is_same_v<T, Endpoint>) {
    value = {IpAddress::v4(10, 0, 0, 1), Port{80}};
  } else if constexpr (Visitable<T>) {
    if constexpr (requires { value.info; }) fill(value.info);
    T::visit(value, []<typename M>(std::string_view, M&& member, const About&) {
      using Member = std::remove_reference_t<M>;
      if constexpr (std::is_lvalue_reference_v<M> && !std::is_const_v<Member>) fill(member);
    });
  } else if constexpr (Sequence<T>) {
    fill(value.emplace_back());
  }
}

/// Checks that every field of the JSON is described, with its type.
void same_fields(std::string_view verb, const json& from, const std::string& within,
                 std::set<std::string>& left, const std::vector<Described>& described) {
  for (const auto& [key, value] : from.items()) {
    const std::string name = within + key;
    const auto entry = std::find_if(described.begin(), described.end(),
                                    [&](const Described& one) { return one.name == name; });
    ASSERT_NE(entry, described.end()) << verb << " writes " << name;
    EXPECT_EQ(type_of_json(value), entry->type) << verb << ' ' << name;
    left.erase(name);
    if (value.is_object()) same_fields(verb, value, name + ".", left, described);
    if (value.is_array() && !value.empty() && value[0].is_object()) {
      same_fields(verb, value[0], name + ".", left, described);
    }
  }
}

TEST(Verbs, WriterReaderAndSchemaAgree) {
  Verbs::for_each([]<typename V>() {
    typename V::Result result{};
    fill(result);
    const json written = to_json(result);
    const std::vector<Described> described = fields_of(*find_verb(V::kName));
    std::set<std::string> left;
    for (const Described& one : described) left.insert(one.name);
    same_fields(V::kName, written, "", left, described);
    EXPECT_TRUE(left.empty()) << V::kName << " does not write " << *left.begin();
    if constexpr (!std::is_same_v<V, Show>) {  // of which a CLI reads the history only
      EXPECT_EQ(to_json(from_json<typename V::Result>(written)), written) << V::kName;
    }
  });
}

TEST(Verbs, ParametersAreReadAsTheyAreWritten) {
  Verbs::for_each([]<typename V>() {
    typename V::Parameters parameters{};
    fill(parameters);
    const json written = parameters_json(parameters);
    EXPECT_EQ(written.size(), kParameters<typename V::Parameters>.size()) << V::kName;
    const auto again = from_json<typename V::Parameters>(written);
    EXPECT_EQ(parameters_json(again), written) << V::kName;
  });
}

TEST(Verbs, StatesAreNamedAsTheStackNamesThem) {
  for (int i = 0; i < kStateCount; ++i) {
    const auto state = static_cast<State>(i);
    EXPECT_EQ(name_of(state), to_string(state));
  }
}

TEST(Read, IntoTheStructureOfTheVerb) {
  StrikeParameters<std::string_view> p;
  const std::array given{text("target", "10.0.0.1:9"), number("cycles", 5), text("close", "rst")};
  ASSERT_EQ(read(given, p).wrong, Wrong::kNothing);
  EXPECT_EQ(p.target, "10.0.0.1:9");
  EXPECT_EQ(p.cycles, 5u);
  EXPECT_EQ(p.close, StrikeRequest::Close::kReset);
  EXPECT_EQ(p.concurrency, 1u) << "what is not given keeps its default";
  EXPECT_FALSE(p.rate);
}

TEST(Read, WhatIsWrongLeavesTheStructureAlone) {
  Unlisten::Parameters p;
  const std::array given{text("protocol", "udp"), number("port", 0)};
  const Finding finding = read(given, p);
  EXPECT_EQ(finding.wrong, Wrong::kRange);
  EXPECT_EQ(finding.name, "port");
  EXPECT_EQ(p.protocol, Transport::kTcp);
}

std::string unreadable(const char* message) {
  try {
    (void)from_json<List::Result>(json::parse(message));
  } catch (const Unreadable& error) {
    return error.what();
  }
  return "read";
}

TEST(Read, AnswersThatAreNotWhatTheyShouldBe) {
  EXPECT_EQ(unreadable(R"({"connections":[],"total":0,"next":null})"), "read");
  EXPECT_EQ(unreadable(R"({"connections":[],"total":0,"next":null,"new":1})"), "read")
      << "a newer daemon may say more";
  EXPECT_EQ(unreadable(R"({"connections":[],"next":null})"), "total: is missing");
  EXPECT_EQ(unreadable(R"({"connections":[],"total":"0","next":null})"),
            "total: must be of type integer");
  EXPECT_EQ(unreadable(R"({"connections":[],"total":-1,"next":null})"), "total: is out of range");
  EXPECT_EQ(unreadable(R"({"connections":[{"id":7}],"total":0,"next":null})"),
            "connections[0].id: must be of type string");
}

}  // namespace
}  // namespace conker::protocol
