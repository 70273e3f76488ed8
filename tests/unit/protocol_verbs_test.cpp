// The table of verbs is well formed, and requests are checked against it.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

#include "protocol/check.hpp"
#include "protocol/table.hpp"

namespace conker::protocol {
namespace {

std::string explained(std::string_view verb_name, std::vector<Given> given) {
  const Verb& verb = *find_verb(verb_name);
  const Finding finding = check(verb, given);
  if (finding.wrong == Wrong::kNothing) return "ok";
  std::array<char, 300> text;
  return std::string(explain(verb, finding, text));
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
      EXPECT_EQ(parameter.fallback.empty(), parameter.need == Need::kRequired)
          << verb.name << ' ' << parameter.name
          << ": says what holds when it is not given, if and only if it need not be";
      EXPECT_LE(parameter.min, parameter.max) << verb.name << ' ' << parameter.name;
    }
    for (const Field& field : verb.result)
      EXPECT_FALSE(field.help.empty()) << verb.name << ' ' << field.name;
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
  const std::string wrong = "strike: close must be one of fin|rst";
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
  EXPECT_EQ(explain(verb, check(verb, {}), room), "unlisten: ");
}

}  // namespace
}  // namespace conker::protocol
