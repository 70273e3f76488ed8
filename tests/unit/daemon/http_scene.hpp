// The HTTP server on the left end of a wire in memory, its clients at the right end, on virtual
// time.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/http/server.hpp"
#include "stack/tcp/tcp.hpp"
#include "tests/unit/two_ends.hpp"

namespace conker::daemon {

class HttpScene : public testing::Test, private HttpSite {
 protected:
  static constexpr Port kPort{80};

  HttpScene() {
    config_.port = kPort;
    config_.allow = {Prefix{IpAddress::v4(10, 0, 0, 0), 24}};
    config_.clients = 4;
    config_.per_address = 4;
    config_.streams = 2;
  }
  ~HttpScene() override {
    server_->stop();
    wire_.left().on_event = {};
    wire_.left().on_turn = {};
    wire_.left().deadline = {};
    for (const ConnectionId id : open_) static_cast<void>(right().abort(id));
    wire_.run([] { return false; }, 2s);
    EXPECT_EQ(left().audit().live, 0u) << "the server keeps connections";
  }

  void start() {
    HttpSite& site = *this;
    server_.emplace(left(), config_, site);
    EXPECT_EQ(server_->start(), Error::kOk);
    Client& client = *server_;
    wire_.left().on_event = [&client](const Event& event) { client.on_event(event); };
    wire_.left().on_turn = [this, &client] { due_ = client.step(); };
    wire_.left().deadline = [this] { return due_; };
  }

  Stack& left() { return wire_.left().stack(); }
  Stack& right() { return wire_.right().stack(); }
  protocol::HttpCounters counted() const { return server_->counters(); }
  void pass(Duration time) {
    wire_.run([] { return false; }, time);
  }

  ConnectionId connect() {
    ConnectRequest request;
    request.remote = Endpoint{IpAddress::v4(10, 0, 0, 1), kPort};
    const auto id = right().connect(request);
    EXPECT_TRUE(id);
    open_.push_back(*id);
    pass(1ms);
    return *id;
  }
  void say(ConnectionId id, std::string_view text) {
    const auto sent = right().send(id, std::as_bytes(std::span(text)));
    EXPECT_TRUE(sent && *sent == text.size());
  }
  void ask(ConnectionId id, std::string_view path, std::string_view method = "GET") {
    say(id, std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  /// All that has come within that time.
  std::string heard(ConnectionId id, Duration within = 10ms) {
    std::string text;
    wire_.run(
        [&] {
          std::array<std::byte, 4096> piece;
          for (;;) {
            const auto count = right().receive(id, piece);
            if (!count || *count == 0) return false;
            text.append(reinterpret_cast<const char*>(piece.data()), *count);
          }
        },
        within);
    return text;
  }
  bool has_ended(ConnectionId id) {
    ConnectionInfo info;
    return !right().info(id, info) || info.state == State::kCloseWait ||
           info.state == State::kDestroy;
  }
  /// Whether it was reset, and not closed.
  bool was_reset(ConnectionId id) {
    ConnectionInfo info;
    return !right().info(id, info) || info.reason == CloseReason::kReset;
  }

  config::Http config_;
  std::string content_ = "content";
  std::string event_ = "data: 1\n\n";
  int events_made_ = 0;

 private:
  HttpAnswer answer(std::string_view path, Instant) override {
    HttpAnswer made;
    if (path == "/none") return http_error(404);
    made.stream = path == "/events";
    made.content = HttpText::of(made.stream ? event_ : content_);
    return made;
  }
  HttpText event(Instant) override {
    ++events_made_;
    return HttpText::of(event_);
  }

  test::Wire wire_{Capacities{.connections = 64,
                              .half_open = 64,
                              .time_wait = 64,
                              .listeners = 4,
                              .chunks = 1024,
                              .chunk_bytes = 1024},
                   Settings{}};
  std::optional<HttpServer> server_;
  Instant due_ = kNever;
  std::vector<ConnectionId> open_;
};

}  // namespace conker::daemon
