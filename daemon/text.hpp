// Ids, addresses and times as they stand in requests and results.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/engine.hpp"
#include "stack/base/address.hpp"
#include "stack/base/time.hpp"
#include "stack/tcp/types.hpp"

namespace conker::daemon {

std::string to_text(ConnectionId id);           // "3.1"
std::string to_text(const IpAddress& address);  // "10.77.0.2"
std::string to_text(const Prefix& prefix);      // "10.77.0.2/24"
std::string to_text(const Endpoint& endpoint);  // "10.77.0.2:80"
std::string to_text(const IpAddress& address, Port port);
std::string to_text(const MacAddress& address);
std::string_view to_text(Owner owner);  // "service"

/// "3.1": two decimal numbers of 32 bits and nothing else.
std::optional<ConnectionId> parse_id(std::string_view text);
/// 1 to 65535.
std::optional<Port> parse_port(std::string_view text);
/// "10.77.0.1:80"; a port from 1 to 65535.
std::optional<Endpoint> parse_endpoint(std::string_view text);
/// "10.77.0.2" or "10.77.0.2:4000"; without a port it is 0.
std::optional<Endpoint> parse_local(std::string_view text);

constexpr std::int64_t milliseconds(Duration duration) {
  return duration.count() / 1000;
}
/// From now until a deadline, at least 0; null for one that never comes.
nlohmann::ordered_json until(Instant deadline, Instant now);

}  // namespace conker::daemon
