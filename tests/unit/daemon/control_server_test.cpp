// The control server's sessions: limits on requests, unread answers, clients and descriptors.
#include <fcntl.h>
#include <unistd.h>

#include <stdexcept>

#include "tests/unit/daemon/control_scene.hpp"

namespace conker::daemon {
namespace {

TEST_F(ControlTest, ATooLongLineEndsItsSessionOnly) {
  auto bystander = connect();
  auto client = connect();
  const std::string endless(70'000, 'x');
  std::size_t sent = 0;
  ASSERT_TRUE(until([&] {
    const ssize_t n = ::send(client->fd(), endless.data() + sent, endless.size() - sent,
                             MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) sent += static_cast<std::size_t>(n);
    return client->ended() || sent == endless.size();
  }));
  EXPECT_TRUE(client->next().contains("error"));
  EXPECT_TRUE(until([&] { return client->ended(); }));
  EXPECT_EQ(server_.counters().long_lines, 1u);
  bystander->result("version");
}

TEST_F(ControlTest, ALineOfTheGreatestLengthIsServed) {
  auto client = connect();
  std::string line = R"({"jsonrpc":"2.0","id":1,"method":"version"})";
  line.append(protocol::kMaxRequestBytes - line.size(), ' ');
  client->send(line + "\n");
  EXPECT_TRUE(client->next().contains("result"));
}

TEST_F(ControlTest, SeveralLinesInAPieceAndALineInSeveralPieces) {
  auto client = connect();
  const std::string line = R"({"jsonrpc":"2.0","id":1,"method":"version"})"
                           "\n";
  client->send(line + line + line);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(client->next().contains("result"));
  for (const char c : line) {
    client->send(std::string(1, c));
    ev_run(loop_, EVRUN_NOWAIT);
  }
  EXPECT_TRUE(client->next().contains("result"));
}

TEST_F(ControlTest, RequestsWaitWhileAnswersAreUnread) {
  auto client = connect();
  auto bystander = connect();
  const std::string line = R"({"jsonrpc":"2.0","id":1,"method":"stats"})"
                           "\n";
  int idle = 0;
  ASSERT_TRUE(until([&] {
    idle = ::send(client->fd(), line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0
               ? idle + 1
               : 0;
    return idle > 20;
  }));
  const std::uint64_t requests = server_.counters().requests;
  bystander->result("version");
  EXPECT_EQ(server_.counters().requests, requests + 1);
  // The answers are sent when the client reads again.
  EXPECT_TRUE(client->next().contains("result"));
}

TEST_F(ControlTest, ClientsAreLimited) {
  std::vector<std::unique_ptr<Client>> crowd;
  for (std::size_t i = 0; i < ControlServer::kMaxClients; ++i) crowd.push_back(connect());
  ASSERT_TRUE(until([&] { return server_.counters().clients == ControlServer::kMaxClients; }));
  auto one_more = connect();
  EXPECT_EQ(one_more->next().at("error").at("code"), static_cast<int>(protocol::Code::kBusy));
  EXPECT_TRUE(until([&] { return one_more->ended(); }));
  crowd.front()->result("version");
  crowd.pop_back();
  ASSERT_TRUE(until([&] { return server_.counters().clients == ControlServer::kMaxClients - 1; }));
  connect()->result("version");
}

TEST_F(ControlTest, DescriptorsThatTheVerbDoesNotTakeAreClosed) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
  const Descriptor read(ends[0]);
  Descriptor write(ends[1]);
  auto client = connect();
  client->call("version", json::object(), {write.get(), write.get(), write.get()});
  write.reset();
  char byte = 0;
  EXPECT_TRUE(until([&] { return ::read(read.get(), &byte, 1) == 0; }))
      << "the daemon still holds the pipe open";
}

TEST_F(ControlTest, CallsOfASessionAreLimited) {
  auto client = connect();
  for (std::uint32_t i = 0; i <= Session::kMaxCalls; ++i) {
    client->request("ping", {{"host", "10.78.0.99"}, {"timeout_ms", 60'000}});
  }
  EXPECT_EQ(client->next().at("error").at("code"), static_cast<int>(protocol::Code::kBusy));
}

TEST_F(ControlTest, ASocketOfAnotherServerIsNotReplaced) {
  Engine third(loop_, control_test_config(scratch_ / "wire3", config::Unix::Mode::kListen, 3,
                                          scratch_ / "control"));
  Services services(third);
  UdpServices udp_services(third);
  HostLookup host_lookup(third);
  DhcpClients dhcp_clients(third, host_lookup);
  Reload reload("", third, services, udp_services, host_lookup);
  EXPECT_THROW(ControlServer(third, services, udp_services, host_lookup, dhcp_clients, reload),
               std::runtime_error);
  connect()->result("version");
}

}  // namespace
}  // namespace conker::daemon
