// The destination cache: an entry is not used any more as soon as anything that it depends on
// changes.
#include "stack/net/destination_cache.hpp"
#include "tests/unit/net_fixture.hpp"

namespace conker {
namespace {

using namespace test;

constexpr IpAddress kGateway = IpAddress::v4(10, 77, 0, 1);
constexpr IpAddress kOtherGateway = IpAddress::v4(10, 77, 0, 9);
constexpr IpAddress kFar = IpAddress::v4(172, 16, 3, 4);

// ---- The cache by itself ----

class DestinationCacheTest : public testing::Test {
 protected:
  static constexpr IpAddress kOne = IpAddress::v4(10, 0, 0, 1), kTwo = IpAddress::v4(10, 0, 0, 2);
  std::vector<std::uint64_t> storage_ = std::vector<std::uint64_t>(256);
  Arena arena_{std::as_writable_bytes(std::span(storage_))};
};

TEST_F(DestinationCacheTest, FindsACachedDestination) {
  DestinationCache cache(arena_, 4);
  EXPECT_EQ(cache.find(kOne, 1), nullptr);
  cache.claim(kOne, 1).mtu = 1500;
  ASSERT_NE(cache.find(kOne, 1), nullptr);
  EXPECT_EQ(cache.find(kOne, 1)->mtu, 1500);
  EXPECT_EQ(cache.claim(kOne, 1).mtu, 1500) << "what is known stays";
}

// RFC 4861, 5.1: entries are those of destinations, whose whole addresses are compared.
TEST_F(DestinationCacheTest, FindsNoOtherDestinationAndNoOtherEpoch) {
  DestinationCache cache(arena_, 1);
  cache.claim(kOne, 1).accepted = true;
  EXPECT_EQ(cache.find(kTwo, 1), nullptr);
  EXPECT_EQ(cache.find(IpAddress({1, 0, 0xffff, kOne.v4_bits()}), 1), nullptr)
      << "the last word is not enough";
  EXPECT_EQ(cache.find(kOne, 2), nullptr);
  EXPECT_FALSE(cache.claim(kOne, 2).accepted);
  EXPECT_EQ(cache.find(kOne, 1), nullptr);
  EXPECT_FALSE(cache.claim(kTwo, 2).accepted) << "a newcomer begins with nothing";
  EXPECT_EQ(cache.find(kOne, 2), nullptr);
}

TEST_F(DestinationCacheTest, ACapacityOfZeroHoldsOneDestination) {
  DestinationCache cache(arena_, 0);
  cache.claim(kOne, 1).mtu = 576;
  EXPECT_EQ(cache.find(kOne, 1)->mtu, 576);
}

// ---- Sent packets ----

class NetworkDestinationsTest : public NetworkTest {
 protected:
  using NetworkTest::NetworkTest;

  static IpAddress host(int number) {
    return IpAddress::v4(10, 77, 0, static_cast<std::uint8_t>(number));
  }
  static MacAddress mac(int number) { return {{2, 0, 0, 0, 1, static_cast<std::uint8_t>(number)}}; }

