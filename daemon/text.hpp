// Words of the daemon for what the stack only numbers.
#pragma once

#include <string_view>

#include "daemon/engine.hpp"
#include "protocol/text.hpp"

namespace conker::daemon {

using conker::to_string;

/// Who uses a connection: "service".
std::string_view to_string(Owner owner);

}  // namespace conker::daemon
