#include "tests/bench/peer/socket.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace conker::peer {
namespace {

volatile sig_atomic_t stop_requested = 0;

void on_stop(int) {
  stop_requested = 1;
}

std::string to_string(const sockaddr_in& where) {
  char text[INET_ADDRSTRLEN] = {};
  inet_ntop(AF_INET, &where.sin_addr, text, sizeof text);
  return std::string(text) + ":" + std::to_string(ntohs(where.sin_port));
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

int Fd::release() {
  return std::exchange(fd_, -1);
}

void Fd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

sockaddr_in endpoint(const std::string& address, std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  if (inet_pton(AF_INET, address.c_str(), &result.sin_addr) != 1) {
    throw std::invalid_argument(address + ": not an IPv4 address");
  }
  return result;
}

Fd listen_on(const sockaddr_in& local) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) fail("socket");
  const int on = 1;
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) fail("SO_REUSEADDR");
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) {
    fail("bind " + to_string(local));
  }
  if (::listen(fd.get(), 65535) != 0) fail("listen " + to_string(local));
  return fd;
}

Fd connect_to(const sockaddr_in& remote) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) fail("socket");
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&remote), sizeof remote) != 0) {
    fail("connect " + to_string(remote));
  }
  return fd;
}

void bind_address(int fd, const sockaddr_in& local) {
  const int on = 1;
  if (::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) != 0) {
    fail("IP_BIND_ADDRESS_NO_PORT");
  }
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) {
    fail("bind " + to_string(local));
  }
}

void allow_descriptors(unsigned count) {
  constexpr unsigned kOthers = 64;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) fail("RLIMIT_NOFILE");
  const rlim_t needed = rlim_t{count} + kOthers;
  if (limit.rlim_cur >= needed) return;
  limit = {needed, std::max(limit.rlim_max, needed)};
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    fail("no " + std::to_string(needed) + " open files (run as root, or raise fs.nr_open)");
  }
}

void reset_on_close(int fd) {
  const linger now{1, 0};
  if (::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now) != 0) fail("SO_LINGER");
}

StopSignal::StopSignal() {
  struct sigaction action {};
  action.sa_handler = on_stop;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
  sigset_t both;
  sigemptyset(&both);
  sigaddset(&both, SIGTERM);
  sigaddset(&both, SIGINT);
  sigprocmask(SIG_BLOCK, &both, &waiting_);
}

bool StopSignal::stopped() const {
  return stop_requested != 0;
}

bool StopSignal::wait_readable(int fd) const {
  pollfd one{fd, POLLIN, 0};
  while (!stopped()) {
    if (::ppoll(&one, 1, nullptr, &waiting_) > 0) return true;
    if (errno != EINTR) fail("poll");
  }
  return false;
}

void announce(const sockaddr_in& local) {
  std::printf("{\"listening\": \"%s\"}\n", to_string(local).c_str());
  std::fflush(stdout);
}

}  // namespace conker::peer
