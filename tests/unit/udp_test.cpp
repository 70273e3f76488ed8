#include "stack/udp/udp.hpp"

#include "stack/wire/udp.hpp"
#include "tests/support/random.hpp"
#include "tests/unit/datagram_scene.hpp"

namespace conker {
namespace {

using namespace test;

constexpr IpAddress kBroadcast = IpAddress::v4(0xffffffff),
                    kDirected = IpAddress::v4(10, 0, 0, 255);
constexpr IpAddress kOtherPeer = IpAddress::v4(10, 0, 0, 7);

class UdpTest : public ::testing::Test {
 protected:
  WireDatagram to_us(std::uint16_t port, std::string data, std::uint16_t from = 5000) {
    return {kPeerAddress, kStackAddress, from, port, std::move(data)};
  }
  Error send_to(UdpId id, const IpAddress& to, std::uint16_t port, std::string_view text) {
    const Error error = udp().send_to(id, {to, Port{port}}, as_bytes(text));
    scene_.turn();
    return error;
  }
  Udp& udp() { return scene_.udp(); }
  std::uint16_t port_of(UdpId id) {
    UdpSocketInfo info;
    return udp().info(id, info) ? info.local.port.value : 0;
  }

  DatagramScene scene_;
};

// ---- Sending and receiving ----

TEST_F(UdpTest, SendsAndReceivesWholeDatagrams) {
  const UdpId id = scene_.bind(7);
  scene_.arrives(to_us(7, "first"));
  scene_.arrives(to_us(7, ""));
  scene_.arrives(to_us(7, "third"));
  EXPECT_EQ(scene_.events(id), UdpEvent::kReadable);
  std::array<std::byte, 16> bytes;
  const auto first = udp().receive(id, bytes);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->source, (Endpoint{kPeerAddress, Port{5000}}));
  EXPECT_EQ(first->destination, kStackAddress);
  EXPECT_EQ(first->length, 5);
  EXPECT_EQ(scene_.receive(id), "") << "an empty datagram is one, too";
  EXPECT_EQ(scene_.receive(id), "third");
  EXPECT_EQ(scene_.receive(id), "(none)");

  EXPECT_EQ(send_to(id, kPeerAddress, 5000, "answer"), Error::kOk);
  const auto sent = scene_.sent();
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->source, kStackAddress);
  EXPECT_EQ(sent->destination, kPeerAddress);
  EXPECT_EQ(sent->source_port, 7);
  EXPECT_EQ(sent->destination_port, 5000);
  EXPECT_EQ(sent->data, "answer");
}

// RFC 1122, 4.1.4: the interface gives the datagram's length; what exceeds the buffer is lost.
TEST_F(UdpTest, TruncatesADatagramToTheBufferAndReturnsItsLength) {
  const UdpId id = scene_.bind(7);
  scene_.arrives(to_us(7, std::string(1000, 'x')));
  scene_.arrives(to_us(7, "next"));
  std::array<std::byte, 10> bytes;
  const auto datagram = udp().receive(id, bytes);
  ASSERT_TRUE(datagram);
  EXPECT_EQ(datagram->length, 1000);
  EXPECT_EQ(scene_.receive(id), "next");
}

TEST_F(UdpTest, RefusesInvalidDatagrams) {
  const UdpId id = scene_.bind(7);
  EXPECT_EQ(send_to(id, kPeerAddress, 9, std::string(kUdpMaxPayload + 1, 'x')),
            Error::kInvalidArgument);
  EXPECT_EQ(send_to(id, kPeerAddress, 0, "x"), Error::kInvalidArgument);
  EXPECT_EQ(send_to(id, IpAddress::v4(8, 8, 8, 8), 9, "x"), Error::kNoRoute);
  EXPECT_EQ(send_to(id, IpAddress::v4(224, 0, 0, 1), 9, "x"), Error::kNoRoute);
  EXPECT_EQ(send_to(id, kStackAddress, 9, "x"), Error::kNoRoute);
  EXPECT_EQ(scene_.sent_count(), 0u);
}

