// Routes: longest prefix match over two interfaces, and source addresses (RFC 1122, 3.3.1 and
// 3.3.4.3).
#include "tests/unit/net_fixture.hpp"

namespace conker {
namespace {

using namespace test;

class RoutesTest : public NetworkTest {
 protected:
  static constexpr IpAddress kFirst = kOurs, kSecond = IpAddress::v4(192, 168, 5, 2);
  static constexpr IpAddress kRouter = IpAddress::v4(10, 77, 0, 254),
                             kOther = IpAddress::v4(192, 168, 5, 1);
  static constexpr Prefix net(int second, std::uint8_t length) {
    return {IpAddress::v4(172, static_cast<std::uint8_t>(second), 0, 0), length};
  }
  static constexpr IpAddress in(int second, int third = 1, int fourth = 1) {
    return IpAddress::v4(172, static_cast<std::uint8_t>(second), static_cast<std::uint8_t>(third),
                         static_cast<std::uint8_t>(fourth));
  }
  /// The source address towards `to`; unspecified without a route.
  IpAddress source(const IpAddress& to) const {
    const auto found = network_->source_for(to);
    return found ? *found : IpAddress();
  }
  /// The address that a packet to `to` makes the host ask for by ARP.
  IpAddress asked(const IpAddress& to, TestLink& link) {
    EXPECT_EQ(send(to), Sent::kSent);
    const auto request = sent_arp(link);
    return request ? request->target : IpAddress();
  }
};

TEST_F(RoutesTest, TheLongestPrefixDecides) {
  ASSERT_EQ(network_->set_gateway(kRouter), Error::kOk);
  ASSERT_EQ(network_->add_route(net(16, 12), kOther), Error::kOk);
  ASSERT_EQ(network_->add_route({in(17, 4, 0), 24}, kRouter), Error::kOk);
  EXPECT_EQ(source(IpAddress::v4(8, 8, 8, 8)), kFirst);
  EXPECT_EQ(source(in(17, 3)), kSecond);
  EXPECT_EQ(source(in(17, 4)), kFirst) << "24 bits are more than 12";
  EXPECT_EQ(asked(in(17, 3), second_link_), kOther);
  EXPECT_EQ(asked(in(17, 4), link_), kRouter);
  EXPECT_EQ(network_->mtu_towards(in(17, 3)), 576) << "that of the interface";
}

TEST_F(RoutesTest, OverAnInterfaceTheHostsAreNeighbours) {
  ASSERT_EQ(network_->add_route(net(20, 16), InterfaceId{1}), Error::kOk);
  EXPECT_EQ(source(in(20)), kSecond);
  EXPECT_EQ(asked(in(20, 9, 9), second_link_), in(20, 9, 9));
  EXPECT_FALSE(network_->source_for(in(20, 255, 255))) << "its broadcast address";
  // An ARP packet from a host in that prefix is accepted as a neighbour's.
  arp({ArpPacket::Operation::kReply, kPeerMac, in(20, 9, 9), {{2, 0, 0, 0, 5, 2}}, kSecond},
      {{2, 0, 0, 0, 5, 2}}, 1);
  EXPECT_TRUE(sent_ip(second_link_));
}

TEST_F(RoutesTest, ConnectedRoutesComeFirst) {
  ASSERT_EQ(network_->add_route({IpAddress::v4(10, 77, 0, 0), 24}, kOther), Error::kOk);
  EXPECT_EQ(source(kPeer), kFirst) << "as long, and connected";
  ASSERT_EQ(network_->add_route({IpAddress::v4(10, 77, 0, 128), 25}, kOther), Error::kOk);
  EXPECT_EQ(source(IpAddress::v4(10, 77, 0, 200)), kSecond) << "longer";
}

TEST_F(RoutesTest, RemovalUncoversShorterPrefixes) {
  ASSERT_EQ(network_->set_gateway(kRouter), Error::kOk);
  ASSERT_EQ(network_->add_route(net(18, 16), kOther), Error::kOk);
  EXPECT_EQ(source(in(18)), kSecond);
  EXPECT_EQ(network_->remove_route(net(18, 15)), Error::kNoRoute) << "exactly that prefix";
  EXPECT_EQ(network_->remove_route(net(18, 16)), Error::kOk);
  EXPECT_EQ(source(in(18)), kFirst);
  EXPECT_EQ(network_->remove_route({IpAddress::v4(0), 0}), Error::kOk)
      << "the gateway is a route too";
  EXPECT_TRUE(source(in(18)).is_unspecified());
  EXPECT_EQ(network_->remove_route({IpAddress::v4(10, 77, 0, 0), 24}), Error::kNoRoute)
      << "what an address brought goes with the address";
}

TEST_F(RoutesTest, ANewDefaultRouteReplacesTheFirst) {
  ASSERT_EQ(network_->set_gateway(kRouter), Error::kOk);
  ASSERT_EQ(network_->set_gateway(kOther), Error::kOk);
  EXPECT_EQ(source(IpAddress::v4(8, 8, 8, 8)), kSecond);
  EXPECT_EQ(network_->routes().size(), 3u);
}

TEST_F(RoutesTest, RemovingAnAddressRemovesItsRoute) {
  ASSERT_EQ(network_->add_address({0}, {IpAddress::v4(10, 77, 0, 3), 24}), Error::kOk);
  ASSERT_EQ(network_->set_gateway(kRouter), Error::kOk);
  ASSERT_EQ(network_->remove_address(kOurs), Error::kOk);
  EXPECT_FALSE(network_->is_local(kOurs));
  EXPECT_TRUE(network_->is_local(IpAddress::v4(10, 77, 0, 3)));
  EXPECT_EQ(source(kPeer), IpAddress::v4(10, 77, 0, 3)) << "the next in that prefix";
  ASSERT_EQ(network_->remove_address(IpAddress::v4(10, 77, 0, 3)), Error::kOk);
  EXPECT_TRUE(source(kPeer).is_unspecified());
  EXPECT_TRUE(source(IpAddress::v4(8, 8, 8, 8)).is_unspecified())
      << "the gateway cannot be reached";
  ASSERT_EQ(network_->add_address({0}, {kOurs, 24}), Error::kOk);
  EXPECT_EQ(source(IpAddress::v4(8, 8, 8, 8)), kOurs) << "and now it can again";
  EXPECT_EQ(network_->remove_address(kPeer), Error::kNoSuchAddress);
}

// Cloud networks give a prefix length of 32, and hosts or a router that are neighbours over the
// interface (RFC 1122, 3.3.4.3: the source is an address of that interface, whatever its prefix
// is).
TEST_F(RoutesTest, APrefixOf32BitsSendsOverItsInterface) {
  TestLink third;
  constexpr IpAddress kAlone = IpAddress::v4(198, 51, 100, 7);
  ASSERT_TRUE(network_->add_interface(third, {{2, 0, 0, 0, 6, 2}}, 1500));
  ASSERT_EQ(network_->add_route(net(21, 16), InterfaceId{2}), Error::kOk);
  EXPECT_TRUE(source(in(21)).is_unspecified()) << "it has no address yet";
  ASSERT_EQ(network_->add_address({2}, {kAlone, 32}), Error::kOk);
  EXPECT_EQ(source(in(21)), kAlone);
  EXPECT_EQ(network_->set_gateway(in(21, 0, 254)), Error::kOk);
  EXPECT_EQ(source(IpAddress::v4(8, 8, 8, 8)), kAlone) << "and over a gateway there";
  EXPECT_EQ(send(in(21)), Sent::kSent);
  std::optional<ArpPacket> question;
  third.flush(now_);
  while (!third.sent.empty() && !(question && question->target == in(21)))
    question = sent_arp(third);
  ASSERT_TRUE(question);
  EXPECT_EQ(question->target, in(21));
  EXPECT_EQ(question->sender, kAlone);
  ASSERT_EQ(network_->remove_address(kAlone), Error::kOk);
  EXPECT_TRUE(source(in(21)).is_unspecified());
}

TEST_F(RoutesTest, RefusesInvalidRoutes) {
  EXPECT_EQ(network_->add_route(net(18, 16), IpAddress::v4(8, 8, 8, 8)), Error::kNoRoute)
      << "no neighbour";
  EXPECT_EQ(network_->add_route(net(18, 16), kOurs), Error::kInvalidArgument) << "ourselves";
  EXPECT_EQ(network_->add_route(net(18, 16), IpAddress::v4(10, 77, 0, 255)),
            Error::kInvalidArgument);
  EXPECT_EQ(network_->add_route(net(18, 16), IpAddress()), Error::kInvalidArgument);
  EXPECT_EQ(network_->add_route(net(18, 16), InterfaceId{2}), Error::kInvalidArgument)
      << "there are two";
  EXPECT_EQ(network_->add_route({in(18), 16}, kRouter), Error::kInvalidArgument)
      << "bits behind the prefix";
  EXPECT_EQ(network_->add_route({net(18, 16).address, 33}, kRouter), Error::kInvalidArgument);
  EXPECT_EQ(network_->add_route(net(18, 16), kRouter), Error::kOk);
  EXPECT_EQ(network_->add_route(net(18, 16), kOther), Error::kAddressInUse);
}

TEST_F(RoutesTest, HoldsRoutesUpToItsCapacity) {
  for (int i = 0; i < 4; ++i) EXPECT_EQ(network_->add_route(net(16 + i, 16), kRouter), Error::kOk);
  EXPECT_EQ(network_->add_route(net(30, 16), kRouter), Error::kTableFull);
  EXPECT_EQ(network_->set_gateway(kRouter), Error::kTableFull);
  EXPECT_EQ(network_->remove_route(net(17, 16)), Error::kOk);
  EXPECT_EQ(network_->set_gateway(kRouter), Error::kOk);
}

}  // namespace
}  // namespace conker
