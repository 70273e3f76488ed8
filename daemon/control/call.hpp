// A call of a verb: its parameters, and the one answer that it gets, now or later.
#pragma once

#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/control/rpc.hpp"
#include "daemon/control/session.hpp"
#include "protocol/verbs.hpp"

namespace conker::daemon {

/// The connected clients of the control server.
class Sessions {
 public:
  /// Null when that client has disconnected.
  virtual Session* find_session(SessionId id) = 0;
  /// Whether that client may only call what reads.
  virtual bool is_reader(SessionId id) const = 0;
  virtual void count_error() = 0;
  /// Counts of the control server, and the number of connected clients.
  virtual protocol::Status::Control counters() const = 0;

 protected:
  ~Sessions() = default;
};

/// One request until its answer. It may outlive the client's session: its answer is then dropped.
/// Destroyed without an answer it answers kInternal, so that no client waits for ever.
class Call {
 public:
  Call(Sessions& sessions, SessionId session, Request request)
      : sessions_(&sessions), session_(session), request_(std::move(request)) {
    Session* client = sessions_->find_session(session_);
    if (client == nullptr) return;
    ++client->calls;
    if (protocol::goes_to_daemon(request_.verb->descriptor))
      descriptors_ = client->take_descriptors();
  }
  Call(Call&& other) noexcept
      : sessions_(std::exchange(other.sessions_, nullptr)),
        session_(other.session_),
        request_(std::move(other.request_)),
        descriptors_(std::move(other.descriptors_)) {}
  Call& operator=(Call&&) = delete;
  ~Call() {
    if (sessions_ == nullptr) return;
    fail(protocol::Code::kInternal, std::uncaught_exceptions() != 0
                                        ? "the daemon has no memory for it: try again later"
                                        : "the daemon lost this call: please report it");
  }

  SessionId session() const { return session_; }
  std::string_view verb() const { return request_.verb->name; }
  /// Whether the client is still connected.
  bool wanted() const { return sessions_->find_session(session_) != nullptr; }
  /// From here on something ends with the client's session.
  void keep_session() {
    if (Session* client = sessions_->find_session(session_)) client->keeps = true;
  }
  /// Whether the client came at the status socket.
  bool of_reader() const { return sessions_->is_reader(session_); }

  /// The next of the descriptors that were received with the request; empty when there is none.
  Descriptor take_descriptor() {
    if (descriptors_.empty()) return Descriptor();
    Descriptor next = std::move(descriptors_.front());
    descriptors_.erase(descriptors_.begin());
    return next;
  }

  // ---- Answers ----

  /// Sends a notification before the answer: a structure of the protocol.
  template <typename T>
  void notify(const T& message, Descriptor descriptor = Descriptor()) {
    if (Session* client = sessions_->find_session(session_)) {
      client->send(notification_line(T::kName, protocol::to_json(message)), std::move(descriptor));
    }
  }
  /// Sends whole lines, as notification_line() makes them, before the answer.
  void notify_lines(std::string lines) {
    if (Session* client = sessions_->find_session(session_)) client->send(std::move(lines));
  }
  /// Bytes for the client that it has not taken yet.
  std::size_t unsent() const {
    const Session* client = sessions_->find_session(session_);
    return client == nullptr ? 0 : client->unsent();
  }
  void fail(protocol::Code code, std::string_view message) {
    if (sessions_ != nullptr) sessions_->count_error();
    answer(error_line(request_.id, code, message));
  }

 protected:
  const json& params() const { return request_.params; }
  void reply(const json& result) { answer(result_line(request_.id, result)); }

 private:
  void answer(std::string line) {
    Sessions* sessions = std::exchange(sessions_, nullptr);
    Session* client = sessions == nullptr ? nullptr : sessions->find_session(session_);
    if (client == nullptr) return;
    --client->calls;
    if (!request_.notification) client->send(std::move(line));
  }

  Sessions* sessions_;  // null once answered or moved from
  SessionId session_;
  Request request_;
  std::vector<Descriptor> descriptors_;
};

/// A call of one verb, with its structures for parameters and result.
template <typename V>
class CallOf : public Call {
 public:
  explicit CallOf(Call&& call) : Call(std::move(call)) {}

  typename V::Parameters parameters() const {
    return parameters_in<typename V::Parameters>(params());
  }
  void reply(const typename V::Result& result) { Call::reply(protocol::to_json(result)); }
};

/// Serves one verb.
using Handler = std::function<void(Call)>;

/// The handlers of verbs; each part of the control server adds its own.
class Verbs {
 public:
  virtual void serve(std::string_view verb, Handler handler) = 0;
  /// serve<protocol::Open>([](CallOf<protocol::Open> call) { ... })
  template <typename V, typename F>
  void serve(F handler) {
    serve(V::kName,
          [handler = std::move(handler)](Call call) { handler(CallOf<V>(std::move(call))); });
  }
  /// Adds a handler that is called when a client has disconnected.
  virtual void on_gone(std::function<void(SessionId)> handler) = 0;

 protected:
  ~Verbs() = default;
};

}  // namespace conker::daemon
