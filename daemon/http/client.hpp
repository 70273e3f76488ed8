// A client of the HTTP server: one connection, from its accept to its end. What it may hold, and
// for how long:
//
//   a request     8 KiB, for http.request_timeout; what follows stays in the receive window
//   an answer     64 KiB in the stack's queues, for 60 s; the rest is shared by all clients
//   a stream      one event, for 20 s; others are skipped meanwhile
//   a connection  http.idle_timeout without a request, and 5 s after the last answer
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "config/config.hpp"
#include "daemon/http/answer.hpp"
#include "daemon/http/request.hpp"
#include "protocol/http.hpp"
#include "stack/stack.hpp"

namespace conker::daemon {

/// What all clients of the server share.
struct HttpCommon {
  Stack& stack;
  const config::Http& config;
  HttpSite& site;
  protocol::HttpCounters counters{};
};

class HttpClient {
 public:
  static constexpr std::uint32_t kMostHeld = 64 * 1024;  // bytes not acknowledged

  HttpClient(HttpCommon& common, ConnectionId id, const IpAddress& address);

  ConnectionId id() const { return id_; }
  const IpAddress& address() const { return address_; }
  /// Whether it is over: the connection is closed, or closes by itself.
  bool gone() const { return phase_ == Phase::kGone; }
  bool streaming() const { return phase_ == Phase::kStreaming; }
  /// Since when it has been waited for to complete a request; kNever while it is not.
  Instant awaited_since() const {
    return phase_ == Phase::kAwaited || phase_ == Phase::kReading ? awaited_since_ : kNever;
  }

  /// After an event of the connection.
  void serve();
  /// A stream is told of something.
  void tell(const HttpText& event);
  /// What is due by now.
  void step();
  /// When step() wants to be called at the latest.
  Instant due() const { return again_ < due_ ? again_ : due_; }
  /// Resets the connection.
  void reset();
  /// Closes it, as far as its peer lets it.
  void close();

 private:
  enum class Phase : std::uint8_t {
    kAwaited,    // nothing of the next request has come
    kReading,    // a part of it has
    kAnswering,  // the answer is not yet in the stack's queue
    kStreaming,  // it is told what happens
    kLeaving,    // our FIN is out; what still comes is dropped
    kGone,
  };

  void enter(Phase phase, Duration most);
  void begin_request(Duration most);
  bool read();
  void answer();
  void put(const HttpAnswer& answer, bool with_content);
  bool send();
  void leave();
  void drain();
  void overdue();
  bool peer_is_done() const;
  Instant now() const { return common_.stack.now(); }

  HttpCommon& common_;
  ConnectionId id_;
  IpAddress address_;
  RequestReader reader_;
  Phase phase_ = Phase::kAwaited;
  bool first_ = true;  // the first request
  bool keep_alive_ = false;
  Instant awaited_since_{};
  Instant due_ = kNever;    // of the phase
  Instant again_ = kNever;  // when to go on with what could not be done at once
  // What is to be sent: the head, then the content.
  std::string head_;
  HttpText content_;
  std::size_t sent_ = 0;  // of both together
};

}  // namespace conker::daemon
