#include "daemon/control/control_socket.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "daemon/unix_socket.hpp"

namespace conker::daemon {
namespace {

constexpr int kBacklog = 1024;
constexpr int kAcceptsAtATime = 16;  // then other watchers of the loop run
constexpr double kAcceptPause = 1;   // seconds without accept() when descriptors have run out

}  // namespace

ControlSocket::ControlSocket(struct ev_loop* loop, std::string path, const std::string& group,
                             unsigned mode, Admit admit)
    : path_(std::move(path)),
      admit_(std::move(admit)),
      // Mode 0600 until the group is set: no client of another user may connect before.
      listener_(listen_at(path_, 0600, kBacklog)),
      accept_(loop, [this](int) { accept(); }),
      accept_again_(loop, [this] { accept_.watch(listener_.get(), EV_READ); }) {
  ::lstat(path_.c_str(), &file_);
  give_to_group(group);
  if (::chmod(path_.c_str(), mode) != 0) give_up(std::strerror(errno));
  accept_.watch(listener_.get(), EV_READ);
}

ControlSocket::ControlSocket(struct ev_loop* loop, Descriptor listener, Admit admit)
    : admit_(std::move(admit)),
      listener_(std::move(listener)),
      accept_(loop, [this](int) { accept(); }),
      accept_again_(loop, [this] { accept_.watch(listener_.get(), EV_READ); }) {
  accept_.watch(listener_.get(), EV_READ);
}

ControlSocket::~ControlSocket() {
  if (path_.empty()) return;
  struct stat now {};
  if (::lstat(path_.c_str(), &now) == 0 && now.st_ino == file_.st_ino && now.st_dev == file_.st_dev)
    ::unlink(path_.c_str());
}

void ControlSocket::stop() {
  accept_.stop();
  accept_again_.stop();
  // Who connects now would wait for an answer that does not come.
  listener_.reset();
}

/// Removes the socket file, which must be this daemon's, and throws.
void ControlSocket::give_up(const std::string& what) const {
  ::unlink(path_.c_str());
  throw std::runtime_error(fmt::format("control socket {}: {}", path_, what));
}

void ControlSocket::give_to_group(const std::string& name) const {
  if (name.empty()) return;
  const group* found = ::getgrnam(name.c_str());
  if (found == nullptr) {
    give_up(fmt::format("there is no group {}: make it (groupadd -r {}) or change control.group",
                        name, name));
  }
  // That of the process already; the shipped unit's filter has no chown().
  if (found->gr_gid == file_.st_gid) return;
  if (::chown(path_.c_str(), static_cast<uid_t>(-1), found->gr_gid) != 0)
    give_up(fmt::format("cannot give it to group {}: {}", name, std::strerror(errno)));
}

void ControlSocket::accept() {
  for (int i = 0; i < kAcceptsAtATime; ++i) {
    Descriptor client(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (client) {
      admit_(std::move(client));
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      // The client stays in the listen queue; a watched listener would make the loop spin.
      spdlog::warn("control: cannot take a client: {}; trying again in a second",
                   std::strerror(errno));
      accept_.stop();
      accept_again_.start(kAcceptPause);
    }
    return;
  }
}

}  // namespace conker::daemon
