#include "daemon/unix_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace conker::daemon {
namespace {

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
  return address;
}

Descriptor new_socket() {
  return Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

[[noreturn]] void fail(const std::string& path, const std::string& why) {
  throw std::runtime_error("cannot listen on " + path + ": " + why);
}

[[noreturn]] void fail(const std::string& path, int error) {
  fail(path, std::generic_category().message(error));
}

/// Removes the socket file of a daemon that has ended.
void clear_stale(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return;
  if (!S_ISSOCK(status.st_mode))
    fail(path, "there is something else of that name; remove it or choose another path");
  // Only a refused connection shows that no process listens; other errors leave the file alone.
  if (connect_to(path) || errno != ECONNREFUSED) {
    fail(path,
         "another process listens there, perhaps another conkerd; stop it or choose another path");
  }
  ::unlink(path.c_str());
}

}  // namespace

Descriptor listen_at(const std::string& path, unsigned mode, int backlog) {
  clear_stale(path);
  Descriptor socket = new_socket();
  if (!socket) fail(path, errno);
  const sockaddr_un address = address_of(path);
  // No client may connect before the permissions are set.
  const mode_t before = ::umask(0777);
  const int bound =
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = errno;
  ::umask(before);
  if (bound != 0) {
    fail(path, std::generic_category().message(error) +
                   (error == ENOENT   ? "; make its directory first"
                    : error == EACCES ? "; the daemon's user must be able to write in its directory"
                                      : ""));
  }
  if (::chmod(path.c_str(), mode) != 0 || ::listen(socket.get(), backlog) != 0) {
    const int reason = errno;
    ::unlink(path.c_str());
    fail(path, reason);
  }
  return socket;
}

Descriptor connect_to(const std::string& path) {
  Descriptor socket = new_socket();
  if (!socket) return socket;
  const sockaddr_un address = address_of(path);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    socket.reset();
    errno = error;
  }
  return socket;
}

}  // namespace conker::daemon
