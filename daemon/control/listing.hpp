// What list and show answer.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "stack/stack.hpp"

namespace conker::daemon {

struct ListRequest {
  std::string state;  // as RFC 9293 writes it; empty: all
  std::uint64_t offset = 0;
  std::uint64_t limit = 0;
};

/// One page of all rows there are: listeners, connections, half-open, TIME-WAIT.
nlohmann::ordered_json list_connections(const Stack& stack, const ListRequest& request);

/// Everything about one connection, with its last state changes.
nlohmann::ordered_json show_connection(const Stack& stack, const ConnectionInfo& info);

}  // namespace conker::daemon