// RFC 1122, 4.1.4 and 3.3.3: a datagram larger than the interface's MTU is fragmented.
TEST_F(UdpTest, FragmentsDatagramsAboveTheMtu) {
  const UdpId id = scene_.bind(7);
  EXPECT_EQ(send_to(id, kPeerAddress, 9, std::string(1472, 'x')), Error::kOk);
  EXPECT_TRUE(scene_.sent());
  EXPECT_EQ(scene_.sent_count(), 0u);
  int fragments = 0;
  scene_.on_fragment = [&](const Bytes&) { ++fragments; };
  EXPECT_EQ(send_to(id, kPeerAddress, 9, std::string(1473, 'x')), Error::kOk);
  EXPECT_EQ(fragments, 2);
  EXPECT_EQ(scene_.count(Count::datagrams_out), 2u);
}

TEST_F(UdpTest, ReportsABusyLink) {
  const UdpId id = scene_.bind(7);
  EXPECT_EQ(send_to(id, kPeerAddress, 9, "known"), Error::kOk);
  scene_.forget();
  scene_.link().busy = true;
  EXPECT_EQ(send_to(id, kPeerAddress, 9, "x"), Error::kNotSent);
  EXPECT_EQ(scene_.count(Count::drop_datagram_link_busy), 1u);
}

// The bytes belong to the caller: a datagram that waits for ARP must be a copy.
TEST_F(UdpTest, CopiesADatagramThatWaitsForArp) {
  const UdpId id = scene_.bind(7);
  scene_.answer_arp_requests = false;
  std::string text = "before";
  EXPECT_EQ(send_to(id, kPeerAddress, 9, text), Error::kOk);
  text = "after!";
  EXPECT_EQ(scene_.sent_count(), 0u);
  scene_.answer_arp_requests = true;
  scene_.advance(1100ms);
  const auto sent = scene_.sent();
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->data, "before");
}

// ---- Delivery ----

TEST_F(UdpTest, DeliversToTheClosestMatch) {
  const UdpId any = scene_.bind(7);
  const UdpId here = scene_.bind({.local = {kStackAddress, Port{7}}});
  const UdpId there = scene_.bind({.local = {IpAddress(), Port{7}}, .interface = InterfaceId{0}});
  scene_.arrives(to_us(7, "a"));
  EXPECT_EQ(scene_.receive(here), "a") << "its address is named";
  EXPECT_EQ(udp().close(here), Error::kOk);
  scene_.arrives(to_us(7, "b"));
  EXPECT_EQ(scene_.receive(there), "b") << "its interface is named";
  EXPECT_EQ(udp().close(there), Error::kOk);
  scene_.arrives(to_us(7, "c"));
  EXPECT_EQ(scene_.receive(any), "c");
  EXPECT_EQ(udp().connect(any, {kOtherPeer, Port{5000}}), Error::kOk);
  scene_.arrives(to_us(7, "d"));
  EXPECT_EQ(scene_.receive(any), "(none)") << "connected to somebody else";
  EXPECT_EQ(scene_.count(Count::drop_datagram_no_socket), 1u);
}

// RFC 1122, 4.1.3.1: the sender gets a port unreachable.
TEST_F(UdpTest, ADatagramWithoutASocketGetsPortUnreachable) {
  const UdpId id = scene_.bind(7);
  (void)send_to(id, kPeerAddress, 9, "so that ARP knows the peer");
  scene_.forget();
  std::vector<Bytes> errors;
  scene_.on_other = [&](const Bytes& frame) { errors.push_back(frame); };
  scene_.arrives(to_us(8, "x"));
  EXPECT_EQ(scene_.count(Count::drop_datagram_no_socket), 1u);
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0][34], std::byte{3}) << "destination unreachable";
  EXPECT_EQ(errors[0][35], std::byte{3}) << "port";
  scene_.arrives({kPeerAddress, kBroadcast, 5000, 8, "x"}, true);
  EXPECT_EQ(errors.size(), 1u) << "nobody is told who spoke to everybody (RFC 1122, 3.2.2)";
  EXPECT_EQ(udp().close(id), Error::kOk);
  scene_.arrives(to_us(7, "x"));
  EXPECT_EQ(scene_.count(Count::drop_datagram_no_socket), 2u);
}

