// The client of the control socket.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ctl/error.hpp"
#include "protocol/json.hpp"
#include "protocol/verbs.hpp"

namespace conker::ctl {

using protocol::json;

/// A result: as received, for --json, and as a structure.
template <typename V>
struct Answer {
  json raw;
  typename V::Result value;

  const typename V::Result* operator->() const { return &value; }
};

/// Owns a descriptor that was received.
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
  int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_;
};

/// Descriptors for the daemon, in the order of the parameters that ask for them.
using Passed = std::vector<int>;

/// The deadline of the whole command; nothing: none.
using Deadline = std::optional<std::chrono::steady_clock::time_point>;

class Client {
 public:
  /// How long a daemon may take for what it does at once, in seconds.
  static constexpr double kAtOnce = 30;

  /// Connects; where that is not permitted, to the status socket beside it, which answers verbs
  /// that only read. A Failure with kExitNoDaemon when no daemon listens at `path`.
  /// Without a deadline the daemon must at least answer a first call at once (kAtOnce).
  Client(const std::string& path, Deadline deadline);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Makes a call and returns its result. An error becomes a Failure with its exit code. The
  /// descriptors that are passed stay the caller's too.
  template <typename V>
  Answer<V> call(const typename V::Parameters& parameters = {}, const Passed& passed = {}) {
    return understood<V>(wait(send<V>(parameters, passed)));
  }

  /// The same for a result that is only printed.
  template <typename V>
  json call_raw(const typename V::Parameters& parameters = {}) {
    return wait(send<V>(parameters));
  }

  // ---- In steps, for calls whose result takes a while ----

  struct Message {
    json body;  // a whole JSON-RPC message
    OwnedFd descriptor;
  };
  /// Sends a request and returns its id.
  template <typename V>
  int send(const typename V::Parameters& parameters, const Passed& passed = {}) {
    if (!deadline_) greet();
    return send(V::kName, protocol::parameters_json(parameters), passed);
  }
  /// The next message; waits for it until `wait_until`, at most until the deadline (then it is a
  /// Failure with kExitTimedOut). A signal ends the wait early, with nothing.
  std::optional<Message> receive(std::optional<std::chrono::steady_clock::time_point> wait_until);
  /// The result in a message that answers `id`; nothing if it is another message. An error becomes
  /// a Failure.
  static std::optional<json> result_in(const Message& message, int id);
  /// The result of a call of this verb as a structure. A Failure when it cannot be parsed.
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
  /// The timeout for poll(): milliseconds until the deadline, -1 without one. A Failure when it has
  /// passed.
  int poll_timeout() const;
  /// Whether the deadline has passed.
  bool expired() const { return deadline_ && std::chrono::steady_clock::now() >= *deadline_; }
  /// Waits without end from now on, if the daemon answers at all. Returns the deadline there was,
  /// for the caller to keep.
  Deadline lift_deadline() {
    greet();
    return std::exchange(deadline_, std::nullopt);
  }

 private:
  int send(std::string_view verb, const json& params, const Passed& passed);
  void greet();
  json wait(int id);
  std::optional<Message> take_line();
  void fill();
  /// Asks for the daemon's version: another protocol version is the likely reason.
  [[noreturn]] void not_understood(std::string_view verb, const protocol::Unreadable& error);

  OwnedFd socket_;
  Deadline deadline_;
  bool greeted_ = false;
  int next_id_ = 1;
  std::string input_;
  OwnedFd descriptor_;  // received with a line that is not complete yet
};

}  // namespace conker::ctl
