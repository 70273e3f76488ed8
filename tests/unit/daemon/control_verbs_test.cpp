// Every verb of the control protocol, with a real stack and a peer.
#include <fcntl.h>

#include <fstream>

#include "stack/tcp/tcp.hpp"
#include "tests/unit/daemon/control_scene.hpp"

namespace conker::daemon {
namespace {

TEST_F(ControlTest, VersionStatusStatsSchema) {
  auto client = connect();
  EXPECT_EQ(client->result("version").at("version"), CONKER_VERSION);
  const json status = client->result("status");
  EXPECT_EQ(status.at("audit").at("balanced"), true);
  EXPECT_EQ(status.at("links").at(0).at("addresses").at(0), "10.78.0.2/24");
  EXPECT_EQ(status.at("strikes"), json::array());
  EXPECT_EQ(client->result("stats").at("counters").size(), kCountSize);
  EXPECT_FALSE(client->result("schema").at("verbs").empty());
}

TEST_F(ControlTest, OpenListShowClose) {
  auto client = connect();
  const std::string id = open(*client, "7");
  const json page = client->result("list", {{"state", "ESTABLISHED"}});
  ASSERT_EQ(page.at("total"), 1);
  EXPECT_EQ(page.at("connections").at(0).at("id"), id);
  EXPECT_EQ(page.at("connections").at(0).at("remote"), "10.78.0.1:7");
  EXPECT_EQ(page.at("next"), nullptr);
  const json shown = client->result("show", {{"id", id}});
  EXPECT_EQ(shown.at("state"), "ESTABLISHED");
  EXPECT_EQ(shown.at("owner"), "control");
  EXPECT_GE(shown.at("history").size(), 2u);
  client->result("close", {{"id", id}});
  ASSERT_TRUE(until([&] { return ours_.stack().tcp().connection_count() == 0; }));
  EXPECT_EQ(client->error("show", {{"id", id}}),
            static_cast<int>(protocol::Code::kNoSuchConnection));
  EXPECT_EQ(client->error("close", {{"id", id}}),
            static_cast<int>(protocol::Code::kNoSuchConnection));
  EXPECT_EQ(client->result("list", {{"state", "TIME-WAIT"}}).at("total"), 1);
}

TEST_F(ControlTest, ListIsPaged) {
  auto client = connect();
  for (int i = 0; i < 5; ++i) open(*client, "7");
  std::size_t seen = 0;
  json next = 0;
  while (!next.is_null()) {
    const json page = client->result("list", {{"offset", next}, {"limit", 2}});
    EXPECT_EQ(page.at("total"), 5);
    EXPECT_LE(page.at("connections").size(), 2u);
    seen += page.at("connections").size();
    next = page.at("next");
  }
  EXPECT_EQ(seen, 5u);
  EXPECT_EQ(client->result("list", {{"offset", 100}}).at("next"), nullptr);
}

TEST_F(ControlTest, OpenFails) {
  auto client = connect();
  EXPECT_EQ(client->error("open", {{"remote", "10.78.0.1:81"}}),
            static_cast<int>(protocol::Code::kConnectionRefused));
  EXPECT_EQ(client->error("open", {{"remote", "10.78.0.99:81"}, {"timeout_ms", 100}}),
            static_cast<int>(protocol::Code::kTimedOut));
  EXPECT_EQ(client->error("open", {{"remote", "10.79.0.1:81"}}),
            static_cast<int>(protocol::Code::kFailed));
  EXPECT_EQ(client->error("open", {{"remote", "10.78.0.1"}}),
            static_cast<int>(protocol::Code::kInvalidParameters));
  EXPECT_EQ(client->error("open", {{"remote", "10.78.0.1:7"}, {"local", "10.78.0.3"}}),
            static_cast<int>(protocol::Code::kFailed));
}

TEST_F(ControlTest, AnOpenIsAbortedWhenItsClientDisconnects) {
  auto client = connect();
  client->request("open", {{"remote", "10.78.0.99:81"}});
  ASSERT_TRUE(until([&] { return ours_.stack().tcp().connection_count() == 1; }));
  client->hang_up();
  EXPECT_TRUE(until([&] { return ours_.stack().tcp().connection_count() == 0; }));
}

TEST_F(ControlTest, OnlyHeldConnectionsAreClosedWhenTheirClientDisconnects) {
  auto client = connect();
  open(*client, "7", false);
  open(*client, "7", true);
  auto other = connect();
  EXPECT_EQ(connections(*other), 2u);
  client->hang_up();
  EXPECT_TRUE(until([&] { return ours_.stack().tcp().connection_count() == 1; }));
  EXPECT_EQ(connections(*other), 1u);
}

TEST_F(ControlTest, RelaySendAndReceiveOnADescriptor) {
  auto client = connect();
  const std::string id = open(*client, "7");
  const int sending = client->request("relay", {{"id", id}, {"mode", "send"}});
  EXPECT_EQ(client->next().at("method"), "relaying");
  Descriptor data = client->take_descriptor();
  ASSERT_TRUE(data);
  EXPECT_EQ(client->error("relay", {{"id", id}, {"mode", "both"}}),
            static_cast<int>(protocol::Code::kBusy));
  ASSERT_EQ(::send(data.get(), "hello", 5, MSG_NOSIGNAL), 5);
  data.reset();
  const json sent = client->next();
  EXPECT_EQ(sent.at("id"), sending);
  EXPECT_EQ(sent.at("result").at("sent"), 5);

  client->request("relay", {{"id", id}, {"mode", "recv"}});
  EXPECT_EQ(client->next().at("method"), "relaying");
  data = client->take_descriptor();
  EXPECT_EQ(client->next().at("result").at("received"), 5);
  std::array<char, 16> bytes{};
  EXPECT_EQ(::recv(data.get(), bytes.data(), bytes.size(), 0), 5);
  EXPECT_STREQ(bytes.data(), "hello");
  EXPECT_EQ(::recv(data.get(), bytes.data(), bytes.size(), 0), 0) << "the end of what was there";
  EXPECT_EQ(connections(*client), 1u) << "it stays open";
}

TEST_F(ControlTest, RelayBothEndsWhenBothSidesHaveClosed) {
  auto client = connect();
  const std::string id = open(*client, "7");
  client->request("relay", {{"id", id}, {"mode", "both"}});
  EXPECT_EQ(client->next().at("method"), "relaying");
  const Descriptor data = client->take_descriptor();
  const std::string text(300'000, 'x');
  std::size_t sent = 0, received = 0;
  std::array<char, 65536> bytes;
  ASSERT_TRUE(until([&] {
    const ssize_t n =
        ::send(data.get(), text.data() + sent, text.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0 && (sent += static_cast<std::size_t>(n)) == text.size())
      ::shutdown(data.get(), SHUT_WR);
    const ssize_t m = ::recv(data.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (m > 0) received += static_cast<std::size_t>(m);
    return m == 0;
  }));
  EXPECT_EQ(received, text.size());
  const json result = client->next().at("result");
  EXPECT_EQ(result.at("sent"), text.size());
  EXPECT_EQ(result.at("received"), text.size());
  EXPECT_EQ(result.at("peer_closed"), true);
  EXPECT_TRUE(until([&] { return ours_.stack().tcp().connection_count() == 0; }));
}

TEST_F(ControlTest, ReceivedDataStaysReadableInCloseWait) {  // RFC 9293, 3.6
  auto client = connect();
  const std::string id = open(*client, "13");
  ASSERT_TRUE(until([&] {
    return client->result("show", {{"id", id}}).at("state") == "CLOSE-WAIT";
  }));
  client->request("relay", {{"id", id}, {"mode", "recv"}});
  EXPECT_EQ(client->next().at("method"), "relaying");
  const json result = client->next().at("result");
  EXPECT_GT(result.at("received"), 10);
  EXPECT_EQ(result.at("peer_closed"), true);
  EXPECT_EQ(client->result("show", {{"id", id}}).at("state"), "CLOSE-WAIT");
}

TEST_F(ControlTest, ListenAndUnlisten) {
  auto client = connect();
  client->result("listen", {{"port", 7000}, {"service", "echo"}});
  EXPECT_EQ(client->error("listen", {{"port", 7000}, {"service", "discard"}}),
            static_cast<int>(protocol::Code::kFailed));
  EXPECT_EQ(client->result("status").at("listeners").at(0).at("port"), 7000);
  EXPECT_EQ(client->result("list", {{"state", "LISTEN"}}).at("connections").at(0).at("local"),
            "*:7000");
  client->result("unlisten", {{"port", 7000}});
  EXPECT_EQ(client->error("unlisten", {{"port", 7000}}), static_cast<int>(protocol::Code::kFailed));
}

TEST_F(ControlTest, Ping) {
  auto client = connect();
  const json reply = client->result("ping", {{"host", "10.78.0.1"}, {"sequence", 9}});
  EXPECT_EQ(reply.at("from"), "10.78.0.1");
  EXPECT_EQ(reply.at("sequence"), 9);
  EXPECT_EQ(reply.at("bytes"), 64);
  EXPECT_EQ(client->error("ping", {{"host", "10.78.0.99"}, {"timeout_ms", 50}}),
            static_cast<int>(protocol::Code::kTimedOut));
  EXPECT_EQ(client->error("ping", {{"host", "10.0.0.256"}}),
            static_cast<int>(protocol::Code::kInvalidParameters));
}

TEST_F(ControlTest, HostLookupWithoutServersFails) {
  auto client = connect();
  for (const auto& [verb, parameters] : std::vector<std::pair<std::string, json>>{
           {"ping", {{"host", "localhost"}}},
           {"open", {{"remote", "localhost:80"}}},
           {"strike", {{"target", "localhost:80"}, {"cycles", 1}}},
           {"udp_send", {{"remote", "localhost:9"}, {"data", ""}}},
           {"resolve", {{"name", "localhost"}}}}) {
    const json answer = client->call(verb, parameters);
    EXPECT_EQ(answer.at("error").at("code"), static_cast<int>(protocol::Code::kFailed)) << verb;
    EXPECT_EQ(
        answer.at("error").at("message"),
        "localhost: no DNS servers are known: name them under dns.servers in the configuration");
  }
  EXPECT_EQ(client->error("resolve", {{"name", "not a name"}}),
            static_cast<int>(protocol::Code::kInvalidParameters));
  EXPECT_EQ(client->result("resolve", {{"name", "10.1.2.3"}}).at("addresses").at(0), "10.1.2.3");
}

TEST_F(ControlTest, UdpSendAndUdpListen) {
  auto client = connect();
  const int listening = client->request("udp_listen", {{"port", 5000}, {"count", 1}});
  EXPECT_EQ(client->next().at("method"), "listening");
  peer_.enter();
  const auto socket = peer_.udp().bind({.local = {IpAddress(), Port{4000}}});
  ASSERT_TRUE(socket);
  const std::string hello("hello\0\xff", 7);
  EXPECT_EQ(peer_.udp().send_to(*socket, {IpAddress::v4(10, 78, 0, 2), Port{5000}},
                                std::as_bytes(std::span(hello))),
            Error::kOk);
  const json told = client->next();
  EXPECT_EQ(told.at("method"), "datagram");
  EXPECT_EQ(told.at("params").at("from"), "10.78.0.1:4000");
  EXPECT_EQ(told.at("params").at("data"), "aGVsbG8A/w==");
  EXPECT_EQ(client->next().at("id"), listening) << "it ends after one";

  const json sent =
      client->result("udp_send", {{"remote", "10.78.0.1:4000"}, {"data", "aGVsbG8A/w=="}});
  EXPECT_EQ(sent.at("bytes"), 7);
  std::array<std::byte, 100> bytes;
  std::optional<Datagram> datagram;
  ASSERT_TRUE(until([&] { return datagram || (datagram = peer_.udp().receive(*socket, bytes)); }));
  EXPECT_EQ(datagram->length, 7);
  EXPECT_EQ(datagram->source.port.value, sent.at("port"));
  EXPECT_EQ(client->error("udp_send", {{"remote", "10.78.0.1:4000"}, {"data", "a"}}),
            static_cast<int>(protocol::Code::kInvalidParameters));
  EXPECT_EQ(ours_.udp().socket_count(), 0u);
}

TEST_F(ControlTest, UdpListenIsClosedWhenItsClientDisconnects) {
  auto client = connect();
  client->request("udp_listen", {{"port", 5000}});
  EXPECT_EQ(client->next().at("method"), "listening");
  EXPECT_EQ(connect()->error("udp_listen", {{"port", 5000}}),
            static_cast<int>(protocol::Code::kFailed));
  client->hang_up();
  EXPECT_TRUE(until([&] { return ours_.udp().socket_count() == 0; }));
}

TEST_F(ControlTest, UdpEcho) {  // RFC 862
  auto client = connect();
  client->result("listen", {{"port", 7}, {"service", "echo"}, {"protocol", "udp"}});
  EXPECT_EQ(client->error("listen", {{"port", 13}, {"service", "daytime"}, {"protocol", "udp"}}),
            static_cast<int>(protocol::Code::kInvalidParameters));
  peer_.enter();
  const auto plain = peer_.udp().bind({.local = {IpAddress(), Port{4000}}});
  const auto chargen = peer_.udp().bind({.local = {IpAddress(), Port{19}}});
  for (const UdpId id : {*chargen, *plain}) {
    EXPECT_EQ(peer_.udp().send_to(id, {IpAddress::v4(10, 78, 0, 2), Port{7}}, {}), Error::kOk);
  }
  std::optional<Datagram> echoed;
  EXPECT_TRUE(until([&] { return echoed || (echoed = peer_.udp().receive(*plain, {})); }));
  EXPECT_FALSE(peer_.udp().receive(*chargen, {})) << "two services must not talk for ever";
  const json listener = client->result("status").at("listeners").at(0);
  EXPECT_EQ(listener.at("protocol"), "udp");
  EXPECT_EQ(listener.at("accepted"), 2);
  client->result("unlisten", {{"port", 7}, {"protocol", "udp"}});
  EXPECT_EQ(client->error("unlisten", {{"port", 7}, {"protocol", "udp"}}),
            static_cast<int>(protocol::Code::kFailed));
}

TEST_F(ControlTest, Strike) {
  auto client = connect();
  const json report = client->result(
      "strike",
      {{"target", "10.78.0.1:80"}, {"cycles", 500}, {"concurrency", 8}, {"close", "rst"}});
  EXPECT_EQ(report.at("completed"), 500) << report;
  EXPECT_EQ(report.at("audit").at("balanced"), true) << report;
  EXPECT_EQ(report.at("outcome"), "good") << report;
  EXPECT_EQ(report.at("verdict"), "pass") << report;
  EXPECT_EQ(report.at("findings"), json::array()) << report;
  EXPECT_GE(report.at("judged"), 500) << report;
}

TEST_F(ControlTest, AStrikeByAMixHasATimeline) {
  auto client = connect();
  const json report = client->result("strike", {{"target", "10.78.0.1:80"},
                                                {"cycles", 300},
                                                {"concurrency", 8},
                                                {"mix", "fin=3,rst=1,fin-late=1"},
                                                {"hold_ms", 1}});
  EXPECT_EQ(report.at("completed"), 300) << report;
  EXPECT_EQ(report.at("close"), "fin=3,rst=1,fin-late=1");
  EXPECT_EQ(report.at("asked"), 300);
  EXPECT_EQ(report.at("ways").size(), 3u);
  EXPECT_EQ(report.at("in_flight").at("max"), 8);
  EXPECT_EQ(report.at("first_failure"), nullptr);
  EXPECT_GE(report.at("seconds").size(), 1u);
  EXPECT_EQ(client->error("strike",
                          {{"target", "10.78.0.1:80"}, {"cycles", 1}, {"mix", "fin=3,gently=1"}}),
            static_cast<int>(protocol::Code::kInvalidParameters));
}

TEST_F(ControlTest, StrikeRefusals) {
  auto client = connect();
  const json refused = client->call("strike", {{"target", "10.78.0.9:80"}, {"cycles", 1}});
  EXPECT_EQ(refused.at("error").at("code"), static_cast<int>(protocol::Code::kNotAllowed));
  EXPECT_EQ(refused.at("error").at("message"),
            "target 10.78.0.9 is not allowed: add it to strike.allow in the configuration");
  EXPECT_EQ(client->error("strike", {{"target", "10.78.0.1:80"}}),
            static_cast<int>(protocol::Code::kInvalidParameters));
  EXPECT_EQ(
      client->error("strike", {{"target", "10.78.0.1:80"}, {"cycles", 1}, {"concurrency", 65}}),
      static_cast<int>(protocol::Code::kNotAllowed));
}

TEST_F(ControlTest, AStrikeStopsByRequestAndWhenItsClientDisconnects) {
  auto client = connect();
  auto other = connect();
  const int id = client->request(
      "strike", {{"target", "10.78.0.1:80"}, {"duration_ms", 60'000}, {"rate", 100}});
  EXPECT_EQ(client->next().at("method"), "progress");
  EXPECT_EQ(other->error("strike", {{"target", "10.78.0.1:80"}, {"cycles", 1}}),
            static_cast<int>(protocol::Code::kBusy));
  EXPECT_EQ(other->result("strike_stop").at("stopping"), true);
  json answer = client->next();
  while (answer.contains("method")) answer = client->next();
  EXPECT_EQ(answer.at("id"), id);
  EXPECT_EQ(answer.at("result").at("outcome"), "good");
  EXPECT_EQ(answer.at("result").at("verdict"), "inconclusive");
  EXPECT_EQ(answer.at("result").at("why"), "interrupted before its time");
  EXPECT_EQ(other->result("strike_stop").at("stopping"), false);

  client->request("strike", {{"target", "10.78.0.1:80"}, {"duration_ms", 60'000}, {"rate", 100}});
  EXPECT_EQ(client->next().at("method"), "progress");
  client->hang_up();
  EXPECT_TRUE(until([&] { return other->result("status").at("strikes").empty(); }));
}

TEST_F(ControlTest, CaptureWritesToThePassedDescriptor) {
  auto client = connect();
  const std::string path = scratch_ / "capture";
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const Descriptor null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  EXPECT_TRUE(client->call("capture_start").contains("error")) << "without a descriptor";
  EXPECT_TRUE(client->call("capture_start", json::object(), {null.get()}).contains("error"))
      << "not a file";
  EXPECT_TRUE(client->call("capture_start", {{"link", "x"}}, {file.get()}).contains("error"))
      << "no such link";
  EXPECT_TRUE(client->call("capture_start", json::object(), {file.get()}).contains("result"));
  EXPECT_TRUE(client->call("capture_start", json::object(), {file.get()}).contains("error"))
      << "one at a time";
  client->result("ping", {{"host", "10.78.0.1"}});
  const json result = client->result("capture_stop");
  EXPECT_GE(result.at("frames"), 2);
  EXPECT_EQ(result.at("error"), nullptr);
  std::ifstream captured(path, std::ios::binary | std::ios::ate);
  EXPECT_EQ(static_cast<std::uint64_t>(captured.tellg()), result.at("bytes").get<std::uint64_t>());
  EXPECT_TRUE(client->call("capture_stop").contains("error"));
}

TEST_F(ControlTest, Faults) {
  auto client = connect();
  const json set = client->result("fault_set", {{"loss", 10'000}, {"seed", 7}});
  EXPECT_EQ(set.at("links").at(0).at("faults").at("loss"), 10'000);
  const json more = client->result("fault_set", {{"delay_us", 500}, {"link", "wire"}});
  EXPECT_EQ(more.at("links").at(0).at("faults").at("loss"), 10'000) << "what is not named stays";
  EXPECT_EQ(client->error("fault_set", {{"link", "none"}}),
            static_cast<int>(protocol::Code::kFailed));
  EXPECT_EQ(client->result("fault_clear").at("links").at(0).at("faults").at("loss"), 0);
}

}  // namespace
}  // namespace conker::daemon
