#include "daemon/given_sockets.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include <cstdlib>

namespace conker::daemon {

Descriptor given_listener(std::string_view name) {
  char** names = nullptr;
  const int count = sd_listen_fds_with_names(0, &names);
  Descriptor found;
  for (int i = 0; i < count; ++i) {
    const int fd = SD_LISTEN_FDS_START + i;
    if (name == names[i] && sd_is_socket_unix(fd, SOCK_STREAM, 1, nullptr, 0) > 0) {
      ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
      found.reset(fd);
    }
    std::free(names[i]);
  }
  std::free(names);
  return found;
}

}  // namespace conker::daemon
