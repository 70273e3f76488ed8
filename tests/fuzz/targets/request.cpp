// Target: requests of the control protocol.
#include <string>
#include <variant>

#include "daemon/control/rpc.hpp"
#include "tests/fuzz/found.hpp"

namespace conker::fuzz {
namespace {

using daemon::json;

/// Checks that a message to a client is one line of JSON.
json line_of(const std::string& line) {
  check(!line.empty() && line.find('\n') == line.size() - 1, "an answer that is not one line");
  json parsed = json::parse(line, nullptr, false);
  check(parsed.is_object(), "an answer that is not JSON");
  return parsed;
}

void check_bad(const daemon::BadRequest& bad) {
  check(!bad.message.empty(), "a request is refused without a word");
  const json answer = line_of(daemon::error_line(bad.id, bad.code, bad.message));
  check(answer.at("error").at("code") == static_cast<int>(bad.code), "an answer with another code");
}

void check_good(const daemon::Request& request) {
  check(request.verb != nullptr && request.params.is_object(),
        "a request without a verb or its parameters");
  check(request.notification || request.id.is_null() || request.id.is_string() ||
            request.id.is_number_integer(),
        "an id that cannot be one");
  const json answer = line_of(daemon::result_line(request.id, request.params));
  check(answer.at("result") == request.params, "a result is not written as it was given");
  json again{{"jsonrpc", "2.0"}, {"method", request.verb->name}, {"params", request.params}};
  if (!request.notification) again["id"] = request.id;
  const auto reread = daemon::parse_request(again.dump());
  const auto* same = std::get_if<daemon::Request>(&reread);
  check(same != nullptr && same->verb == request.verb && same->params == request.params &&
            same->id == request.id && same->notification == request.notification,
        "a request is not written as it was read");
}

}  // namespace

void run(Input input) {
  const std::string_view line(reinterpret_cast<const char*>(input.data()), input.size());
  const auto request = daemon::parse_request(line);
  if (const auto* bad = std::get_if<daemon::BadRequest>(&request)) {
    check_bad(*bad);
  } else {
    check_good(std::get<daemon::Request>(request));
  }
}

}  // namespace conker::fuzz