// RFC 768, RFC 1122, 4.1.3.4
TEST_F(UdpTest, DropsAWrongChecksumOrLength) {
  const UdpId id = scene_.bind(7);
  auto frame = encode(to_us(7, "data"), kPeerMac, kStackMac);
  frame.back() ^= std::byte{1};
  scene_.turn({frame});
  EXPECT_EQ(scene_.count(Count::drop_datagram_checksum), 1u);
  frame = encode(to_us(7, "data"), kPeerMac, kStackMac);
  frame[34 + 6] = frame[34 + 7] = std::byte{0};
  scene_.turn({frame});
  EXPECT_EQ(scene_.receive(id), "data") << "0 is no checksum";
  frame[34 + 5] = std::byte{13};  // one more than there are bytes
  scene_.turn({frame});
  EXPECT_EQ(scene_.count(Count::drop_datagram_malformed), 1u);
  scene_.arrives(to_us(0, "x"));
  EXPECT_EQ(scene_.count(Count::drop_datagram_malformed), 2u) << "there is no port 0";
}

// ---- Binding ----

TEST_F(UdpTest, RefusesABindInUse) {
  (void)scene_.bind(7);
  EXPECT_EQ(udp().bind({.local = {IpAddress(), Port{7}}}).error(), Error::kAddressInUse);
  EXPECT_EQ(udp().bind({.local = {IpAddress::v4(0), Port{7}}}).error(), Error::kAddressInUse)
      << "the same";
  EXPECT_EQ(udp().bind({.local = {kPeerAddress, Port{7}}}).error(), Error::kNoSuchAddress);
  EXPECT_EQ(udp().bind({.local = {IpAddress(), Port{8}}, .interface = InterfaceId{1}}).error(),
            Error::kInvalidArgument);
}

TEST_F(UdpTest, SocketsHaveACap) {
  while (udp().bind({})) {
  }
  EXPECT_EQ(udp().socket_count(), small_capacities().udp_sockets);
  EXPECT_EQ(udp().bind({}).error(), Error::kTableFull);
}

// RFC 6056, 3.3.1: ports do not reveal the next one.
TEST_F(UdpTest, EphemeralPortsAreRandom) {
  std::set<std::uint16_t> seen;
  int rising = 0;
  std::uint16_t last = 0;
  for (int i = 0; i < 200; ++i) {
    const UdpId id = scene_.bind({});
    const std::uint16_t port = port_of(id);
    EXPECT_GE(port, 1024);
    rising += port == last + 1 ? 1 : 0;
    last = port;
    seen.insert(port);
    EXPECT_EQ(udp().close(id), Error::kOk);
  }
  EXPECT_GT(seen.size(), 190u);
  EXPECT_LT(rising, 3);
}

TEST(UdpPorts, ChoosesTheLastFreePortAndThenNone) {
  Settings settings = plain_settings();
  settings.first_port = Port{40000};
  settings.last_port = Port{40003};
  DatagramScene scene(true, small_capacities(), settings);
  std::set<std::uint16_t> seen;
  for (int i = 0; i < 4; ++i) {
    UdpSocketInfo info;
    ASSERT_TRUE(scene.udp().info(scene.bind({}), info));
    seen.insert(info.local.port.value);
  }
  EXPECT_EQ(seen, (std::set<std::uint16_t>{40000, 40001, 40002, 40003}));
  EXPECT_EQ(scene.udp().bind({}).error(), Error::kNoFreePort);
}

