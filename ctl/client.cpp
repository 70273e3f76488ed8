#include "ctl/client.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "ctl/verbosity.hpp"

namespace conker::ctl {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void no_daemon(const std::string& path, const std::string& why) {
  throw Failure(kExitNoDaemon,
                fmt::format("no daemon at {}: {}: start it with `systemctl start conkerd` or "
                            "`conkerd --config FILE`, or name its socket with --socket",
                            path, why));
}

[[noreturn]] void lost() {
  throw Failure(kExitNoDaemon, "the daemon closed the connection: its log says why");
}

constexpr std::size_t kPathBytes = sizeof(sockaddr_un{}.sun_path);
/// Beside the control socket, for all users, as the shipped configuration has it.
constexpr std::string_view kStatusSocket = "status.sock";

Clock::time_point at_once() {
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(
                            std::chrono::duration<double>(Client::kAtOnce));
}

/// Has connect() and sendmsg() fail with EAGAIN where they would wait for longer than that.
void wait_until(const OwnedFd& socket, Clock::time_point when) {
  const auto left = std::max(std::chrono::ceil<std::chrono::microseconds>(when - Clock::now()),
                             std::chrono::microseconds(1));
  const timeval time{.tv_sec = left.count() / 1'000'000, .tv_usec = left.count() % 1'000'000};
  (void)::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

[[noreturn]] void takes_nothing() {
  throw Failure(kExitTimedOut,
                "timed out: the daemon takes no calls: it is stopped, or has too many clients");
}

bool connects(const OwnedFd& socket, const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= kPathBytes) return false;
  path.copy(address.sun_path, path.size());
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

/// With --verbose, shows a line of the protocol on standard error: what it was sent, or received.
void tell(char direction, std::string_view line) {
  if (verbosity != Verbosity::kVerbose) return;
  static const auto kBegan = Clock::now();
  const std::chrono::duration<double> at = Clock::now() - kBegan;
  fmt::print(stderr, "conkerctl: {:.3f} s {} {}", at.count(), direction, line);
}

/// The timeout for poll(), in milliseconds; rounded up, to avoid a busy loop at the end.
int milliseconds_until(Clock::time_point when) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(when - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000'000));
}

}  // namespace

void OwnedFd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Client::Client(const std::string& path, Deadline deadline)
    : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)), deadline_(deadline) {
  if (path.empty() || path.size() >= kPathBytes)
    throw Failure(kExitUsage, fmt::format("--socket: a path has 1 to {} bytes", kPathBytes - 1));
  if (!socket_) throw Failure(kExitFailed, fmt::format("no socket: {}", std::strerror(errno)));
  wait_until(socket_, std::min(at_once(), deadline.value_or(Clock::time_point::max())));
  if (connects(socket_, path)) return;
  if (errno == EACCES) {
    if (connects(socket_, path.substr(0, path.rfind('/') + 1) + std::string(kStatusSocket))) return;
    throw Failure(
        kExitNoDaemon,
        fmt::format("{}: permission denied: join the group that owns it, or use sudo", path));
  }
  if (errno == EAGAIN) takes_nothing();
  no_daemon(path, errno == ECONNREFUSED ? "nobody listens there" : std::strerror(errno));
}

int Client::poll_timeout() const {
  if (!deadline_) return -1;
  if (expired())
    throw Failure(kExitTimedOut,
                  "timed out: the daemon has not answered in time; --timeout TIME allows more");
  return milliseconds_until(*deadline_);
}

