// Timed bulk transfers over many connections at once: throughput and fairness.
#include <linux/sockios.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <span>
#include <stdexcept>
#include <vector>

#include "tests/bench/peer/commands.hpp"
#include "tests/bench/peer/socket.hpp"

namespace conker::peer {
namespace {

using Clock = std::chrono::steady_clock;

/// Warm-up, which does not count: windows grow, and data is read that was sent while other
/// connections were being opened.
constexpr std::chrono::milliseconds kWarmUp{500};
constexpr std::size_t kPiece = 131072;

/// Bytes that never repeat: each eight bytes are the next number.
class Counted {
 public:
  std::span<const std::byte> next() {
    if (first_ == kPiece) {
      for (std::uint64_t& word : words_) word = number_++;
      first_ = 0;
    }
    return std::as_bytes(std::span(words_)).subspan(first_);
  }
  void consume(std::size_t bytes) { first_ += bytes; }

 private:
  std::array<std::uint64_t, kPiece / sizeof(std::uint64_t)> words_;
  std::uint64_t number_ = 0;
  std::size_t first_ = kPiece;
};

class Streams {
 public:
  explicit Streams(const StreamsOptions& options)
      : options_(options), poller_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (!poller_) fail("epoll_create1");
    allow_descriptors(options.connections);
    connections_.reserve(options.connections);
    for (unsigned i = 0; i < options.connections; ++i) {
      Fd fd = connect_to(options.target);
      reset_on_close(fd.get());
      epoll_event event{};
      event.events = options.send ? EPOLLOUT : EPOLLIN;
      event.data.u32 = i;
      if (::epoll_ctl(poller_.get(), EPOLL_CTL_ADD, fd.get(), &event) != 0) fail("epoll_ctl");
      connections_.push_back({std::move(fd), 0, 0});
    }
  }

  void run() {
    move_until(Clock::now() + kWarmUp);
    for (Connection& one : connections_) one.at_start = arrived(one);
    const auto start = Clock::now();
    move_until(start + std::chrono::duration_cast<Clock::duration>(
                           std::chrono::duration<double>(options_.seconds)));
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    std::vector<std::uint64_t> bytes;
    for (const Connection& one : connections_) bytes.push_back(arrived(one) - one.at_start);
    print(bytes, seconds);
  }

 private:
  struct Connection {
    Fd fd;
    std::uint64_t moved;  // bytes written or read
    std::uint64_t at_start;
  };

  /// Of the bytes written, those that the peer has acknowledged.
  std::uint64_t arrived(const Connection& one) const {
    if (!options_.send) return one.moved;
    int waiting = 0;
    if (::ioctl(one.fd.get(), SIOCOUTQ, &waiting) != 0) fail("SIOCOUTQ");
    return one.moved - static_cast<std::uint64_t>(waiting);
  }

  void move_until(Clock::time_point end) {
    std::array<epoll_event, 64> events;
    while (Clock::now() < end) {
      const int n = ::epoll_wait(poller_.get(), events.data(), static_cast<int>(events.size()), 10);
      if (n < 0 && errno != EINTR) fail("epoll_wait");
      for (int i = 0; i < n; ++i) move(connections_[events[static_cast<std::size_t>(i)].data.u32]);
    }
  }

  /// Moves one piece, so that all connections take turns.
  void move(Connection& one) {
    const ssize_t n = options_.send
                          ? send_to(one.fd.get())
                          : ::recv(one.fd.get(), read_.data(), read_.size(), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n < 0) fail(options_.send ? "send" : "recv");
    if (n == 0) throw std::runtime_error("the other side has closed before the time was over");
    one.moved += static_cast<std::uint64_t>(n);
  }

  ssize_t send_to(int fd) {
    const auto bytes = payload_.next();
    const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) payload_.consume(static_cast<std::size_t>(n));
    return n;
  }

  static void print(const std::vector<std::uint64_t>& bytes, double seconds) {
    double sum = 0, squares = 0;
    for (const std::uint64_t one : bytes) {
      const auto value = static_cast<double>(one);
      sum += value;
      squares += value * value;
    }
    const double jain = squares > 0 ? sum * sum / (static_cast<double>(bytes.size()) * squares) : 0;
    std::printf("{\"bytes\": %.0f, \"seconds\": %.3f, \"bits_per_second\": %.0f, \"jain\": %.4f",
                sum, seconds, sum * 8 / seconds, jain);
    const char* separator = ", \"per_connection\": [";
    for (const std::uint64_t one : bytes) {
      std::printf("%s%llu", separator, static_cast<unsigned long long>(one));
      separator = ", ";
    }
    std::printf("]}\n");
  }

  const StreamsOptions& options_;
  Fd poller_;
  std::vector<Connection> connections_;
  Counted payload_;
  std::array<std::byte, kPiece> read_;
};

}  // namespace

void streams(const StreamsOptions& options) {
  Streams(options).run();
}

}  // namespace conker::peer
