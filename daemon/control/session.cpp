#include "daemon/control/session.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "protocol/verb.hpp"

namespace conker::daemon {
namespace {

constexpr std::size_t kReadBytes = std::size_t{16} * 1024;
constexpr std::size_t kMaxReceived =
    253;  // SCM_MAX_FD, the most of a message: surplus ones must be received to be closed

/// Keeps the first descriptors of a message, closes all others.
void keep_descriptors(msghdr& message, std::vector<Descriptor>& kept) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
      Descriptor descriptor(fd);
      // close() of a socket with SO_LINGER, if it is the last, would block the daemon for as long
      // as the client has chosen.
      const linger none{};
      (void)::setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
      if (kept.size() < protocol::kMaxDescriptors) kept.push_back(std::move(descriptor));
    }
  }
}

}  // namespace

Session::Session(struct ev_loop* loop, Descriptor socket, SessionId id, Owner& owner)
    : id_(id),
      owner_(owner),
      socket_(std::move(socket)),
      io_(loop, [this](int events) { ready(events); }),
      stalled_(loop, [this] {
        if (!output_.empty() && !progressed_) end(End::kDoesNotRead);
        progressed_ = false;
      }) {
  watch();
}

void Session::ready(int events) {
  if ((events & EV_WRITE) != 0) write();
  if (!ended_ && (events & EV_READ) != 0) read();
  if (!ended_) watch();
}

void Session::watch() {
  const bool reading = !finishing_ && output_bytes_ < kHighWater;
  io_.watch(socket_.get(), (reading ? EV_READ : 0) | (output_.empty() ? 0 : EV_WRITE));
  if (output_.empty()) {
    stalled_.stop();
  } else if (!stalled_.active()) {
    progressed_ = false;
    stalled_.start(kStalled, kStalled);
  }
}

void Session::read() {
  if (finishing_ || !receive()) return;
  take_lines();
}

/// Reads once from the socket; false when nothing was read or the session has ended.
bool Session::receive() {
  std::array<char, kReadBytes> bytes;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxReceived * sizeof(int))> control;
  iovec vector{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t n = ::recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (n < 0) {
    if (errno != EAGAIN && errno != EINTR) end(End::kFailed);
    return false;
  }
  keep_descriptors(message, descriptors_in_);
  if (n == 0) {
    end(End::kByClient);
    return false;
  }
  input_.append(bytes.data(), static_cast<std::size_t>(n));
  return true;
}

/// Passes complete lines to the owner, until too many answers are unread.
void Session::take_lines() {
  std::size_t begin = 0;
  while (!ended_ && !finishing_ && output_bytes_ < kHighWater) {
    const std::size_t newline = input_.find('\n', begin);
    const std::size_t length = (newline == std::string::npos ? input_.size() : newline) - begin;
    if (length > protocol::kMaxRequestBytes) {
      owner_.on_long_line(*this);
      finish();
      return;
    }
    if (newline == std::string::npos) break;
    // A copy: the owner may end this session, and the line must stay valid.
    const std::string line = input_.substr(begin, length);
    begin = newline + 1;
    owner_.on_line(*this, line);
  }
  if (ended_) return;
  input_.erase(0, begin);
  // Descriptors that the verb of their line does not take are closed, not kept for later lines.
  if (input_.empty()) descriptors_in_.clear();
}

void Session::send(std::string line, Descriptor descriptor) {
  if (ended_) return;
  output_bytes_ += line.size();
  output_.push_back({std::move(line), std::move(descriptor), 0});
  if (output_bytes_ > kMaxOutput) {
    end(End::kDoesNotRead);
    return;
  }
  if (output_.size() == 1) {
    while (!output_.empty() && send_front()) {
    }
    if (ended_) return;
  }
  watch();
}

void Session::write() {
  while (!output_.empty() && send_front()) {
  }
  if (ended_) return;
  if (finishing_ && output_.empty()) {
    end(End::kLineTooLong);
    return;
  }
  // Requests may be waiting in input_ since too many answers were unread.
  if (output_bytes_ < kHighWater && !input_.empty()) take_lines();
}

/// Sends as much as possible of the oldest line; true when all of it was sent.
bool Session::send_front() {
  Outgoing& front = output_.front();
  iovec vector{front.line.data() + front.sent, front.line.size() - front.sent};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  if (front.descriptor) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    const int fd = front.descriptor.get();
    std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  }
  const ssize_t n = ::sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n < 0) {
    if (errno != EAGAIN && errno != EINTR) end(errno == EPIPE ? End::kByClient : End::kFailed);
    return false;
  }
  front.descriptor.reset();
  progressed_ = true;
  front.sent += static_cast<std::size_t>(n);
  output_bytes_ -= static_cast<std::size_t>(n);
  if (front.sent < front.line.size()) return false;
  output_.pop_front();
  return true;
}

void Session::finish() {
  if (ended_) return;
  finishing_ = true;
  if (output_.empty()) {
    end(End::kLineTooLong);
  } else {
    watch();
  }
}

void Session::end(End end) {
  if (ended_) return;
  ended_ = true;
  io_.stop();
  stalled_.stop();
  output_.clear();
  output_bytes_ = 0;
  descriptors_in_.clear();
  socket_.reset();
  owner_.on_end(*this, end);
}

}  // namespace conker::daemon
