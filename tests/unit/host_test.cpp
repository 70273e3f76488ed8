#include "stack/host/host.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "stack/ip4/ipv4.hpp"
#include "stack/udp/udp.hpp"
#include "tests/support/frames.hpp"
#include "tests/support/storage.hpp"

namespace conker {
namespace {

using test::TestLink;

constexpr IpAddress kOurs = IpAddress::v4(10, 0, 0, 1), kPeer = IpAddress::v4(10, 0, 0, 2);

struct Recorder final : Client {
  void on_event(const Event& event) override { events.push_back(event); }
  void on_datagrams(const UdpEvent& event) override { datagrams.push_back(event); }
  void on_address(const AddressEvent& event) override { addresses.push_back(event); }
  void on_link_up(InterfaceId) override { ++links_up; }
  Instant step() override {
    ++steps;
    return wanted;
  }
  const char* name() const override { return "recorder"; }

  std::vector<Event> events;
  std::vector<UdpEvent> datagrams;
  std::vector<AddressEvent> addresses;
  int links_up = 0, steps = 0;
  Instant wanted = kNever;
};

class HostTest : public ::testing::Test {
 protected:
  HostTest() {
    stack_.begin(now_);
    const auto interface = stack_.add_interface(link_, MacAddress{{2, 0, 0, 0, 0, 1}}, 1500);
    EXPECT_TRUE(interface);
    EXPECT_EQ(stack_.add_address({0}, {kOurs, 24}), Error::kOk);
  }

  /// Makes turns for `duration`, each at the deadline of the one before.
  void run_for(Duration duration) {
    for (const Instant end = now_ + duration; now_ < end;) {
      const Host::Turn turn = host_.turn(now_);
      link_.sent.clear();
      now_ = turn.again ? now_ + 1us : std::min(std::max(turn.deadline, now_ + 1us), end);
    }
  }
  /// Opens a connection to a host that does not answer.
  ConnectionId connect(Token token) {
    const auto id = stack_.connect(
        {.remote = {kPeer, Port{7}}, .local = {}, .local_port = {}, .timeout = 1s, .token = token});
    EXPECT_TRUE(id);
    return id ? *id : ConnectionId();
  }

  static Capacities capacities_of() {
    Capacities capacities;
    capacities.connections = capacities.half_open = capacities.time_wait = 8;
    capacities.chunks = 64;
    return capacities;
  }

  Instant now_{10s};
  TestLink link_;
  test::Storage storage_{Stack::storage_bytes(capacities_of())};
  test::Storage udp_storage_{Udp::storage_bytes(capacities_of())};
  Stack stack_{storage_.bytes(), capacities_of(), Settings{}, Entropy{}};
  Ipv4 ipv4_{stack_.parts(), Entropy{}};
  std::array<Client*, 2> places_{};
  std::array<FrameIn, 4> batch_;
  Host host_{stack_, {places_, batch_}};
  Recorder a_, b_;
};

TEST_F(HostTest, EventsGoToWhoseTokenItIs) {
  ASSERT_EQ(host_.add(a_), Error::kOk);
  ASSERT_EQ(host_.add(b_), Error::kOk);
  const ConnectionId of_a = connect(a_.token(5)), of_b = connect(b_.token(6));
  (void)connect(Token(7));  // of nobody: its event is dropped
  run_for(2s);
  ASSERT_EQ(a_.events.size(), 1u);
  EXPECT_EQ(a_.events[0].connection, of_a);
  EXPECT_EQ(a_.events[0].token, Token(a_.id(), 5));
  ASSERT_EQ(b_.events.size(), 1u);
  EXPECT_EQ(b_.events[0].connection, of_b);
  EXPECT_TRUE(b_.events[0].has(Event::kClosed));
}

TEST_F(HostTest, EveryClientIsToldOfAddressesAndLinks) {
  ASSERT_EQ(host_.add(a_), Error::kOk);
  ASSERT_EQ(host_.add(b_), Error::kOk);
  const Prefix second{IpAddress::v4(10, 0, 0, 9), 24};
  ASSERT_EQ(stack_.add_address({0}, second, {.probe = true}), Error::kOk);
  run_for(20s);
  for (const Recorder* client : {&a_, &b_}) {
    ASSERT_EQ(client->addresses.size(), 1u);
    EXPECT_EQ(client->addresses[0].address, second.address);
    EXPECT_EQ(client->addresses[0].state, AddressState::kPreferred);
  }
  host_.link_up({0});
  EXPECT_EQ(a_.links_up, 1);
  EXPECT_EQ(b_.links_up, 1);
}

TEST_F(HostTest, DatagramsGoToWhoseTokenItIs) {
  Udp udp(udp_storage_.bytes(), stack_, Entropy{});
  ASSERT_EQ(host_.add(a_), Error::kOk);
  ASSERT_EQ(host_.add(b_), Error::kOk);
  const auto socket = udp.bind({.local = {}, .token = b_.token(3)});
  ASSERT_TRUE(socket);
  UdpSocketInfo info;
  ASSERT_TRUE(udp.info(*socket, info));
  EXPECT_EQ(info.token.client(), b_.id());
  run_for(1ms);
  EXPECT_TRUE(a_.datagrams.empty());
}

TEST_F(HostTest, NoneReplacesAnother) {
  ASSERT_EQ(host_.add(a_), Error::kOk);
  EXPECT_EQ(host_.add(a_), Error::kInvalidArgument);
  ASSERT_EQ(host_.add(b_), Error::kOk);
  EXPECT_NE(a_.id(), b_.id());
  Recorder third;
  EXPECT_EQ(host_.add(third), Error::kTableFull);
  EXPECT_EQ(third.id(), ClientId::kNobody);
}

TEST_F(HostTest, WhoHasLeftIsToldOfNothing) {
  ASSERT_EQ(host_.add(b_), Error::kOk);
  ClientId id{};
  {
    Recorder guest;
    ASSERT_EQ(host_.add(guest), Error::kOk);
    id = guest.id();
    EXPECT_STREQ(host_.client(id)->name(), "recorder");
    (void)connect(guest.token(1));
  }
  EXPECT_EQ(host_.client(id), nullptr);
  run_for(2s);
  EXPECT_TRUE(b_.events.empty());
  Recorder late;
  EXPECT_EQ(host_.add(late), Error::kTableFull) << "its id is not given out again";
}

TEST_F(HostTest, AClientsDeadlineIsTheHosts) {
  ASSERT_EQ(host_.add(a_), Error::kOk);
  run_for(10s);
  const int steps = a_.steps;
  EXPECT_EQ(host_.turn(now_).deadline, kNever);
  EXPECT_EQ(a_.steps, steps + 1);
  a_.wanted = now_ + 3s;
  EXPECT_EQ(host_.turn(now_).deadline, now_ + 3s);
}

}  // namespace
}  // namespace conker
