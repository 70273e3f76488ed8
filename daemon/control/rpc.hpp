// JSON-RPC 2.0 of the control socket: parses requests and prints answers, one a line.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/json.hpp"
#include "protocol/read.hpp"
#include "protocol/status.hpp"
#include "protocol/verb.hpp"

namespace conker::daemon {

using protocol::json;

/// A request whose parameters were checked by the verb's table.
struct Request {
  const protocol::Verb* verb = nullptr;
  json params = json::object();
  json id;                    // a string, an integer or null
  bool notification = false;  // without an id: gets no answer
};

/// The error of a line that is not a valid request.
struct BadRequest {
  protocol::Code code = protocol::Code::kInvalidRequest;
  std::string message;
  json id;  // null where it could not be read
  bool notification = false;
};

/// Parses and checks a line. Never throws, whatever the line holds.
std::variant<Request, BadRequest> parse_request(std::string_view line);

/// Each makes a whole line with its newline.
std::string result_line(const json& id, const json& result);
std::string error_line(const json& id, protocol::Code code, std::string_view message);
std::string notification_line(std::string_view method, const json& params);

/// The checked parameters of a call as their structure.
template <typename P>
P parameters_in(const json& params);

/// The result of the verb schema: all verbs, with parameters, results and errors.
protocol::Schema::Result schema();

// ---- Implementation ----

/// `params` in the form that protocol::read() takes; the texts are views into `params`.
std::vector<protocol::Given> given_in(const json& params);

template <typename P>
P parameters_in(const json& params) {
  P out;
  (void)protocol::read<P>(given_in(params), out);
  return out;
}

}  // namespace conker::daemon
