#include "ctl/watch_source.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <string_view>

#include "ctl/args.hpp"
#include "stack/base/address.hpp"

namespace conker::ctl {
namespace {

constexpr int kConnectMs = 3000;

[[noreturn]] void cannot_watch(std::string_view what, std::string_view why, Exit exit) {
  throw Failure(exit, fmt::format("--watch {}: {}", what, why));
}

// ---- TCP ----

/// Connects, within kConnectMs; the error as errno has it.
int connect_to(const addrinfo& address, OwnedFd& made) {
  made = OwnedFd(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!made) return errno;
  if (::connect(made.get(), address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd poll{made.get(), POLLOUT, 0};
  if (::poll(&poll, 1, kConnectMs) <= 0) return ETIMEDOUT;
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(made.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  return error;
}

OwnedFd open_port(const std::string& text, const std::string& endpoint) {
  check_endpoint(endpoint);
  const auto parts = HostPort::parse(endpoint);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int wrong = ::getaddrinfo(std::string(parts->host).c_str(),
                                  endpoint.substr(endpoint.rfind(':') + 1).c_str(), &hints, &found);
  if (wrong != 0) cannot_watch(text, ::gai_strerror(wrong), kExitFailed);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, ::freeaddrinfo);
  OwnedFd made;
  if (const int error = connect_to(*addresses, made); error != 0)
    cannot_watch(text, std::strerror(error), kExitFailed);
  return made;
}

// ---- A serial device ----

struct Baud {
  int number;
  speed_t speed;
};
constexpr std::array<Baud, 15> kBauds{{{1200, B1200},
                                       {2400, B2400},
                                       {4800, B4800},
                                       {9600, B9600},
                                       {19200, B19200},
                                       {38400, B38400},
                                       {57600, B57600},
                                       {115200, B115200},
                                       {230400, B230400},
                                       {460800, B460800},
                                       {921600, B921600},
                                       {1000000, B1000000},
                                       {1500000, B1500000},
                                       {2000000, B2000000},
                                       {3000000, B3000000}}};

speed_t speed_of(const std::string& text, std::string_view baud) {
  int number = 0;
  const auto [end, error] = std::from_chars(baud.data(), baud.data() + baud.size(), number);
  const auto found = std::ranges::find(kBauds, number, &Baud::number);
  if (error != std::errc() || end != baud.data() + baud.size() || found == kBauds.end())
    cannot_watch(text, "the baud rate must be a usual one from 1200 to 3000000", kExitUsage);
  return found->speed;
}

OwnedFd open_serial(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  const bool given = colon != std::string::npos;
  const speed_t speed = given ? speed_of(text, std::string_view(text).substr(colon + 1)) : B115200;
  OwnedFd made(::open(text.substr(0, colon).c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!made) cannot_watch(text, std::strerror(errno), kExitFailed);
  termios settings{};
  if (::tcgetattr(made.get(), &settings) != 0)
    cannot_watch(text, "not a serial device", kExitFailed);
  ::cfmakeraw(&settings);
  settings.c_cflag |= CLOCAL | CREAD;
  ::cfsetspeed(&settings, speed);
  if (::tcsetattr(made.get(), TCSANOW, &settings) != 0)
    cannot_watch(text, std::strerror(errno), kExitFailed);
  return made;
}

}  // namespace

WatchSource::WatchSource(const std::string& text) {
  constexpr std::string_view kTcp = "tcp:";
  if (text.starts_with(kTcp)) {
    fd_ = open_port(text, text.substr(kTcp.size()));
  } else if (text.starts_with("/dev/") && text.find(' ') == std::string::npos) {
    fd_ = open_serial(text);
  } else if (text.empty()) {
    cannot_watch(text, "give a command, tcp:HOST:PORT or /dev/tty...[:BAUD]", kExitUsage);
  } else {
    child_.emplace(text);
  }
}

std::optional<std::string> WatchSource::why_ended(int error) const {
  if (!child_) return error == 0 ? "the other end has closed" : std::strerror(error);
  const auto code = child_->exit_code();
  if (!code) return std::nullopt;
  return fmt::format("exit code {}", *code);
}

}  // namespace conker::ctl
