// The client's end of the control socket.
#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace conker::ctl {

using json = nlohmann::ordered_json;

/// The answer to a call that the daemon could not serve.
struct CallError {
  int code = 0;
  std::string message;
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

  /// A call and its result. An error becomes a Failure with its exit code.
  json call(std::string_view verb, const json& params = json::object());
  /// The same with a descriptor for the daemon, which stays ours too.
  json call_with_descriptor(std::string_view verb, const json& params, int fd);

  // ---- In parts, for calls whose answer takes a while ----

  struct Message {
    json body;  // a whole JSON-RPC message
    OwnedFd descriptor;
  };
  /// Sends a request and gives its id.
  int send(std::string_view verb, const json& params, int fd = -1);
  /// The next message if there is one; waits for it until `ready_before`, at most until the
  /// deadline (then it is a Failure with kExitTimedOut). With a signal it comes back early with
  /// nothing.
  std::optional<Message> receive(std::optional<std::chrono::steady_clock::time_point> wait_until);
  /// Messages come in until the answer to `id` is there. Notifications go to `notified`.
  json wait(int id, const std::function<void(Message&)>& notified = {});
  /// The result in a message that answers `id`; nothing if it is another one. An error becomes a
  /// Failure.
  static std::optional<json> result_in(const Message& message, int id);

  int fd() const { return socket_.get(); }
  /// How long poll() may sleep: milliseconds until the deadline, -1 without one. A Failure when it
  /// has passed.
  int poll_timeout() const;
  /// Whether the deadline has passed.
  bool expired() const { return deadline_ && std::chrono::steady_clock::now() >= *deadline_; }

 private:
  std::optional<Message> take_line();
  void fill();

  OwnedFd socket_;
  Deadline deadline_;
  int next_id_ = 1;
  std::string input_;
  OwnedFd descriptor_;  // came with a line that is not complete yet
};

}  // namespace conker::ctl
