// JSON-RPC of the control socket: parsing of requests; errors with code and one line of advice.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "daemon/control/rpc.hpp"
#include "protocol/text.hpp"
#include "protocol/verbs.hpp"

namespace conker::daemon {
namespace {

using protocol::Code;

Request good(std::string_view line) {
  auto parsed = parse_request(line);
  if (auto* bad = std::get_if<BadRequest>(&parsed)) {
    ADD_FAILURE() << line << ": " << bad->message;
    return {};
  }
  return std::get<Request>(std::move(parsed));
}

BadRequest bad(std::string_view line) {
  auto parsed = parse_request(line);
  if (std::holds_alternative<Request>(parsed)) {
    ADD_FAILURE() << "taken: " << line;
    return {};
  }
  return std::get<BadRequest>(std::move(parsed));
}

TEST(ParseRequest, Good) {
  const Request request =
      good(R"({"jsonrpc":"2.0","id":7,"method":"close","params":{"id":"3.1"}})");
  ASSERT_NE(request.verb, nullptr);
  EXPECT_EQ(request.verb->name, "close");
  EXPECT_EQ(request.id, 7);
  EXPECT_FALSE(request.notification);
  EXPECT_EQ(request.params.at("id"), "3.1");
}

TEST(ParseRequest, ARequestWithoutAnIdIsANotification) {  // JSON-RPC 2.0, 4.1
  EXPECT_TRUE(good(R"({"jsonrpc":"2.0","method":"status"})").notification);
  EXPECT_FALSE(good(R"({"jsonrpc":"2.0","id":null,"method":"status"})").notification);
}

TEST(ParseRequest, IdsAreIntegersOrShortStrings) {
  EXPECT_EQ(good(R"({"jsonrpc":"2.0","id":"a","method":"status"})").id, "a");
  EXPECT_EQ(good(R"({"jsonrpc":"2.0","id":-1,"method":"status"})").id, -1);
  std::string too_long = R"("")";
  too_long.insert(1, 65, 'x');
  for (const char* id : {"{}", "[1]", "1.5", "true", too_long.c_str()}) {
    const BadRequest wrong =
        bad(std::string(R"({"jsonrpc":"2.0","method":"status","id":)") + id + "}");
    EXPECT_EQ(wrong.code, Code::kInvalidRequest) << id;
    EXPECT_TRUE(wrong.id.is_null()) << id;
  }
}

TEST(ParseRequest, NotJson) {
  for (const char* line :
       {"", " ", "x", "{", "{\"a\"", "\"\xc3", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xc3\"}",
        "\xff\xfe", "1e999", "{\"a\":1}x", "nul"}) {
    EXPECT_EQ(bad(line).code, Code::kParse) << line;
  }
}

TEST(ParseRequest, JsonButNoRequest) {
  for (const char* line :
       {"null", "1", "\"x\"", "[]", R"([{"jsonrpc":"2.0","id":1,"method":"status"}])", "{}",
        R"({"jsonrpc":"2.0"})", R"({"jsonrpc":"1.0","id":1,"method":"status"})",
        R"({"jsonrpc":2.0,"id":1,"method":"status"})", R"({"jsonrpc":"2.0","id":1,"method":7})",
        R"({"id":1,"method":"status"})"}) {
    EXPECT_EQ(bad(line).code, Code::kInvalidRequest) << line;
  }
}

TEST(ParseRequest, DeepNestingIsRefusedBeforeItIsParsed) {
  EXPECT_EQ(bad(std::string(60'000, '[')).code, Code::kInvalidRequest);
  std::string objects;
  for (int i = 0; i < 10'000; ++i) objects += "{\"a\":";
  EXPECT_EQ(bad(objects).code, Code::kInvalidRequest);
  // Brackets in a string are no nesting, also behind an escaped quote.
  const std::string brackets(1000, '[');
  EXPECT_EQ(bad(R"({"jsonrpc":"2.0","id":1,"method":"close","params":{"id":")" + brackets +
                R"(\"{{{{{{{{{{","x":1}})")
                .code,
            Code::kInvalidParameters);
}

TEST(ParseRequest, UnknownVerb) {
  const BadRequest wrong = bad(R"({"jsonrpc":"2.0","id":1,"method":"nonsense"})");
  EXPECT_EQ(wrong.code, Code::kUnknownVerb);
  EXPECT_EQ(wrong.id, 1);
  EXPECT_EQ(wrong.message, "there is no verb nonsense: ask for schema to see them all");
}

TEST(ParseRequest, ParametersAreChecked) {
  for (const char* params :
       {"[1]", "\"x\"", "{}", R"({"remote":7})", R"({"remote":null})", R"({"remote":["a"]})",
        R"({"remote":"10.0.0.1:80","x":1})", R"({"remote":"10.0.0.1:80","timeout_ms":0})",
        R"({"remote":"10.0.0.1:80","timeout_ms":1.5})",
        R"({"remote":"10.0.0.1:80","timeout_ms":18446744073709551615})"}) {
    const BadRequest wrong =
        bad(std::string(R"({"jsonrpc":"2.0","id":1,"method":"open","params":)") + params + "}");
    EXPECT_EQ(wrong.code, Code::kInvalidParameters) << params;
    EXPECT_FALSE(wrong.message.empty()) << params;
    EXPECT_EQ(wrong.message.find('\n'), std::string::npos) << params;
  }
}

TEST(Lines, EachAnswerIsOneLine) {
  EXPECT_EQ(result_line(1, {{"a", "x\ny"}}),
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":\"x\\ny\"}}\n");
  EXPECT_EQ(error_line(nullptr, Code::kBusy, "no"),
            "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":12,\"message\":\"no\"}}\n");
  // An incomplete UTF-8 sequence must not throw when it is printed.
  EXPECT_TRUE(json::accept(error_line("a", Code::kFailed, "\xc3")));
}

TEST(Schema, HasEveryVerb) {
  const json all = protocol::to_json(schema());
  EXPECT_EQ(all.at("verbs").size(), protocol::kVerbs.size());
  EXPECT_EQ(all.at("codes").size(), protocol::kCodes.size());
}

TEST(Text, Ids) {
  EXPECT_EQ(to_string(ConnectionId{3, 1}), "3.1");
  EXPECT_EQ(parse_id("4294967295.4294967295"), (ConnectionId{4294967295u, 4294967295u}));
  for (const char* text : {"", ".", "3", "3.", ".1", "3.1.2", "-3.1", "3.-1", " 3.1", "3.1 ",
                           "+3.1", "4294967296.1", "99999999999999999999.1", "0x3.1"}) {
    EXPECT_FALSE(parse_id(text)) << text;
  }
}

TEST(Text, Endpoints) {
  EXPECT_EQ(Endpoint::parse("10.0.0.1:80"), (Endpoint{IpAddress::v4(10, 0, 0, 1), Port{80}}));
  EXPECT_EQ(parse_local("10.0.0.1"), (Endpoint{IpAddress::v4(10, 0, 0, 1), Port{}}));
  for (const char* text :
       {"", ":", "10.0.0.1", "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536", "10.0.0.1:-1", ":80",
        "10.0.0:80", "host:80", "10.0.0.1:80:80", "10.0.0.1: 80"}) {
    EXPECT_FALSE(Endpoint::parse(text)) << text;
  }
}

}  // namespace
}  // namespace conker::daemon
