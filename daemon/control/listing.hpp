// The results of the verbs list and show.
#pragma once

#include "protocol/connections.hpp"
#include "stack/stack.hpp"

namespace conker::daemon {

/// One page of the table: listeners, connections, half-open connections, TIME-WAIT records.
protocol::List::Result list_connections(const Stack& stack,
                                        const protocol::List::Parameters& request);

/// One connection with its owner (the client's name) and its last state changes.
protocol::Show::Result show_connection(const Stack& stack, const ConnectionInfo& info,
                                       const char* owner);

}  // namespace conker::daemon
