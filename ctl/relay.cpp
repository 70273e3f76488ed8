#include "ctl/relay.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

#include "ctl/error.hpp"

namespace conker::ctl {
namespace {

constexpr std::size_t kReadBytes = std::size_t{64} * 1024;
// A writable pipe has room for so much: writing more could block beyond --timeout.
constexpr std::size_t kPipeBytes = 4096;

class RelayLoop {
 public:
  RelayLoop(Client& client, int id, RelayWay way)
      : client_(client),
        id_(id),
        up_(std::move(way.text)),
        up_ended_(!way.from_stdin),
        to_stdout_(way.to_stdout) {}

  json run() {
    wait_for_descriptor();
    while (!result_ && !failure_) step();
    // The daemon has finished; bytes that it wrote may still be on the way.
    while (to_stdout_ && !(down_ended_ && down_.empty())) step();
    if (failure_) throw Failure(*failure_);
    return std::move(*result_);
  }

 private:
  void wait_for_descriptor() {
    while (!data_) {
      auto message = client_.receive(std::nullopt);
      if (!message) continue;
      if (message->descriptor) data_ = std::move(message->descriptor);
      if (auto result = Client::result_in(*message, id_)) {
        throw Failure(kExitFailed, "the daemon gave no descriptor for the bytes");
      }
    }
    if (!to_stdout_) down_ended_ = true;
    end_up();
  }

  void step() {
    enum { kControl, kIn, kData, kOut, kCount };
    std::array<pollfd, kCount> polls;
    polls.fill({-1, 0, 0});
    if (!result_ && !failure_) polls[kControl] = {client_.fd(), POLLIN, 0};
    if (!up_ended_ && up_.empty()) polls[kIn] = {STDIN_FILENO, POLLIN, 0};
    const bool want_up = !up_.empty();
    const bool want_down = !down_ended_ && down_.empty();
    const int events = (want_up ? POLLOUT : 0) | (want_down ? POLLIN : 0);
    if (events != 0) polls[kData] = {data_.get(), static_cast<short>(events), 0};
    if (!down_.empty()) polls[kOut] = {STDOUT_FILENO, POLLOUT, 0};
    const int ready = ::poll(polls.data(), polls.size(), client_.poll_timeout());
    if (ready <= 0) return;
    const auto is = [&](int index, int wanted) {
      return (polls[static_cast<std::size_t>(index)].revents & wanted) != 0;
    };
    if (is(kIn, POLLIN | POLLHUP | POLLERR | POLLNVAL)) read_stdin();
    if (want_up && is(kData, POLLOUT | POLLHUP | POLLERR)) send_up();
    if (want_down && is(kData, POLLIN | POLLHUP | POLLERR)) receive_down();
    if (is(kOut, POLLOUT | POLLHUP | POLLERR | POLLNVAL)) write_stdout();
    if (is(kControl, POLLIN | POLLHUP)) read_control();
  }

  void read_stdin() {
    up_.resize(kReadBytes);
    const ssize_t n = ::read(STDIN_FILENO, up_.data(), up_.size());
    up_.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (n < 0) throw Failure(kExitFailed, fmt::format("standard input: {}", std::strerror(errno)));
    if (n == 0) up_ended_ = true;
    end_up();
  }

  void send_up() {
    const ssize_t n = ::send(data_.get(), up_.data(), up_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
      up_.erase(0, static_cast<std::size_t>(n));
    } else if (errno != EINTR && errno != EAGAIN) {
      // The daemon takes no more; its result says why.
      up_.clear();
      up_ended_ = true;
    }
    end_up();
  }

  /// Tells the daemon that no more bytes will come.
  void end_up() {
    if (up_ended_ && up_.empty()) ::shutdown(data_.get(), SHUT_WR);
  }

  void receive_down() {
    down_.resize(kReadBytes);
    const ssize_t n = ::recv(data_.get(), down_.data(), down_.size(), MSG_DONTWAIT);
    down_.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (n > 0) return;
    // The peer has closed: no one will take further input.
    down_ended_ = true;
    up_ended_ = true;
    up_.clear();
    end_up();
  }

  void write_stdout() {
    const std::size_t size = std::min(down_.size() - down_at_, kPipeBytes);
    const ssize_t n = ::write(STDOUT_FILENO, down_.data() + down_at_, size);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (n < 0) throw Failure(kExitFailed, fmt::format("standard output: {}", std::strerror(errno)));
    down_at_ += static_cast<std::size_t>(n);
    if (down_at_ < down_.size()) return;
    down_.clear();
    down_at_ = 0;
  }

  void read_control() {
    try {
      const auto message = client_.receive(std::chrono::steady_clock::now());
      if (message) result_ = Client::result_in(*message, id_);
    } catch (const Failure& failure) {
      failure_ = failure;
    }
  }

  Client& client_;
  int id_;
  OwnedFd data_;
  std::string up_;  // on the way to the daemon
  bool up_ended_;   // end of standard input
  bool to_stdout_;
  std::string down_;  // on the way to standard output
  std::size_t down_at_ = 0;
  bool down_ended_ = false;
  std::optional<json> result_;
  std::optional<Failure> failure_;
};

}  // namespace

json relay(Client& client, int id, RelayWay way) {
  return RelayLoop(client, id, std::move(way)).run();
}

}  // namespace conker::ctl
