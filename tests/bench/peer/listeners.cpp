// The commands that listen and serve.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <map>
#include <string>

#include "tests/bench/peer/commands.hpp"
#include "tests/bench/peer/socket.hpp"

namespace conker::peer {
namespace {

/// Accepts a waiting connection; an empty Fd when none waits.
Fd accept_one(int listener, int flags = SOCK_NONBLOCK) {
  for (;;) {
    Fd fd(::accept4(listener, nullptr, nullptr, flags | SOCK_CLOEXEC));
    if (fd) return fd;
    if (errno == EAGAIN) return Fd();
    // A connection that was aborted while it waited, or a signal: try the next one.
    if (errno != ECONNABORTED && errno != EINTR) fail("accept");
  }
}

void watch(int poller, int fd, std::uint32_t events, int operation) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  if (::epoll_ctl(poller, operation, fd, &event) != 0) fail("epoll_ctl");
}

/// A connection that is echoed: bytes that were read and not yet written.
struct Echo {
  Fd fd;
  std::array<std::byte, 65536> bytes;
  std::size_t first = 0, end = 0;
  bool peer_closed = false;
};

/// Moves what can be moved; false when the connection is over.
bool turn(Echo& echo) {
  for (;;) {
    if (echo.first < echo.end) {
      const ssize_t n = ::send(echo.fd.get(), echo.bytes.data() + echo.first, echo.end - echo.first,
                               MSG_NOSIGNAL);
      if (n < 0) return errno == EAGAIN;
      echo.first += static_cast<std::size_t>(n);
      continue;
    }
    if (echo.peer_closed) return false;
    const ssize_t n = ::recv(echo.fd.get(), echo.bytes.data(), echo.bytes.size(), 0);
    if (n < 0) return errno == EAGAIN;
    echo.first = 0;
    echo.end = static_cast<std::size_t>(n);
    echo.peer_closed = n == 0;
  }
}

}  // namespace

void accept_close(const sockaddr_in& local) {
  const StopSignal stop;
  const Fd listener = listen_on(local);
  announce(local);
  std::uint64_t accepted = 0;
  while (stop.wait_readable(listener.get())) {
    while (const Fd fd = accept_one(listener.get(), 0)) ++accepted;
  }
  std::printf("{\"accepted\": %llu}\n", static_cast<unsigned long long>(accepted));
}

void echo(const sockaddr_in& local) {
  const StopSignal stop;
  const Fd listener = listen_on(local);
  const Fd poller(::epoll_create1(EPOLL_CLOEXEC));
  if (!poller) fail("epoll_create1");
  watch(poller.get(), listener.get(), EPOLLIN, EPOLL_CTL_ADD);
  announce(local);
  std::map<int, Echo> open;
  std::uint64_t accepted = 0;
  std::array<epoll_event, 64> events;
  while (!stop.stopped()) {
    const int n = ::epoll_pwait(poller.get(), events.data(), static_cast<int>(events.size()), -1,
                                &stop.mask_while_waiting());
    if (n < 0 && errno != EINTR) fail("epoll_wait");
    for (int i = 0; i < n; ++i) {
      const int ready = events[static_cast<std::size_t>(i)].data.fd;
      if (ready == listener.get()) {
        while (Fd fd = accept_one(listener.get())) {
          const int key = fd.get();
          watch(poller.get(), key, EPOLLIN | EPOLLOUT | EPOLLET, EPOLL_CTL_ADD);
          open[key].fd = std::move(fd);
          ++accepted;
        }
      } else if (!turn(open.at(ready))) {
        open.erase(ready);
      }
    }
  }
  std::printf("{\"accepted\": %llu}\n", static_cast<unsigned long long>(accepted));
}

void hold(const sockaddr_in& local) {
  const StopSignal stop;
  const Fd listener = listen_on(local);
  announce(local);
  std::vector<Fd> held;
  while (stop.wait_readable(listener.get())) {
    while (Fd fd = accept_one(listener.get())) held.push_back(std::move(fd));
  }
  std::printf("{\"accepted\": %zu}\n", held.size());
}

}  // namespace conker::peer
