// Unix stream sockets at a path.
#pragma once

#include <string>

#include "daemon/descriptor.hpp"

namespace conker::daemon {

/// Listens at a path, non-blocking, with the given permissions. A socket file without a listener is
/// replaced. Throws std::runtime_error, one line, when another process listens, when another kind
/// of file is there, or when the directory does not permit it.
Descriptor listen_at(const std::string& path, unsigned mode, int backlog);

/// Connects, non-blocking. An empty descriptor on failure, with errno.
Descriptor connect_to(const std::string& path);

}  // namespace conker::daemon
