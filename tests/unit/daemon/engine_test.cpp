// Two engines on one event loop, joined by a stream link (no root needed): turns, events, services,
// shutdown.
#include "daemon/engine.hpp"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <functional>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "daemon/services/services.hpp"
#include "daemon/shutdown.hpp"
#include "daemon/table_watch.hpp"
#include "stack/tcp/tcp.hpp"
#include "tests/support/scratch.hpp"

namespace conker::daemon {
namespace {

constexpr IpAddress kServer = IpAddress::v4(10, 78, 0, 1), kClient = IpAddress::v4(10, 78, 0, 2);

config::Config config_for(const std::string& path, config::Unix::Mode mode, std::uint8_t last,
                          const IpAddress& address) {
  config::Config config;
  config::Link link;
  link.name = "wire";
  link.mac = MacAddress{{2, 0, 0, 0, 0, last}};
  link.addresses = {Prefix{address, 24}};
  link.kind = config::Unix{{path}, mode};
  config.links.push_back(link);
  config.capacities.connections = 1024;
  config.capacities.chunks = 2048;
  // Tests rely on the size of the receive buffer and on immediate ACKs.
  config.settings.receive_buffer = 65535;
  config.settings.delayed_ack = Duration(0);
  return config;
}

/// A connection, as known to the client.
struct Conversation {
  ConnectionId id;
  std::string received;
  bool connected = false, peer_closed = false, closed = false;
  CloseReason reason = CloseReason::kNotClosed;
};

/// A client that calls hooks of the test.
struct TestClient final : Client {
  void on_event(const Event& event) override {
    if (event_hook) event_hook(event);
  }
  void on_echo_reply(const EchoReply& reply) override {
    if (reply_hook) reply_hook(reply);
  }
  Instant step() override { return step_hook ? step_hook() : kNever; }

  std::function<void(const Event&)> event_hook;
  std::function<void(const EchoReply&)> reply_hook;
  std::function<Instant()> step_hook;
};

class EngineTest : public testing::Test {
 protected:
  EngineTest() {
    client_.add(app_);
    app_.event_hook = [this](const Event& event) { on_event(event); };
  }
  ~EngineTest() override {
    EXPECT_EQ(server_.stack().audit().fault, nullptr) << server_.stack().audit().fault;
    EXPECT_EQ(client_.stack().audit().fault, nullptr) << client_.stack().audit().fault;
  }

  void on_event(const Event& event) {
    if (event.connection != talk_.id) return;
    talk_.connected = talk_.connected || event.has(Event::kConnected);
    talk_.peer_closed = talk_.peer_closed || event.has(Event::kPeerClosed);
    if (event.has(Event::kReadable) && reading_) read();
    if (event.has(Event::kClosed)) {
      talk_.closed = true;
      talk_.reason = event.reason;
    }
  }

  void read() {
    std::array<std::byte, 4096> buffer;
    for (;;) {
      const auto count = client_.stack().receive(talk_.id, buffer);
      if (!count || *count == 0) return;
      talk_.received.append(reinterpret_cast<const char*>(buffer.data()), *count);
    }
  }

  /// Runs the loop until done() is true, for about 5 s; returns done().
  [[nodiscard]] bool until(const std::function<bool()>& done) {
    // The timer wakes the loop every 5 ms, so that done() is called while it has nothing to do.
    ev_timer look;
    int looks = 0;
    ev_timer_init(
        &look, [](struct ev_loop*, ev_timer* timer, int) { ++*static_cast<int*>(timer->data); },
        0.005, 0.005);
    look.data = &looks;
    ev_timer_start(loop_, &look);
    while (!done() && looks < 1000) ev_run(loop_, EVRUN_ONCE);
    ev_timer_stop(loop_, &look);
    return done();
  }

  void open(Port port) {
    client_.enter();
    ConnectRequest request;
    request.remote = Endpoint{kServer, port};
    request.token = app_.token(1);
    const auto id = client_.stack().connect(request);
    ASSERT_TRUE(id) << to_string(id.error());
    talk_ = Conversation{*id, {}};
    ASSERT_TRUE(until([&] { return talk_.connected; }));
  }

