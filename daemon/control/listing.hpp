// What list and show answer.
#pragma once

#include "protocol/connections.hpp"
#include "stack/stack.hpp"

namespace conker::daemon {

/// One page of all rows there are: listeners, connections, half-open, TIME-WAIT.
protocol::List::Result list_connections(const Stack& stack,
                                        const protocol::List::Parameters& request);

/// Everything about one connection of this client, with its last state changes.
protocol::Show::Result show_connection(const Stack& stack, const ConnectionInfo& info,
                                       const char* owner);

}  // namespace conker::daemon
