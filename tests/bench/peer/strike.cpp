// A strike by the kernel's TCP: conker's own strike is compared with it.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <vector>

#include "tests/bench/peer/commands.hpp"
#include "tests/bench/peer/socket.hpp"

namespace conker::peer {
namespace {

using Clock = std::chrono::steady_clock;

/// How long to wait, after the last connection was begun, for those that are not finished.
constexpr std::chrono::seconds kPatience{5};

struct Tally {
  std::uint64_t begun = 0, completed = 0;
  std::uint64_t refused = 0, timed_out = 0, reset = 0, no_port = 0, other = 0;

  void failed(int error) {
    switch (error) {
      case ECONNREFUSED:
        ++refused;
        break;
      case ETIMEDOUT:
        ++timed_out;
        break;
      case ECONNRESET:
        ++reset;
        break;
      case EADDRNOTAVAIL:
        ++no_port;
        break;
      default:
        ++other;
        break;
    }
  }
};

class Striker {
 public:
  explicit Striker(const StrikeOptions& options) : options_(options), start_(Clock::now()) {
    if (options.duration_s > 0) {
      end_ = start_ + std::chrono::duration_cast<Clock::duration>(
                          std::chrono::duration<double>(options.duration_s));
    }
  }

  void run() {
    if (options_.concurrency == 1) {
      one_by_one();
    } else {
      many();
    }
    print();
  }

 private:
  bool may_begin() {
    if (options_.cycles != 0 && tally_.begun >= options_.cycles) return false;
    return Clock::now() < end_ && !stop_.stopped();
  }

  /// A socket that has begun to connect; `error` is its errno, 0 when it is connected already.
  Fd begin(int flags, int& error) {
    ++tally_.begun;
    Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
    if (!fd) fail("socket");
    if (options_.reset) reset_on_close(fd.get());
    if (!options_.sources.empty()) {
      bind_address(fd.get(), options_.sources[tally_.begun % options_.sources.size()]);
    }
    const auto* to = reinterpret_cast<const sockaddr*>(&options_.target);
    error = ::connect(fd.get(), to, sizeof options_.target) == 0 ? 0 : errno;
    return fd;
  }

  void count(int error) {
    if (error == 0) {
      ++tally_.completed;
    } else {
      tally_.failed(error);
    }
  }

  void one_by_one() {
    while (may_begin()) {
      int error = 0;
      const Fd fd = begin(0, error);
      count(error);
    }
  }

  void many() {
    const Fd poller(::epoll_create1(EPOLL_CLOEXEC));
    if (!poller) fail("epoll_create1");
    unsigned in_flight = 0;
    std::vector<Fd> open;  // indexed by descriptor
    std::array<epoll_event, 256> events;
    Clock::time_point give_up = Clock::time_point::max();
    for (;;) {
      while (in_flight < options_.concurrency && may_begin()) {
        int error = 0;
        Fd fd = begin(SOCK_NONBLOCK, error);
        if (error != EINPROGRESS) {
          count(error);
          break;  // poll the others first, also when no port is free
        }
        epoll_event event{};
        event.events = EPOLLOUT;
        event.data.fd = fd.get();
        if (::epoll_ctl(poller.get(), EPOLL_CTL_ADD, fd.get(), &event) != 0) fail("epoll_ctl");
        const auto slot = static_cast<std::size_t>(fd.get());
        if (open.size() <= slot) open.resize(slot + 1);
        open[slot] = std::move(fd);
        ++in_flight;
      }
      if (!may_begin()) {
        if (in_flight == 0) return;
        if (give_up == Clock::time_point::max()) give_up = Clock::now() + kPatience;
        if (Clock::now() >= give_up) break;
      }
      const int n = ::epoll_wait(poller.get(), events.data(), static_cast<int>(events.size()), 100);
      if (n < 0 && errno != EINTR) fail("epoll_wait");
      for (int i = 0; i < n; ++i) {
        Fd& fd = open[static_cast<std::size_t>(events[static_cast<std::size_t>(i)].data.fd)];
        int error = 0;
        socklen_t length = sizeof error;
        if (::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) fail("SO_ERROR");
        count(error);
        fd.reset();
        --in_flight;
      }
    }
    tally_.timed_out += in_flight;
  }

  void print() const {
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    const auto n = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
    std::printf(
        "{\"cycles\": %llu, \"completed\": %llu, \"failed\": {\"refused\": %llu, \"timed_out\": "
        "%llu, "
        "\"reset\": %llu, \"no_port\": %llu, \"other\": %llu}, \"duration_s\": %.3f, "
        "\"cycles_per_second\": %.0f}\n",
        n(tally_.begun), n(tally_.completed), n(tally_.refused), n(tally_.timed_out),
        n(tally_.reset), n(tally_.no_port), n(tally_.other), seconds,
        static_cast<double>(tally_.completed) / seconds);
  }

  const StrikeOptions& options_;
  StopSignal stop_;
  Tally tally_;
  Clock::time_point start_;
  Clock::time_point end_ = Clock::time_point::max();
};

}  // namespace

void strike(const StrikeOptions& options) {
  Striker(options).run();
}

}  // namespace conker::peer
