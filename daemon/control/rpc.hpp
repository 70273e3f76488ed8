// JSON-RPC 2.0 as the control socket speaks it: lines to requests, results to lines.
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

/// The parameters of a call, which its verb's entry in the table allows, in their structure.
template <typename P>
P parameters_in(const json& params);

/// The verbs, for people and programs.
protocol::Schema::Result schema();

// ---- Inside ----

/// What the protocol's reader takes; the texts are views into `params`.
std::vector<protocol::Given> given_in(const json& params);

template <typename P>
P parameters_in(const json& params) {
  P out;
  (void)protocol::read<P>(given_in(params), out);
  return out;
}

}  // namespace conker::daemon
