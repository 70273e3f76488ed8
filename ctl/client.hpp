// The client's end of the control socket.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "ctl/error.hpp"
#include "protocol/json.hpp"
#include "protocol/verbs.hpp"

namespace conker::ctl {

using protocol::json;

/// A result: as it came, for --json, and in its structure.
template <typename V>
struct Answer {
  json raw;
  typename V::Result value;

  const typename V::Result* operator->() const { return &value; }
};

/// An end of a descriptor that was passed to us.
class OwnedFd {
 public:
  explicit OwnedFd(int fd = -1) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~OwnedFd() { reset(); }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset();

 private:
  int fd_;
};

/// The end of the time that the whole command may take; nothing: no end.
using Deadline = std::optional<std::chrono::steady_clock::time_point>;

class Client {
 public:
  /// Connects. A Failure with kExitNoDaemon when nobody listens at `path`.
  Client(const std::string& path, Deadline deadline);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// A call and its result. An error becomes a Failure with its exit code. With a descriptor for
  /// the daemon, that stays ours too.
  template <typename V>
  Answer<V> call(const typename V::Parameters& parameters = {}, int fd = -1) {
    return understood<V>(wait(send<V>(parameters, fd)));
  }

  /// The same, of a result that is only shown.
  template <typename V>
  json call_raw(const typename V::Parameters& parameters = {}) {
    return wait(send<V>(parameters));
  }

  // ---- In parts, for calls whose answer takes a while ----

  struct Message {
    json body;  // a whole JSON-RPC message
    OwnedFd descriptor;
  };
  /// Sends a request and gives its id.
  template <typename V>
  int send(const typename V::Parameters& parameters, int fd = -1) {
    return send(V::kName, protocol::parameters_json(parameters), fd);
  }
  /// The next message if there is one; waits for it until `ready_before`, at most until the
  /// deadline (then it is a Failure with kExitTimedOut). With a signal it comes back early with
  /// nothing.
  std::optional<Message> receive(std::optional<std::chrono::steady_clock::time_point> wait_until);
  /// The result in a message that answers `id`; nothing if it is another one. An error becomes a
  /// Failure.
  static std::optional<json> result_in(const Message& message, int id);
  /// The result of a call of this verb in its structure. A Failure when it cannot be understood.
  template <typename V>
  Answer<V> understood(json result) {
    Answer<V> answer{std::move(result), {}};
    try {
      answer.value = protocol::from_json<typename V::Result>(answer.raw);
    } catch (const protocol::Unreadable& error) {
      not_understood(V::kName, error);
    }
    return answer;
  }
  /// The notification in a message, if it is one of these.
  template <typename T>
  static std::optional<T> notification(const Message& message) {
    if (message.body.value("method", std::string()) != T::kName) return std::nullopt;
    return protocol::from_json<T>(message.body.at("params"));
  }

  int fd() const { return socket_.get(); }
  /// How long poll() may sleep: milliseconds until the deadline, -1 without one. A Failure when it
  /// has passed.
  int poll_timeout() const;
  /// Whether the deadline has passed.
  bool expired() const { return deadline_ && std::chrono::steady_clock::now() >= *deadline_; }

 private:
  int send(std::string_view verb, const json& params, int fd);
  json wait(int id);
  std::optional<Message> take_line();
  void fill();
  /// Asks for the daemon's version: if it is another protocol's, that is the reason.
  [[noreturn]] void not_understood(std::string_view verb, const protocol::Unreadable& error);

  OwnedFd socket_;
  Deadline deadline_;
  int next_id_ = 1;
  std::string input_;
  OwnedFd descriptor_;  // came with a line that is not complete yet
};

}  // namespace conker::ctl
