// Makes to_string() of the stack and of the protocol visible in the daemon's namespace.
#pragma once

#include "protocol/text.hpp"

namespace conker::daemon {

using conker::to_string;

}  // namespace conker::daemon
