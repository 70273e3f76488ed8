// to_string() of the stack and of the protocol, as the daemon uses them.
#pragma once

#include "protocol/text.hpp"

namespace conker::daemon {

using conker::to_string;

}  // namespace conker::daemon
