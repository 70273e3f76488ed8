// Listening sockets that the service manager has made (sd_listen_fds(3)).
#pragma once

#include <string_view>

#include "daemon/descriptor.hpp"

namespace conker::daemon {

/// The listening unix socket that the unit names so (FileDescriptorName=), non-blocking. Empty if
/// there is none. Each may be asked for once.
Descriptor given_listener(std::string_view name);

}  // namespace conker::daemon
