// The commands of bulk transfers.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "tests/bench/peer/commands.hpp"
#include "tests/bench/peer/socket.hpp"
#include "tests/bench/peer/stream.hpp"

namespace conker::peer {
namespace {

using Buffer = std::array<std::byte, 65536>;

void print_hash(std::FILE* to, const Hash& hash) {
  std::fprintf(to, "{\"bytes\": %llu, \"hash\": \"%016llx\"}\n",
               static_cast<unsigned long long>(hash.bytes()),
               static_cast<unsigned long long>(hash.value()));
}

/// Waits for one connection, made blocking; an empty Fd when told to stop before one arrives.
Fd accept_blocking(const StopSignal& stop, const Fd& listener) {
  if (!stop.wait_readable(listener.get())) return Fd();
  Fd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!fd) fail("accept");
  return fd;
}

Hash hash_to_end(int fd) {
  Buffer buffer;
  Hash hash;
  for (;;) {
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("read");
    if (n == 0) return hash;
    hash.add(std::span(buffer).first(static_cast<std::size_t>(n)));
  }
}

Hash write_pattern(int fd, std::uint64_t bytes, std::uint64_t seed) {
  Buffer buffer;
  Hash hash;
  Pattern pattern(seed);
  while (hash.bytes() < bytes) {
    const auto piece =
        std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), bytes - hash.bytes()));
    pattern.fill(piece);
    for (std::size_t done = 0; done < piece.size();) {
      const ssize_t n = ::write(fd, piece.data() + done, piece.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail("write");
      done += static_cast<std::size_t>(n);
    }
    hash.add(piece);
  }
  return hash;
}

}  // namespace

void sink(const sockaddr_in& local) {
  Hash hash;
  {
    const StopSignal stop;
    const Fd listener = listen_on(local);
    announce(local);
    const Fd connection = accept_blocking(stop, listener);
    if (!connection) return;
    sigprocmask(SIG_SETMASK, &stop.mask_while_waiting(), nullptr);
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    hash = hash_to_end(connection.get());
  }
  print_hash(stdout, hash);
}

void source(const sockaddr_in& local, std::uint64_t bytes, std::uint64_t seed) {
  const StopSignal stop;
  const Fd listener = listen_on(local);
  announce(local);
  const Fd connection = accept_blocking(stop, listener);
  if (!connection) return;
  sigprocmask(SIG_SETMASK, &stop.mask_while_waiting(), nullptr);
  signal(SIGTERM, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  const Hash hash = write_pattern(connection.get(), bytes, seed);
  if (::shutdown(connection.get(), SHUT_WR) != 0) fail("shutdown");
  (void)hash_to_end(connection.get());
  print_hash(stdout, hash);
}

void generate(std::uint64_t bytes, std::uint64_t seed) {
  signal(SIGPIPE, SIG_IGN);
  print_hash(stderr, write_pattern(STDOUT_FILENO, bytes, seed));
}

void hash_input() {
  print_hash(stdout, hash_to_end(STDIN_FILENO));
}

}  // namespace conker::peer
