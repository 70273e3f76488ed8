// Unix stream sockets at a path.
#pragma once

#include <string>

#include "daemon/descriptor.hpp"

namespace conker::daemon {

/// Listens at a path, non-blocking, with the given permissions. A socket file that nobody listens
/// on any more is replaced. Throws std::runtime_error, one line, when somebody does, when something
/// else is there, or when the directory does not allow it.
Descriptor listen_at(const std::string& path, unsigned mode, int backlog);

/// Connects, non-blocking. An empty descriptor when that fails; errno says why.
Descriptor connect_to(const std::string& path);

}  // namespace conker::daemon