  std::uint32_t send(std::string_view text) {
    client_.enter();
    const auto sent = client_.stack().send(talk_.id, std::as_bytes(std::span(text)));
    EXPECT_TRUE(sent) << to_string(sent.error());
    return sent ? *sent : 0;
  }

  void start(std::string_view name, Port port) {
    server_.enter();
    ASSERT_EQ(services_.start(name, port), Error::kOk);
  }

  State client_state() {
    ConnectionInfo info;
    return client_.stack().info(talk_.id, info) ? info.state : State::kDestroy;
  }

  test::Scratch scratch_;
  struct ev_loop* loop_ = ev_default_loop(EVFLAG_AUTO);
  Engine server_{loop_, config_for(scratch_ / "wire", config::Unix::Mode::kListen, 1, kServer)};
  Engine client_{loop_, config_for(scratch_ / "wire", config::Unix::Mode::kConnect, 2, kClient)};
  Services services_{server_};
  TestClient app_;
  Conversation talk_;
  bool reading_ = true;
};

TEST_F(EngineTest, Ping) {
  std::uint16_t answered = 0;
  app_.reply_hook = [&](const EchoReply& reply) { answered = reply.sequence; };
  // A frame that is sent before the links are connected is lost.
  ASSERT_TRUE(until([&] { return server_.links()[0].device->counters().connects == 1; }));
  client_.enter();
  ASSERT_EQ(client_.stack().ping(kServer, 1, 77, {}), Error::kOk);
  EXPECT_TRUE(until([&] { return answered == 77; }));
}

TEST_F(EngineTest, EchoReturnsAllDataAndClosesAfterTheFin) {  // RFC 862
  start("echo", Port{7});
  open(Port{7});
  send("hello ");
  send("there");
  ASSERT_TRUE(until([&] { return talk_.received == "hello there"; }));
  send("and out");
  ASSERT_EQ(client_.stack().shutdown(talk_.id), Error::kOk);
  ASSERT_TRUE(until([&] { return talk_.peer_closed; }));
  EXPECT_EQ(talk_.received, "hello thereand out");
  client_.enter();
  ASSERT_EQ(client_.stack().close(talk_.id), Error::kOk);
  ASSERT_TRUE(until([&] { return talk_.closed; }));
  EXPECT_EQ(talk_.reason, CloseReason::kClosed);
  EXPECT_TRUE(until([&] { return server_.stack().tcp().connection_count() == 0; }));
}

TEST_F(EngineTest, EchoStopsReadingWhileItsPeerDoesNotRead) {
  start("echo", Port{7});
  open(Port{7});
  reading_ = false;
  const std::string chunk(20000, 'e');
  std::size_t sent = 0;
  for (int quiet = 0; quiet < 200;) {
    const std::uint32_t taken = send(chunk);
    sent += taken;
    quiet = taken == 0 ? quiet + 1 : 0;
    ev_run(loop_, EVRUN_NOWAIT);
  }
  // Both windows are closed: both sides send zero-window probes, which must not hinder the rest.
  const auto probes = [](Engine& engine) {
    return engine.stack().counters()[Count::zero_window_probes];
  };
  EXPECT_TRUE(until([&] { return probes(client_) >= 2 && probes(server_) >= 2; }));
  // At most the receive and send buffers of both sides are full.
  EXPECT_GT(sent, 100'000u);
  const Settings& settings = server_.stack().settings();
  EXPECT_LT(sent, 2 * (settings.send_buffer + settings.receive_buffer) + 10'000);
  reading_ = true;
  client_.enter();
  read();
  EXPECT_TRUE(until([&] {
    client_.enter();
    read();
    return talk_.received.size() == sent;
  }));
  EXPECT_EQ(talk_.received.find_first_not_of('e'), std::string::npos);
}

TEST_F(EngineTest, DiscardReceivesAllDataAndSendsNone) {  // RFC 863
  start("discard", Port{9});
  open(Port{9});
  const std::string chunk(30000, 'd');
  std::size_t sent = 0;
  ASSERT_TRUE(until([&] { return (sent += send(chunk)) > 1'000'000; }));
  client_.enter();
  ASSERT_EQ(client_.stack().close(talk_.id), Error::kOk);
  ASSERT_TRUE(until([&] { return talk_.closed; }));
  EXPECT_EQ(talk_.reason, CloseReason::kClosed);
  EXPECT_TRUE(talk_.received.empty());
}

TEST_F(EngineTest, DaytimeSendsTheTimeAndCloses) {  // RFC 867
  start("daytime", Port{13});
  open(Port{13});
  send("what time is it?");
  ASSERT_TRUE(until([&] { return talk_.peer_closed; }));
  EXPECT_GT(talk_.received.size(), 20u);
  EXPECT_EQ(talk_.received.substr(talk_.received.size() - 2), "\r\n");
  send("thanks");
  client_.enter();
  ASSERT_EQ(client_.stack().close(talk_.id), Error::kOk);
  ASSERT_TRUE(until([&] { return talk_.closed; }));
  EXPECT_EQ(talk_.reason, CloseReason::kClosed);
}

TEST_F(EngineTest, ChargenSendsThePattern) {  // RFC 864
  start("chargen", Port{19});
  open(Port{19});
  ASSERT_TRUE(until([&] { return talk_.received.size() > 200'000; }));
  const std::string& text = talk_.received;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t line = i / 74, column = i % 74;
    const char expected = column == 72   ? '\r'
                          : column == 73 ? '\n'
                                         : static_cast<char>(' ' + (line + column) % 95);
    ASSERT_EQ(text[i], expected) << "at " << i;
  }
  client_.enter();
  ASSERT_EQ(client_.stack().abort(talk_.id), Error::kOk);
  EXPECT_TRUE(until([&] { return server_.stack().tcp().connection_count() == 0; }));
}

TEST_F(EngineTest, AcceptCloseCloses) {
  start("accept-close", Port{8});
  open(Port{8});
  ASSERT_TRUE(until([&] { return talk_.peer_closed; }));
  EXPECT_EQ(client_state(), State::kCloseWait);
  client_.enter();
  ASSERT_EQ(client_.stack().close(talk_.id), Error::kOk);
  ASSERT_TRUE(until([&] { return talk_.closed; }));
  EXPECT_EQ(services_.list()[0].accepted, 1u);
}

TEST_F(EngineTest, ServicesStartAndStop) {
  EXPECT_EQ(services_.start("ftp", Port{21}), Error::kInvalidArgument);
  EXPECT_EQ(services_.start("echo", Port{0}), Error::kInvalidArgument);
  start("echo", Port{7});
  EXPECT_EQ(services_.start("discard", Port{7}), Error::kAddressInUse);
  EXPECT_EQ(services_.stop(Port{8}), Error::kNoSuchId);
  EXPECT_EQ(services_.stop(Port{7}), Error::kOk);
  EXPECT_TRUE(services_.list().empty());
  start("discard", Port{7});
}

TEST_F(EngineTest, AnIdleEngineMakesNoTurns) {
  int turns = 0;
  app_.step_hook = [&] {
    ++turns;
    return kNever;
  };
  ASSERT_TRUE(until([&] { return server_.links()[0].device->counters().connects == 1; }));
  // A timer keeps the loop awake while no engine has anything to do.
  bool over = false;
  ev_timer pause;
  ev_timer_init(
      &pause,
      [](struct ev_loop*, ev_timer* timer, int) { *static_cast<bool*>(timer->data) = true; }, 0.3,
      0);
  pause.data = &over;
  ev_timer_start(loop_, &pause);
  turns = 0;
  while (!over) ev_run(loop_, EVRUN_ONCE);
  EXPECT_LE(turns, 2);
}

TEST_F(EngineTest, TheDeadlineOfAClientIsKept) {
  Instant wanted = kNever, called{};
  app_.step_hook = [&] {
    called = client_.clock();
    if (called >= wanted) wanted = kNever;
    return wanted;
  };
  const Instant deadline = client_.clock() + 20ms + 300us;
  wanted = deadline;
  client_.enter();
  ASSERT_TRUE(until([&] { return wanted == kNever; }));
  EXPECT_GE(called, deadline);
  EXPECT_LT(called, deadline + 15ms) << "the machine was very busy";
}

TEST_F(EngineTest, ShutdownClosesConnections) {
  start("echo", Port{7});
  open(Port{7});
  ASSERT_TRUE(until([&] { return services_.list()[0].accepted == 1; }));
  Shutdown shutdown(server_);
  server_.enter();
  services_.stop_all();
  shutdown.begin(5s);
  EXPECT_TRUE(until([&] { return talk_.peer_closed; }));
  client_.enter();
  ASSERT_EQ(client_.stack().close(talk_.id), Error::kOk);
  EXPECT_TRUE(until([&] { return talk_.closed; }));
  EXPECT_EQ(talk_.reason, CloseReason::kClosed);
  EXPECT_TRUE(until([&] { return server_.stack().tcp().connection_count() == 0; }));
}

TEST_F(EngineTest, ShutdownResetsConnectionsAfterTheTimeout) {
  start("echo", Port{7});
  open(Port{7});
  ASSERT_TRUE(until([&] { return services_.list()[0].accepted == 1; }));
  Shutdown shutdown(server_);
  server_.enter();
  services_.stop_all();
  shutdown.begin(100ms);  // the client never closes
  EXPECT_TRUE(until([&] { return talk_.closed; }));
  EXPECT_EQ(talk_.reason, CloseReason::kReset);
  EXPECT_EQ(server_.stack().tcp().connection_count(), 0u);
}

/// Collects the lines logged during its lifetime.
class LogLines {
 public:
  LogLines() : before_(spdlog::default_logger()) {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "lines", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_)));
  }
  ~LogLines() { spdlog::set_default_logger(before_); }
  std::size_t count(std::string_view what) const {
    const std::string text = text_.str();
    std::size_t n = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
    return n;
  }

 private:
  std::ostringstream text_;
  std::shared_ptr<spdlog::logger> before_;
};

TEST_F(EngineTest, AFullTableIsLoggedOnceAndKeepaliveProbesSooner) {
  const auto idle = [this] {
    std::set<std::int64_t> seen;  // seconds
    server_.stack().tcp().for_each_connection(
        [&](const ConnectionInfo& info) { seen.insert(info.keepalive.idle / 1s); });
    return seen;
  };
  const std::uint32_t capacity = server_.config().capacities.connections;
  LogLines log;
  TableWatch watch(server_, [this](bool full) { services_.hurry_keepalive(full); });
  start("discard", Port{9});
  open(Port{9});
  ASSERT_TRUE(until([&] { return services_.list()[0].accepted == 1; }));
  EXPECT_EQ(idle(), std::set<std::int64_t>{7200});
  std::vector<ConnectionId> opened;
  client_.enter();
  for (std::uint32_t i = 1; i < capacity; ++i) {
    ConnectRequest request;
    request.remote = Endpoint{kServer, Port{9}};
    const auto id = client_.stack().connect(request);
    ASSERT_TRUE(id) << to_string(id.error());
    opened.push_back(*id);
  }
  ASSERT_TRUE(until([&] { return server_.stack().tcp().connection_count() == capacity; }));
  ASSERT_TRUE(until([&] { return log.count("the table of connections is full") == 1; }));
  ASSERT_TRUE(until([&] { return services_.list()[0].accepted == capacity; }));
  EXPECT_EQ(idle(), std::set<std::int64_t>{10});
  client_.enter();
  for (std::size_t i = 0; i < capacity / 10; ++i) {
    EXPECT_EQ(client_.stack().abort(opened.back()), Error::kOk);
    opened.pop_back();
    if (i + 2 == capacity / 10) {
      ASSERT_TRUE(
          until([&] { return server_.stack().tcp().connection_count() <= capacity - i - 1; }));
      EXPECT_EQ(log.count("has room again"), 0u);
      client_.enter();
    }
  }
  ASSERT_TRUE(until([&] { return log.count("the table of connections has room again") == 1; }));
  EXPECT_EQ(idle(), std::set<std::int64_t>{7200});
  // Full again within the minute: keepalive is hurried, and no line is logged.
  client_.enter();
  for (std::uint32_t i = 0; i < capacity / 10; ++i) {
    ConnectRequest request;
    request.remote = Endpoint{kServer, Port{9}};
    ASSERT_TRUE(client_.stack().connect(request));
  }
  ASSERT_TRUE(until([&] { return idle() == std::set<std::int64_t>{10}; }));
  EXPECT_EQ(log.count("is full"), 1u);
}

}  // namespace
}  // namespace conker::daemon
