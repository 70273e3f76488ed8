// A call under way: its parameters, and the one answer it will get, now or later.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/control/rpc.hpp"
#include "daemon/control/session.hpp"
#include "protocol/verbs.hpp"

namespace conker::daemon {

/// Finds the clients that are still there.
class Sessions {
 public:
  /// Null when that client has gone.
  virtual Session* find_session(SessionId id) = 0;
  virtual void count_error() = 0;
  /// What the control server has done, and how many clients there are now.
  virtual protocol::Status::Control counters() const = 0;

 protected:
  ~Sessions() = default;
};

/// May be kept for as long as it takes, also beyond its client: then the answer goes nowhere. One
/// that is dropped unanswered answers kInternal, so that no client waits for ever.
class Call {
 public:
  Call(Sessions& sessions, SessionId session, Request request)
      : sessions_(&sessions), session_(session), request_(std::move(request)) {
    if (Session* client = sessions_->find_session(session_)) ++client->calls;
  }
  Call(Call&& other) noexcept
      : sessions_(std::exchange(other.sessions_, nullptr)),
        session_(other.session_),
        request_(std::move(other.request_)) {}
  Call& operator=(Call&&) = delete;
  ~Call() {
    if (sessions_ != nullptr)
      fail(protocol::Code::kInternal, "the daemon lost this call: please report it");
  }

  SessionId session() const { return session_; }
  std::string_view verb() const { return request_.verb->name; }
  /// Whether the client is still there.
  bool wanted() const { return sessions_->find_session(session_) != nullptr; }

  /// The descriptor that came with the request; none if none did.
  Descriptor take_descriptor() {
    Session* client = sessions_->find_session(session_);
    return client == nullptr ? Descriptor() : client->take_descriptor();
  }

  // ---- Answers ----

  /// Something to be told before the answer: a structure of the protocol.
  template <typename T>
  void notify(const T& message, Descriptor descriptor = Descriptor()) {
    if (Session* client = sessions_->find_session(session_)) {
      client->send(notification_line(T::kName, protocol::to_json(message)), std::move(descriptor));
    }
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
};

/// A call of one verb: its parameters and its result have their structures.
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

/// Where the parts of the control server put their handlers.
class Verbs {
 public:
  virtual void serve(std::string_view verb, Handler handler) = 0;
  /// serve<protocol::Open>([](CallOf<protocol::Open> call) { ... })
  template <typename V, typename F>
  void serve(F handler) {
    serve(V::kName,
          [handler = std::move(handler)](Call call) { handler(CallOf<V>(std::move(call))); });
  }
  /// Called when a client has gone.
  virtual void on_gone(std::function<void(SessionId)> handler) = 0;

 protected:
  ~Verbs() = default;
};

}  // namespace conker::daemon
