#include "daemon/log_sinks.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <poll.h>
#include <spdlog/details/log_msg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "daemon/log_field.hpp"

namespace conker::daemon {
namespace {

constexpr int kFileFlags = O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
constexpr mode_t kFileMode = 0644;  // less the umask

std::string reason(int error) {
  return std::generic_category().message(error);
}

}  // namespace

char priority_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::critical:
      return '2';
    case spdlog::level::err:
      return '3';
    case spdlog::level::warn:
      return '4';
    case spdlog::level::info:
      return '6';
    default:
      return '7';
  }
}

// ---- Lost lines ----

void LossySink::lose() {
  ++lost_;
  if (unsaid_++ == 0 && on_loss_) on_loss_();
}

bool LossySink::catch_up() {
  if (unsaid_ == 0) return true;
  const std::string text =
      fmt::format("{} line{} of the log {} lost: nobody took {}", unsaid_, unsaid_ == 1 ? "" : "s",
                  unsaid_ == 1 ? "was" : "were", unsaid_ == 1 ? "it" : "them");
  if (!put(spdlog::details::log_msg("conkerd", spdlog::level::warn, text))) return false;
  unsaid_ = 0;
  return true;
}

void LossySink::sink_it_(const spdlog::details::log_msg& message) {
  if (!catch_up() || !put(message)) lose();
}

// ---- Descriptors ----

// An inherited pipe or terminal may be open in other programs, which must not find it non-blocking:
// it is reopened for a file description of its own. Where that is not permitted it is polled before
// each write.
StreamSink::StreamSink(int fd) : fd_(fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || S_ISREG(status.st_mode)) return;
  if (S_ISSOCK(status.st_mode)) {
    how_ = How::kSend;
    return;
  }
  own_.reset(::open(fmt::format("/proc/self/fd/{}", fd).c_str(),
                    O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (own_) {
    fd_ = own_.get();
  } else {
    how_ = How::kPolled;
  }
}

StreamSink::StreamSink(const std::string& path)
    : path_(path), own_(::open(path.c_str(), kFileFlags, kFileMode)), fd_(own_.get()) {
  if (!own_) throw std::runtime_error(path + ": " + reason(errno));
}

std::string StreamSink::reopen() {
  if (path_.empty()) return {};
  Descriptor fresh(::open(path_.c_str(), kFileFlags, kFileMode));
  if (!fresh) return path_ + ": " + reason(errno);
  // The end of a line follows its beginning.
  if (!put_rest()) lose();
  rest_.clear();
  own_ = std::move(fresh);
  fd_ = own_.get();
  return {};
}

ssize_t StreamSink::write(std::string_view bytes) const {
  if (how_ == How::kSend)
    return ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (how_ == How::kPolled) {
    pollfd poll{fd_, POLLOUT, 0};
    if (::poll(&poll, 1, 0) <= 0 || (poll.revents & POLLOUT) == 0) {
      errno = EAGAIN;
      return -1;
    }
    bytes = bytes.substr(0, PIPE_BUF);
  }
  return ::write(fd_, bytes.data(), bytes.size());
}

/// Writes the rest of the previous line; false while some is left.
bool StreamSink::put_rest() {
  while (!rest_.empty()) {
    const ssize_t n = write(rest_);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    rest_.erase(0, static_cast<std::size_t>(n));
  }
  return true;
}

bool StreamSink::put(const spdlog::details::log_msg& message) {
  if (!put_rest()) return false;
  spdlog::memory_buf_t line;
  formatter_->format(message, line);
  rest_.assign(line.data(), line.size());
  const bool whole = put_rest();
  if (whole || rest_.size() < line.size()) return true;
  rest_.clear();
  return false;
}

// ---- The journal ----

bool JournalSink::is_there(std::string_view path) {
  return ::access(std::string(path).c_str(), W_OK) == 0;
}

JournalSink::JournalSink(std::string_view path)
    : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
  journal_.sun_family = AF_UNIX;
  path.copy(journal_.sun_path, sizeof journal_.sun_path - 1);
  if (!socket_ || !is_there(path)) {
    throw std::runtime_error("there is no journal here; use stderr or the path of a file");
  }
}

// The binary form of a field, in which the value may hold newlines.
bool JournalSink::put(const spdlog::details::log_msg& message) {
  std::string entry = "SYSLOG_IDENTIFIER=conkerd\nPRIORITY=";
  entry += priority_of(message.level);
  entry += '\n';
  entry += LogField::lines();
  entry += "MESSAGE\n";
  for (unsigned shift = 0; shift < 64; shift += 8) {
    entry += static_cast<char>(std::uint64_t{message.payload.size()} >> shift & 0xff);
  }
  entry.append(message.payload.data(), message.payload.size());
  entry += '\n';
  return ::sendto(socket_.get(), entry.data(), entry.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                  reinterpret_cast<const sockaddr*>(&journal_), sizeof journal_) >= 0;
}

}  // namespace conker::daemon
