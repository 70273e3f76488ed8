// A fixture: two engines on one event loop, joined by a stream link, one of them with a control
// server; clients of the control socket are plain sockets.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/control/server.hpp"
#include "daemon/unix_socket.hpp"
#include "tests/support/scratch.hpp"

namespace conker::daemon {

inline config::Config control_test_config(const std::string& path, config::Unix::Mode mode,
                                          std::uint8_t last, const std::string& control = {}) {
  config::Config config;
  config.control.socket.text = control;
  config::Link link;
  link.name = "wire";
  link.mac = MacAddress{{2, 0, 0, 0, 0, last}};
  link.addresses = {Prefix{IpAddress::v4(10, 78, 0, last), 24}};
  link.kind = config::Unix{{path}, mode};
  config.links.push_back(link);
  config.capacities.connections = 1024;
  config.capacities.chunks = 2048;
  config.strike.allow = {Prefix{IpAddress::v4(10, 78, 0, 1), 32}};
  config.strike.max_concurrency = 64;
  return config;
}

class ControlTest : public testing::Test {
 protected:
  /// A client of the control socket: sends lines, queues those that it receives.
  class Client {
   public:
    Client(ControlTest& test, const std::string& path) : test_(test), socket_(connect_to(path)) {
      EXPECT_TRUE(socket_) << std::strerror(errno);
    }

    void send(const std::string& text, const std::vector<int>& descriptors = {}) {
      iovec vector{const_cast<char*>(text.data()), text.size()};
      msghdr message{};
      message.msg_iov = &vector;
      message.msg_iovlen = 1;
      std::array<char, CMSG_SPACE(8 * sizeof(int))> control{};
      if (!descriptors.empty()) {
        message.msg_control = control.data();
        message.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
        std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size() * sizeof(int));
      }
      EXPECT_EQ(::sendmsg(socket_.get(), &message, MSG_NOSIGNAL),
                static_cast<ssize_t>(text.size()));
    }
    int request(const std::string& verb, const json& params = json::object(),
                const std::vector<int>& fds = {}) {
      send(json{{"jsonrpc", "2.0"}, {"id", ++id_}, {"method", verb}, {"params", params}}.dump() +
               "\n",
           fds);
      return id_;
    }
    /// The next message; null when none is received within 5 s or the daemon has disconnected.
    json next() {
      EXPECT_TRUE(test_.until([&] { return take() || ended_; })) << "nothing comes in";
      if (lines_.empty()) return nullptr;
      json message = std::move(lines_.front());
      lines_.erase(lines_.begin());
      return message;
    }
    json call(const std::string& verb, const json& params = json::object(),
              const std::vector<int>& fds = {}) {
      const int id = request(verb, params, fds);
      for (;;) {
        json message = next();
        if (message.is_null() || message.value("id", json()) == id) return message;
      }
    }
    json result(const std::string& verb, const json& params = json::object()) {
      const json answer = call(verb, params);
      EXPECT_TRUE(answer.contains("result")) << verb << ": " << answer;
      return answer.value("result", json());
    }
    int error(const std::string& verb, const json& params = json::object()) {
      const json answer = call(verb, params);
      EXPECT_TRUE(answer.contains("error")) << verb << ": " << answer;
      return answer.contains("error") ? answer["error"]["code"].get<int>() : 0;
    }
    bool ended() {
      take();
      return ended_;
    }
    void hang_up() { socket_.reset(); }
    Descriptor take_descriptor() { return std::move(descriptor_); }
    int fd() const { return socket_.get(); }

   private:
    bool take() {
      std::array<char, 65536> bytes;
      std::array<char, CMSG_SPACE(sizeof(int))> control;
      iovec vector{bytes.data(), bytes.size()};
      msghdr message{};
      message.msg_iov = &vector;
      message.msg_iovlen = 1;
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      const ssize_t n = ::recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
      if (n == 0 || (n < 0 && errno != EAGAIN)) ended_ = true;
      if (n > 0) input_.append(bytes.data(), static_cast<std::size_t>(n));
      if (n > 0 && CMSG_FIRSTHDR(&message) != nullptr) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
        descriptor_.reset(fd);
      }
      for (std::size_t end; (end = input_.find('\n')) != std::string::npos;
           input_.erase(0, end + 1)) {
        lines_.push_back(json::parse(input_.substr(0, end)));
      }
      return !lines_.empty();
    }

    ControlTest& test_;
    Descriptor socket_;
    Descriptor descriptor_;
    std::string input_;
    std::vector<json> lines_;
    int id_ = 0;
    bool ended_ = false;
  };

  ~ControlTest() override {
    EXPECT_EQ(peer_.stack().audit().fault, nullptr) << peer_.stack().audit().fault;
    EXPECT_EQ(ours_.stack().audit().fault, nullptr) << ours_.stack().audit().fault;
  }

  void SetUp() override {
    peer_.enter();
    ASSERT_EQ(peer_services_.start("echo", Port{7}), Error::kOk);
    ASSERT_EQ(peer_services_.start("discard", Port{9}), Error::kOk);
    ASSERT_EQ(peer_services_.start("daytime", Port{13}), Error::kOk);
    ASSERT_EQ(peer_services_.start("accept-close", Port{80}), Error::kOk);
    // Frames that are sent before the links are connected are lost.
    ASSERT_TRUE(until([&] { return peer_.links()[0].device->counters().connects == 1; }));
  }

  std::unique_ptr<Client> connect() {
    return std::make_unique<Client>(*this, scratch_ / "control");
  }

  /// Runs the loop until done() is true, for at most 5 s; returns done().
  [[nodiscard]] bool until(const std::function<bool()>& done) {
    bool expired = false;
    TimerWatch limit(loop_, [&] { expired = true; });
    limit.start(5);
    while (!done() && !expired) {
      // The loop does not watch the clients' sockets, so a timer wakes it.
      TimerWatch soon(loop_, [] {});
      soon.start(0.002);
      ev_run(loop_, EVRUN_ONCE);
    }
    return done();
  }
  std::string open(Client& client, const std::string& port, bool hold = false) {
    return client.result("open", {{"remote", "10.78.0.1:" + port}, {"hold", hold}}).value("id", "");
  }
  std::size_t connections(Client& client) {
    return client.result("list", {{"state", "ESTABLISHED"}}).value("total", std::size_t{0});
  }

  test::Scratch scratch_;
  struct ev_loop* loop_ = ev_default_loop(EVFLAG_AUTO);
  Engine peer_{loop_, control_test_config(scratch_ / "wire", config::Unix::Mode::kListen, 1)};
  Engine ours_{loop_, control_test_config(scratch_ / "wire", config::Unix::Mode::kConnect, 2,
                                          scratch_ / "control")};
  Services peer_services_{peer_};
  Services services_{ours_};
  UdpServices udp_services_{ours_};
  HostLookup host_lookup_{ours_};
  DhcpClients dhcp_clients_{ours_, host_lookup_};
  Reload reload_{scratch_ / "conkerd.yaml", ours_, services_, udp_services_, host_lookup_};
  ControlServer server_{ours_, services_, udp_services_, host_lookup_, dhcp_clients_, reload_};
};

}  // namespace conker::daemon