TEST_F(UdpTest, AStaleIdFindsNothing) {
  const UdpId id = scene_.bind(7);
  scene_.arrives(to_us(7, "unread"));
  EXPECT_EQ(udp().close(id), Error::kOk);
  EXPECT_EQ(scene_.count(Count::datagrams_discarded), 1u);
  const UdpId again = scene_.bind(7);
  EXPECT_EQ(again.slot, id.slot);
  EXPECT_EQ(udp().close(id), Error::kNoSuchId);
  EXPECT_EQ(udp().send(id, {}), Error::kNoSuchId);
  EXPECT_EQ(udp().connect(id, {kPeerAddress, Port{9}}), Error::kNoSuchId);
  EXPECT_EQ(scene_.receive(id), "(none)");
  UdpSocketInfo info;
  EXPECT_FALSE(udp().info(id, info));
  EXPECT_FALSE(udp().info({}, info)) << "a default id names nothing";
  scene_.turn();
  EXPECT_EQ(scene_.events(again), 0) << "an event of the old one is not for the new one";
}

TEST_F(UdpTest, AnyCallIsAllowedWhileDraining) {
  const UdpId first = scene_.bind(7), second = scene_.bind(8);
  scene_.on_udp_event = [&](const UdpEvent& event) {
    if (event.socket != first) return;
    EXPECT_EQ(udp().close(second), Error::kOk);
    EXPECT_EQ(udp().close(first), Error::kOk);
    EXPECT_TRUE(udp().bind({.local = {IpAddress(), Port{7}}}));
  };
  scene_.turn(
      {encode(to_us(7, "x"), kPeerMac, kStackMac), encode(to_us(8, "y"), kPeerMac, kStackMac)});
  EXPECT_EQ(scene_.events(second), 0) << "closed before its event was told";
  EXPECT_EQ(udp().socket_count(), 1u);
}

// ---- Caps ----

TEST_F(UdpTest, AFullQueueDropsNewDatagrams) {
  const UdpId id = scene_.bind(7);
  for (int i = 0; i < 100; ++i) scene_.arrives(to_us(7, std::to_string(i) + std::string(998, 'x')));
  EXPECT_GT(scene_.count(Count::drop_datagram_queue), 30u);
  EXPECT_EQ(scene_.receive(id).front(), '0');
  scene_.arrives(to_us(7, "there is room again"));
  EXPECT_EQ(scene_.count(Count::datagrams_in),
            scene_.count(Count::datagrams_delivered) + scene_.count(Count::drop_datagram_queue));
}

TEST(UdpPool, HalfOfThePoolIsLeftForConnections) {
  Capacities capacities = small_capacities();
  capacities.chunks = 16;
  DatagramScene scene(true, capacities);
  const UdpId id = scene.bind(7);
  for (int i = 0; i < 50; ++i) {
    scene.arrives({kPeerAddress, kStackAddress, 5000, 7, std::string(1400, 'x')});
  }
  EXPECT_GE(scene.stack().chunks().free(), 8u);
  EXPECT_GT(scene.count(Count::drop_datagram_no_buffer), 0u);
  EXPECT_EQ(scene.udp().close(id), Error::kOk);
  EXPECT_EQ(scene.stack().chunks().free(), 16u);
}

TEST(UdpPool, AnEmptyQueueTakesTheLargestDatagram) {
  Capacities capacities = small_capacities();
  capacities.chunks = 1024;
  DatagramScene scene(true, capacities);
  const UdpId id = scene.bind(7);
  std::vector<std::byte> bytes(65536);
  for (const std::size_t length : {std::size_t{65496}, std::size_t{65497}, kUdpMaxPayload}) {
    scene.arrives({kPeerAddress, kStackAddress, 5000, 7, std::string(length, 'x')});
    const auto datagram = scene.udp().receive(id, bytes);
    ASSERT_TRUE(datagram) << length;
    EXPECT_EQ(datagram->length, length);
  }
  scene.arrives({kPeerAddress, kStackAddress, 5000, 7, std::string(kUdpMaxPayload, 'x')});
  scene.arrives({kPeerAddress, kStackAddress, 5000, 7, "behind it"});
  EXPECT_EQ(scene.count(Count::drop_datagram_queue), 1u)
      << "the bound holds for all behind the first";
}