int Client::send(std::string_view verb, const json& params, const Passed& passed) {
  const int id = next_id_++;
  const std::string line =
      json{{"jsonrpc", "2.0"}, {"id", id}, {"method", verb}, {"params", params}}.dump(
          -1, ' ', false, json::error_handler_t::replace) +
      "\n";
  tell('>', line);
  std::size_t at = 0;
  while (at < line.size()) {
    iovec vector{const_cast<char*>(line.data()) + at, line.size() - at};
    msghdr message{};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxDescriptors * sizeof(int))> control{};
    if (!passed.empty() && at == 0) {
      const std::size_t bytes = passed.size() * sizeof(int);
      message.msg_control = control.data();
      message.msg_controllen = CMSG_SPACE(bytes);
      cmsghdr* header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(bytes);
      std::memcpy(CMSG_DATA(header), passed.data(), bytes);
    }
    const ssize_t n = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) takes_nothing();
    // A message that the daemon sent before it closed can still be read.
    if (n < 0) break;
    at += static_cast<std::size_t>(n);
  }
  return id;
}

std::optional<Client::Message> Client::take_line() {
  const std::size_t newline = input_.find('\n');
  if (newline == std::string::npos) return std::nullopt;
  Message message;
  tell('<', std::string_view(input_).substr(0, newline + 1));
  message.body = json::parse(std::string_view(input_).substr(0, newline), nullptr, false);
  input_.erase(0, newline + 1);
  if (!message.body.is_object())
    throw Failure(kExitFailed, "the daemon's answer is not JSON-RPC: is it conkerd?");
  message.descriptor = std::move(descriptor_);
  return message;
}

void Client::fill() {
  std::array<char, std::size_t{64} * 1024> bytes;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  iovec vector{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t n = ::recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) lost();
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    descriptor_ = OwnedFd(fd);
  }
  input_.append(bytes.data(), static_cast<std::size_t>(n));
}

std::optional<Client::Message> Client::receive(std::optional<Clock::time_point> wait_until) {
  for (;;) {
    if (auto message = take_line()) return message;
    int timeout = poll_timeout();
    if (wait_until) {
      const int own = milliseconds_until(*wait_until);
      timeout = timeout < 0 ? own : std::min(timeout, own);
    }
    pollfd poll{socket_.get(), POLLIN, 0};
    const int ready = ::poll(&poll, 1, timeout);
    if (ready < 0) return std::nullopt;
    if (ready > 0) {
      fill();
    } else if (wait_until && Clock::now() >= *wait_until) {
      return std::nullopt;
    }
  }
}

std::optional<json> Client::result_in(const Message& message, int id) {
  const auto error = message.body.find("error");
  const auto answered = message.body.find("id");
  // An error without an id is about the connection as a whole.
  const bool ours = answered != message.body.end() && (*answered == id || answered->is_null());
  if (!ours) return std::nullopt;
  if (error != message.body.end()) {
    const int code = error->value("code", static_cast<int>(Code::kFailed));
    throw Failure(exit_for(code),
                  error->value("message", std::string("the daemon gave no reason")));
  }
  return message.body.value("result", json::object());
}

/// Before a call that may wait without end: makes sure that the daemon answers at all.
void Client::greet() {
  if (std::exchange(greeted_, true)) return;
  const Deadline whole = deadline_;
  deadline_ = std::min(at_once(), whole.value_or(Clock::time_point::max()));
  (void)wait(send(Version::kName, json::object(), {}));
  deadline_ = whole;
}

json Client::wait(int id) {
  for (;;) {
    const auto message = receive(std::nullopt);
    if (!message) continue;
    if (auto result = result_in(*message, id)) return std::move(*result);
  }
}

void Client::not_understood(std::string_view verb, const protocol::Unreadable& error) {
  const json version = wait(send(Version::kName, json::object(), {}));
  const int theirs = protocol::from_json<Version::Result>(version).protocol;
  if (theirs != kProtocolVersion) {
    throw Failure(
        kExitFailed,
        fmt::format("the daemon speaks version {} of the control protocol, this conkerctl "
                    "version {}: update the older of the two",
                    theirs, kProtocolVersion));
  }
  throw Failure(kExitFailed,
                fmt::format("the daemon's answer to {} makes no sense: {}", verb, error.what()));
}

}  // namespace conker::ctl
