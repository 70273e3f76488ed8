#include "tests/bench/null/bulk.hpp"

#include <arpa/inet.h>

#include <cstdio>
#include <stdexcept>
#include <utility>

namespace conker::null {

void announce(const BulkOptions& options) {
  sockaddr_in local{};
  local.sin_family = AF_INET;
  local.sin_addr.s_addr = htonl(options.address);
  local.sin_port = htons(options.port);
  peer::announce(local);
}

bool Course::over(std::size_t live) {
  const auto before = std::exchange(now_, Clock::now());
  if (bytes_ != bytes_before_) {
    if (bytes_before_ == 0) first_ = before;
    bytes_before_ = bytes_;
    last_ = now_;
  }
  if (!connected_) {
    if (now_ - start_ > std::chrono::seconds(10))
      throw std::runtime_error("nobody has connected in 10 seconds");
    return false;
  }
  return live == 0 || now_ - *connected_ > std::chrono::duration<double>(seconds_);
}

void Course::print() const {
  const double seconds = std::chrono::duration<double>(last_ - first_).count();
  const double rate = seconds > 0 ? static_cast<double>(bytes_) * 8 / seconds : 0;
  const Usage used = Usage::now();
  std::printf(
      "{\"bytes\": %llu, \"seconds\": %.3f, \"bits_per_second\": %.0f, \"frames\": %llu, "
      "\"user_seconds\": "
      "%.2f, "
      "\"system_seconds\": %.2f}\n",
      static_cast<unsigned long long>(bytes_), seconds, rate,
      static_cast<unsigned long long>(frames_), used.user_s, used.system_s);
}

}  // namespace conker::null