// ---- Weeks ----

class UdpWeeks : public UdpTest, public ::testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Days, UdpWeeks, ::testing::Values(26, 50, 75, 125, 400));

TEST_P(UdpWeeks, ASocketIsUnchanged) {
  const UdpId id = scene_.bind(7);
  scene_.arrives(to_us(7, "kept"));
  scene_.advance(GetParam() * 24h);
  scene_.forget();
  EXPECT_EQ(scene_.receive(id), "kept");
  EXPECT_EQ(send_to(id, kPeerAddress, 5000, "answer"), Error::kOk);
  const auto sent = scene_.sent();
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->data, "answer");
}

TEST_P(UdpWeeks, IcmpErrorsMayBeSentAgain) {  // RFC 1812, 4.3.2.8
  for (int i = 0; i < 200; ++i) scene_.arrives(to_us(99, "nobody"));
  const auto limited = scene_.count(Count::icmp_errors_limited),
             out = scene_.count(Count::icmp_errors_out);
  ASSERT_GT(limited, 0u);
  scene_.advance(GetParam() * 24h);
  scene_.arrives(to_us(99, "nobody"));
  EXPECT_EQ(scene_.count(Count::icmp_errors_limited), limited);
  EXPECT_EQ(scene_.count(Count::icmp_errors_out), out + 1);
}

// ---- Connected sockets and ICMP ----

// RFC 1122, 4.1.3.3: "UDP MUST pass to the application layer all ICMP error messages".
TEST_F(UdpTest, AConnectedSocketReportsPortUnreachable) {
  const UdpId id = scene_.bind({});
  EXPECT_EQ(udp().send(id, as_bytes("x")), Error::kNotConnected);
  EXPECT_EQ(udp().connect(id, {kPeerAddress, Port{9}}), Error::kOk);
  EXPECT_EQ(udp().send(id, as_bytes("x")), Error::kOk);
  scene_.turn();
  ASSERT_TRUE(scene_.sent());
  scene_.unreachable(1);
  EXPECT_EQ(scene_.events(id), 0) << "a host may be back in a moment";
  scene_.unreachable(2, 12);
  EXPECT_EQ(scene_.events(id), 0) << "RFC 792: a parameter problem has codes of its own";
  scene_.unreachable(3);
  EXPECT_EQ(scene_.events(id), UdpEvent::kRefused);
  EXPECT_EQ(scene_.count(Count::icmp_unreachable_accepted), 1u);
}

TEST_F(UdpTest, AnUnconnectedSocketIgnoresPortUnreachable) {
  const UdpId id = scene_.bind(7);
  EXPECT_EQ(send_to(id, kPeerAddress, 9, "x"), Error::kOk);
  ASSERT_TRUE(scene_.sent());
  scene_.unreachable(3);
  EXPECT_EQ(scene_.events(id), 0);
  EXPECT_EQ(udp().connect(id, {kOtherPeer, Port{9}}), Error::kOk);
  scene_.unreachable(3);
  EXPECT_EQ(scene_.events(id), 0) << "that was about another peer";
}

TEST_F(UdpTest, AConnectedSocketReceivesFromItsPeerOnly) {
  const UdpId id = scene_.bind(7);
  EXPECT_EQ(udp().connect(id, {kPeerAddress, Port{9}}), Error::kOk);
  scene_.arrives(to_us(7, "another port", 10));
  scene_.arrives({kOtherPeer, kStackAddress, 9, 7, "another address"});
  scene_.arrives(to_us(7, "the peer", 9));
  EXPECT_EQ(scene_.receive(id), "the peer");
  EXPECT_EQ(scene_.count(Count::drop_datagram_no_socket), 2u);
  EXPECT_EQ(udp().connect(id, {kBroadcast, Port{9}}), Error::kNoRoute);
  EXPECT_EQ(udp().connect(id, {kPeerAddress, Port{0}}), Error::kInvalidArgument);
}

