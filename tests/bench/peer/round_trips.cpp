// Round trips of one byte.
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <vector>

#include "tests/bench/peer/commands.hpp"
#include "tests/bench/peer/socket.hpp"

namespace conker::peer {
namespace {

using Clock = std::chrono::steady_clock;

/// The quantile of the times at `share`, in microseconds.
double quantile_us(std::vector<Clock::duration>& times, double share) {
  const auto last = static_cast<double>(times.size() - 1);
  const auto at = times.begin() + static_cast<std::ptrdiff_t>(last * share);
  std::ranges::nth_element(times, at);
  return std::chrono::duration<double, std::micro>(*at).count();
}

}  // namespace

void round_trips(const sockaddr_in& target, double seconds) {
  const Fd fd = connect_to(target);
  const int on = 1;
  if (::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) fail("TCP_NODELAY");
  std::vector<Clock::duration> times;
  times.reserve(1u << 20);
  auto now = Clock::now();
  const auto end =
      now + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  do {
    char byte = 'x';
    const auto sent = now;
    if (::send(fd.get(), &byte, 1, MSG_NOSIGNAL) != 1) fail("send");
    const ssize_t n = ::recv(fd.get(), &byte, 1, 0);
    if (n < 0) fail("recv");
    if (n == 0) throw std::runtime_error("the other side has closed before the time was over");
    now = Clock::now();
    times.push_back(now - sent);
  } while (now < end);
  const double median = quantile_us(times, 0.5), most = quantile_us(times, 0.99);
  std::printf("{\"count\": %zu, \"median_us\": %.2f, \"p99_us\": %.2f}\n", times.size(), median,
              most);
}

}  // namespace conker::peer