  /// Sends a packet to `to` and checks its destination link address.
  void expect_goes_to(const IpAddress& to, const MacAddress& next) {
    EXPECT_EQ(send(to), Sent::kSent);
    const auto packet = sent_ip();
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->destination, to);
    EXPECT_EQ(to_, next);
    EXPECT_TRUE(nothing_sent());
  }
  /// Twice, so that the second packet uses the cached destination.
  void walk(const IpAddress& to, const MacAddress& next) {
    expect_goes_to(to, next);
    EXPECT_TRUE(network_->has_destination(kOurs, to));
    expect_goes_to(to, next);
  }
  bool takes(const IpAddress& from, const IpAddress& to, const MacAddress& link = kOurMac) {
    Ipv4Packet packet = from_peer();
    packet.source = from;
    packet.destination = to;
    return input(ethernet(kEtherTypeIpv4, ip(packet, bytes_of("text")), link)) == Disposition::kTcp;
  }
};

TEST_F(NetworkDestinationsTest, TheSecondPacketEqualsTheFirst) {
  know();
  EXPECT_FALSE(network_->has_destination(kOurs, kPeer));
  EXPECT_EQ(send(kPeer, "text"), Sent::kSent);
  EXPECT_EQ(send(kPeer, "text"), Sent::kSent);
  EXPECT_TRUE(network_->has_destination(kOurs, kPeer));
  ASSERT_TRUE(sent_ip());
  auto first = frame_;
  ASSERT_TRUE(sent_ip());
  auto second = frame_;
  for (auto* frame : {&first, &second}) {  // identification and checksum differ in each
    put16(*frame, kEthernetHeader + 4, 0);
    put16(*frame, kEthernetHeader + 10, 0);
  }
  EXPECT_EQ(to_hex(first), to_hex(second));
  EXPECT_EQ(count(Count::packets_out), 2u);
  EXPECT_EQ(count(Count::frames_out), 3u) << "the answer to the question among them";
}

TEST_F(NetworkDestinationsTest, ABusyLinkIsReportedOnACachedDestination) {
  know();
  walk(kPeer, kPeerMac);
  link_.busy = true;
  EXPECT_EQ(send(kPeer), Sent::kBusy);
  EXPECT_EQ(count(Count::packets_out), 2u);
  link_.busy = false;
  expect_goes_to(kPeer, kPeerMac);
}

TEST_F(NetworkDestinationsTest, TheMtuHoldsOnACachedDestination) {
  know();
  walk(kPeer, kPeerMac);
  EXPECT_EQ(send(kPeer, std::string(1500 - 20 - 20, 'x')), Sent::kSent);
  forget_sent();
  EXPECT_EQ(send(kPeer, std::string(1500 - 20 - 20 + 1, 'x')), Sent::kDropped);
  EXPECT_EQ(count(Count::drop_ip_too_big), 1u);
  EXPECT_EQ(network_->mtu_towards(kPeer), 1500);
}

TEST_F(NetworkDestinationsTest, RemovingAnAddressInvalidatesItsDestinations) {
  know();
  walk(kPeer, kPeerMac);
  EXPECT_TRUE(takes(kPeer, kOurs));
  EXPECT_EQ(network_->remove_address(kOurs), Error::kOk);
  EXPECT_FALSE(network_->has_destination(kOurs, kPeer));
  EXPECT_EQ(send(kPeer), Sent::kDropped);
  EXPECT_EQ(count(Count::drop_ip_no_route), 1u);
  EXPECT_FALSE(takes(kPeer, kOurs));
  EXPECT_EQ(count(Count::drop_ip_address), 1u);
  EXPECT_TRUE(nothing_sent());
}

TEST_F(NetworkDestinationsTest, AddingAnAddressInvalidatesDestinations) {
  know();
  walk(kPeer, kPeerMac);
  EXPECT_TRUE(takes(kPeer, kOurs));
  EXPECT_EQ(network_->add_address({0}, {kPeer, 24}), Error::kOk);
  EXPECT_FALSE(network_->has_destination(kOurs, kPeer));
  EXPECT_FALSE(takes(kPeer, kOurs)) << "a source that is ours now";
  EXPECT_EQ(count(Count::drop_ip_source), 1u);
}

TEST_F(NetworkDestinationsTest, ATentativeAddressIsNotLocal) {
  EXPECT_EQ(network_->add_address({0}, {host(77), 24}, {.probe = true, .give_up = false}),
            Error::kOk);
  EXPECT_FALSE(takes(kPeer, host(77)));
  run_for(10s);
  EXPECT_TRUE(takes(kPeer, host(77)));
  EXPECT_TRUE(takes(kPeer, host(77)));
}

TEST_F(NetworkDestinationsTest, ANewBroadcastAddressIsNoHost) {
  EXPECT_TRUE(takes(host(63), kOurs));
  EXPECT_EQ(network_->add_address({0}, {host(33), 27}), Error::kOk);  // 32 to 63
  EXPECT_FALSE(takes(host(63), kOurs));
}

TEST_F(NetworkDestinationsTest, AddingARouteInvalidatesDestinations) {
  know();
  know(kOtherGateway, kOtherMac);
  EXPECT_EQ(network_->set_gateway(kGateway), Error::kOk);
  walk(kFar, kPeerMac);
  EXPECT_EQ(network_->add_route({IpAddress::v4(172, 16, 0, 0), 12}, kOtherGateway), Error::kOk);
  walk(kFar, kOtherMac);
}

TEST_F(NetworkDestinationsTest, RemovingARouteInvalidatesDestinations) {
  const Prefix far{IpAddress::v4(172, 16, 0, 0), 12};
  know();
  know(kOtherGateway, kOtherMac);
  EXPECT_EQ(network_->set_gateway(kGateway), Error::kOk);
  EXPECT_EQ(network_->add_route(far, kOtherGateway), Error::kOk);
  walk(kFar, kOtherMac);
  EXPECT_EQ(network_->remove_route(far), Error::kOk);
  walk(kFar, kPeerMac);
  EXPECT_EQ(network_->remove_route({IpAddress::v4(0), 0}), Error::kOk);
  EXPECT_EQ(send(kFar), Sent::kDropped);
  EXPECT_EQ(count(Count::drop_ip_no_route), 1u);
}

TEST_F(NetworkDestinationsTest, ChangingTheGatewayInvalidatesDestinations) {
  know();
  know(kOtherGateway, kOtherMac);
  EXPECT_EQ(network_->set_gateway(kGateway), Error::kOk);
  walk(kFar, kPeerMac);
  EXPECT_EQ(network_->set_gateway(kOtherGateway), Error::kOk);
  walk(kFar, kOtherMac);
}

TEST_F(NetworkDestinationsTest, ADestinationHasTheMtuOfItsInterface) {
  know();
  EXPECT_EQ(network_->set_gateway(kGateway), Error::kOk);
  walk(kFar, kPeerMac);
  EXPECT_EQ(network_->mtu_towards(kFar), 1500);
  EXPECT_EQ(network_->set_gateway(IpAddress::v4(192, 168, 5, 1)), Error::kOk);
  EXPECT_EQ(network_->mtu_towards(kFar), 576);
  EXPECT_EQ(send(kFar), Sent::kSent);
  EXPECT_TRUE(nothing_sent()) << "nothing leaves over the one before";
}

// ---- Neighbours ----

TEST_F(NetworkDestinationsTest, ANeighbourIsVerifiedDuringTraffic) {
  know();
  Instant asked{};
  for (int i = 0; i < 700 && asked == Instant{}; ++i) {
    EXPECT_EQ(send(kPeer), Sent::kSent);
    for (link_.flush(now_); !link_.sent.empty();) {
      if (sent_arp()) asked = now_;  // each ARP request is taken
    }
    EXPECT_EQ(count(Count::packets_out), static_cast<std::uint64_t>(i) + 1);
    if (asked == Instant{}) run_for(100ms);
  }
  ASSERT_NE(asked, Instant{}) << "it was never asked again";
  EXPECT_EQ(to_, kPeerMac) << "by unicast";
  // The neighbour replies, and its entry is reachable for as long again.
  arp_reply();
  forget_sent();
  for (Duration passed = 0s; passed < settings_.neighbour_reachable; passed += 1s) {
    expect_goes_to(kPeer, kPeerMac);
    run_for(1s);
  }
  EXPECT_EQ(send(kPeer), Sent::kSent);
  EXPECT_EQ(link_.sent.size(), 2u) << "the next question, and the packet";
  forget_sent();
}

TEST_F(NetworkDestinationsTest, ANeighbourThatFailsInvalidatesItsDestinations) {
  know();
  walk(kPeer, kPeerMac);
  run_for(settings_.neighbour_reachable);
  EXPECT_EQ(send(kPeer), Sent::kSent);
  run_for(10s);  // asked three times, without a reply
  EXPECT_EQ(count(Count::neighbours_failed), 1u);
  forget_sent();
  EXPECT_EQ(send(kPeer), Sent::kSent);
  ASSERT_TRUE(sent_arp());
  EXPECT_EQ(to_, MacAddress::broadcast());
  EXPECT_TRUE(nothing_sent()) << "the packet waits";
}

TEST_F(NetworkDestinationsTest, ANewLinkAddressInvalidatesDestinations) {
  know();
  walk(kPeer, kPeerMac);
  run_for(settings_.neighbour_reachable);
  EXPECT_EQ(send(kPeer), Sent::kSent);
  run_for(10s);
  forget_sent();
  // The machine was replaced, and its ARP packet arrives before the next request.
  know(kPeer, kOtherMac);
  walk(kPeer, kOtherMac);
}

TEST_F(NetworkDestinationsTest, AnEvictedNeighbourInvalidatesItsDestinations) {
  know();
  walk(kPeer, kPeerMac);
  for (int i = 10; i < 10 + static_cast<int>(kNeighbours); ++i) {
    know(host(i), mac(i));
    EXPECT_EQ(send(host(i)), Sent::kSent);
  }
  EXPECT_EQ(count(Count::neighbours_evicted), 1u);
  forget_sent();
  EXPECT_EQ(send(kPeer), Sent::kSent);
  ASSERT_TRUE(sent_arp()) << "asked for again";
  EXPECT_TRUE(nothing_sent());
  // Another neighbour has the record by now.
  walk(host(13), mac(13));
  arp_reply();
  EXPECT_EQ(sent_text(), "data");
  walk(kPeer, kPeerMac);
}

TEST_F(NetworkDestinationsTest, ANeighbourEvictedForAnUnresolvedOneInvalidatesItsDestinations) {
  know();
  walk(kPeer, kPeerMac);
  for (int i = 10; i < 10 + static_cast<int>(kNeighbours); ++i)
    EXPECT_EQ(send(host(i)), Sent::kSent);
  EXPECT_EQ(count(Count::neighbours_evicted), 1u);
  forget_sent();
  EXPECT_EQ(send(kPeer), Sent::kSent);
  ASSERT_TRUE(sent_arp());
  EXPECT_TRUE(nothing_sent());
}

TEST_F(NetworkDestinationsTest, ANeighbourInUseByADestinationIsNotEvictedFirst) {
  know();
  for (int i = 10; i < 9 + static_cast<int>(kNeighbours); ++i) know(host(i), mac(i));
  expect_goes_to(kPeer, kPeerMac);
  for (int i = 10; i < 9 + static_cast<int>(kNeighbours); ++i) expect_goes_to(host(i), mac(i));
  expect_goes_to(kPeer, kPeerMac);  // by the cached destination
  know(host(20), mac(20));
  EXPECT_EQ(count(Count::neighbours_evicted), 1u);
  expect_goes_to(kPeer, kPeerMac);
  EXPECT_EQ(send(host(10)), Sent::kSent);
  EXPECT_TRUE(sent_arp()) << "the one that was not in use for longest";
}

// ---- Received packets ----

TEST_F(NetworkDestinationsTest, ABroadcastFrameIsDroppedDespiteACachedDestination) {
  EXPECT_TRUE(takes(kPeer, kOurs));
  EXPECT_TRUE(takes(kPeer, kOurs));
  EXPECT_FALSE(takes(kPeer, kOurs, MacAddress::broadcast()));
  EXPECT_EQ(count(Count::drop_ip_address), 1u);
  EXPECT_TRUE(takes(kPeer, kOurs));
}

TEST_F(NetworkDestinationsTest, ADestinationForSendingDoesNotAcceptPackets) {
  know();
  walk(kPeer, kPeerMac);
  EXPECT_TRUE(network_->has_destination(kOurs, kPeer));
  // A packet from an address that is not the host's caches a destination as well; packets to that
  // address are still refused.
  PacketOut packet;
  packet.source = host(200);
  packet.destination = kPeer;
  packet.protocol = kProtocolTcp;
  packet.transport_length = kTcpHeaderMin;
  std::array<std::span<const std::byte>, 1> pieces;
  packet.pieces = pieces;
  EXPECT_EQ(network_->send(packet), Sent::kSent);
  forget_sent();
  EXPECT_FALSE(network_->has_destination(host(200), kPeer));
  EXPECT_FALSE(takes(kPeer, host(200)));
  EXPECT_EQ(count(Count::drop_ip_address), 1u);
}

TEST_F(NetworkDestinationsTest, ADestinationForReceivingDoesNotRoutePackets) {
  EXPECT_TRUE(takes(kFar, kOurs));
  EXPECT_FALSE(network_->has_destination(kOurs, kFar));
  EXPECT_EQ(send(kFar), Sent::kDropped) << "nothing leads there";
}

class OneDestinationTest : public NetworkDestinationsTest {
 protected:
  OneDestinationTest() : NetworkDestinationsTest(one()) {}
  static Capacities one() {
    Capacities capacities = small();
    capacities.destinations = 1;
    return capacities;
  }
};

TEST_F(OneDestinationTest, PairsInTheSamePlaceDoNotShareADestination) {
  know();
  know(kOtherGateway, kOtherMac);
  for (int i = 0; i < 4; ++i) {
    expect_goes_to(kPeer, kPeerMac);
    EXPECT_TRUE(takes(kPeer, kOurs));
    expect_goes_to(kOtherGateway, kOtherMac);
    EXPECT_FALSE(takes(kOurs, kOurs)) << "from ourselves";
    EXPECT_FALSE(takes(kPeer, host(200)));
  }
}

}  // namespace
}  // namespace conker