// ---- Broadcast ----

TEST_F(UdpTest, SendsAndReceivesBroadcastsOnlyWhenAllowed) {
  const UdpId plain = scene_.bind(7);
  scene_.arrives({kPeerAddress, kBroadcast, 5000, 7, "all"}, true);
  scene_.arrives({kPeerAddress, kDirected, 5000, 7, "all"}, true);
  EXPECT_EQ(scene_.count(Count::drop_datagram_broadcast), 2u);
  EXPECT_EQ(send_to(plain, kDirected, 9, "x"), Error::kInvalidArgument);

  const UdpId loud = scene_.bind({.local = {IpAddress(), Port{8}}, .broadcast = true});
  scene_.arrives({kPeerAddress, kBroadcast, 5000, 8, "to all"}, true);
  EXPECT_EQ(scene_.receive(loud), "to all");
  EXPECT_EQ(send_to(loud, kDirected, 9, "x"), Error::kOk);
  const auto sent = scene_.sent();
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->source, kStackAddress);
  EXPECT_EQ(sent->destination, kDirected);
  EXPECT_EQ(send_to(loud, kBroadcast, 9, "x"), Error::kInvalidArgument) << "on which interface?";
  EXPECT_EQ(send_to(loud, IpAddress::v4(10, 0, 9, 255), 9, "x"), Error::kNoRoute)
      << "a host somewhere else";
}

// RFC 1122, 3.3.6: a packet for one host's address in a broadcast frame is dropped.
TEST_F(UdpTest, DropsAUnicastPacketInABroadcastFrame) {
  const UdpId id = scene_.bind({.local = {IpAddress(), Port{7}}, .broadcast = true});
  scene_.arrives(to_us(7, "x"), true);
  EXPECT_EQ(scene_.receive(id), "(none)");
  EXPECT_EQ(scene_.count(Count::drop_ip_address), 1u);
}

// RFC 1122, 3.2.1.3 (a): 0.0.0.0 is the source of a host that does not know its address yet.
TEST(UdpWithoutAddress, SendsAndReceivesByBroadcast) {
  DatagramScene scene(false);
  const UdpId id = scene.bind(
      {.local = {IpAddress(), Port{68}}, .interface = InterfaceId{0}, .broadcast = true});
  EXPECT_EQ(scene.udp().send_to(id, {kBroadcast, Port{67}}, as_bytes("hello")), Error::kOk);
  scene.turn();
  const auto sent = scene.sent();
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->source, IpAddress::v4(0));
  EXPECT_EQ(sent->destination, kBroadcast);
  scene.arrives({kPeerAddress, kBroadcast, 67, 68, "offer"}, true);
  EXPECT_EQ(scene.receive(id), "offer");
  EXPECT_EQ(scene.udp().send_to(id, {kPeerAddress, Port{67}}, as_bytes("x")), Error::kNoRoute);
}

// ---- Random input ----

TEST_F(UdpTest, CountsEveryRandomDatagram) {
  Random random(3);
  const UdpId id = scene_.bind({.local = {IpAddress(), Port{7}}, .broadcast = true});
  for (int round = 0; round < 5000; ++round) {
    auto frame = encode(to_us(7, "some data"), kPeerMac, kStackMac);
    for (std::uint32_t i = random.below(3); i > 0; --i) {
      frame[30 + random.below(static_cast<std::uint32_t>(frame.size()) - 30)] =
          static_cast<std::byte>(random.below(256));
    }
    scene_.turn({frame});  // audits
    (void)scene_.receive(id);
  }
  EXPECT_GT(scene_.count(Count::drop_datagram_checksum), 100u);
}

}  // namespace
}  // namespace conker
