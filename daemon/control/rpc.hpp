// JSON-RPC 2.0 as the control socket speaks it: lines to requests, results to lines.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>

#include "protocol/verb.hpp"

namespace conker::daemon {

using json = nlohmann::ordered_json;

/// A request that its verb's entry in the table allows.
struct Request {
  const protocol::Verb* verb = nullptr;
  json params = json::object();
  json id;                    // a string, an integer or null
  bool notification = false;  // no id was given: nobody wants an answer
};

/// Why a line is not a request that can be served.
struct BadRequest {
  protocol::Code code = protocol::Code::kInvalidRequest;
  std::string message;
  json id;  // null where it could not be read
  bool notification = false;
};

/// Never throws, whatever the line holds.
std::variant<Request, BadRequest> parse_request(std::string_view line);

/// Whole lines with their newline.
std::string result_line(const json& id, const json& result);
std::string error_line(const json& id, protocol::Code code, std::string_view message);
std::string notification_line(std::string_view method, const json& params);

/// The table of verbs as JSON.
json schema();

}  // namespace conker::daemon
