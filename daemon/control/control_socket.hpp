// A unix socket at which clients of the control server connect.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <string>

#include "daemon/control/watch.hpp"
#include "daemon/descriptor.hpp"

namespace conker::daemon {

class ControlSocket {
 public:
  /// Gets each client that connects.
  using Admit = std::function<void(Descriptor client)>;

  /// Listens at once; replaces a socket file on which no process listens. `group`: who owns it;
  /// empty: the group of the process. Throws std::runtime_error: one line, with advice.
  ControlSocket(struct ev_loop* loop, std::string path, const std::string& group, unsigned mode,
                Admit admit);
  /// Takes clients of a listening socket that is the service manager's, with its file.
  ControlSocket(struct ev_loop* loop, Descriptor listener, Admit admit);
  /// Removes its socket file, unless it is another one by now.
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  /// Takes no more clients: those that connect, or wait for it, are told so by their kernel.
  void stop();

 private:
  [[noreturn]] void give_up(const std::string& what) const;
  void give_to_group(const std::string& name) const;
  void accept();

  std::string path_;  // empty: the file is the service manager's
  Admit admit_;
  Descriptor listener_;
  struct stat file_ {};  // of the socket, so that no other file is unlinked
  IoWatch accept_;
  TimerWatch accept_again_;
};

}  // namespace conker::daemon
