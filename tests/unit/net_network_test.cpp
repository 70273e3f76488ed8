#include "stack/net/network.hpp"
#include "tests/support/random.hpp"
#include "tests/unit/net_fixture.hpp"

namespace conker {
namespace {

using namespace test;
using Disposition = Disposition;

// ---- Ethernet ----

TEST_F(NetworkTest, DropsFramesForOtherLinkAddresses) {
  EXPECT_EQ(input(hex("0200000000")), Disposition::kNothing);
  EXPECT_EQ(count(Count::drop_frame_runt), 1u);
  const auto packet = ip(from_peer(), bytes_of("x"));
  EXPECT_EQ(input(ethernet(kEtherTypeIpv4, packet, kOtherMac)), Disposition::kNothing);
  EXPECT_EQ(input(ethernet(kEtherTypeIpv4, packet, {{0x01, 0, 0x5e, 0, 0, 1}})),
            Disposition::kNothing);
  EXPECT_EQ(input(ethernet(kEtherTypeIpv4, packet), 1), Disposition::kNothing)
      << "the other interface has another address";
  EXPECT_EQ(count(Count::drop_frame_other_host), 3u);
  EXPECT_EQ(input(ethernet(0x86dd, packet)), Disposition::kNothing);
  EXPECT_EQ(input(ethernet(0x05dc, packet)), Disposition::kNothing) << "IEEE 802.3 with a length";
  EXPECT_EQ(count(Count::drop_frame_ethertype), 2u);
  EXPECT_EQ(count(Count::frames_in), 6u);
}

// ---- IPv4 received ----

// IEEE 802.1Q, 6.9.1
TEST_F(NetworkTest, AcceptsPriorityTaggedFramesAndNoOtherVlan) {
  const auto tagged = [this](std::uint16_t control) {
    auto frame = ethernet(kEtherTypeArp, {}, MacAddress::broadcast());
    std::vector<std::byte> arp(46);
    emit_arp({ArpPacket::Operation::kRequest, kPeerMac, kPeer, {}, kOurs}, arp);
    const std::array<std::byte, 4> tag{std::byte{0x81}, std::byte{0},
                                       static_cast<std::byte>(control >> 8),
                                       static_cast<std::byte>(control & 0xff)};
    frame.insert(frame.begin() + 12, tag.begin(), tag.end());
    frame.insert(frame.end(), arp.begin(), arp.end());
    input(frame);
  };
  tagged(0xa00a);
  EXPECT_TRUE(nothing_sent()) << "VLAN 10";
  EXPECT_EQ(count(Count::drop_frame_vlan), 1u);
  tagged(0xa000);
  EXPECT_TRUE(sent_arp()) << "VLAN 0 with a priority";
}

TEST_F(NetworkTest, DeliversTcpWithItsChecksumState) {
  const auto packet = ip(from_peer(), bytes_of("a segment"));
  for (const auto checksum :
       {ChecksumState::kUnknown, ChecksumState::kVouched, ChecksumState::kPartial}) {
    ASSERT_EQ(input(ethernet(kEtherTypeIpv4, packet), 0, checksum), Disposition::kTcp);
    EXPECT_EQ(packet_.checksum, checksum);
  }
  EXPECT_EQ(packet_.source, kPeer);
  EXPECT_EQ(packet_.destination, kOurs);
  EXPECT_EQ(packet_.interface, InterfaceId{0});
  EXPECT_EQ(to_hex(packet_.payload), to_hex(bytes_of("a segment")));
  EXPECT_EQ(count(Count::packets_delivered), 3u);
}

TEST_F(NetworkTest, CutsEthernetPadding) {
  auto frame = ethernet(kEtherTypeIpv4, ip(from_peer(), bytes_of("x")));
  frame.resize(60, std::byte{0x5a});
  ASSERT_EQ(input(frame), Disposition::kTcp);
  EXPECT_EQ(packet_.payload.size(), 1u);
}

TEST_F(NetworkTest, AcceptsCoalescedPackets) {
  const std::vector<std::byte> large(65000);
  ASSERT_EQ(input(ethernet(kEtherTypeIpv4, ip(from_peer(), large))), Disposition::kTcp);
  EXPECT_EQ(packet_.payload.size(), 65000u);
}

TEST_F(NetworkTest, VerifiesTheHeaderChecksumAlsoOfVouchedFrames) {
  auto frame = ethernet(kEtherTypeIpv4, ip(from_peer(), bytes_of("x")));
  frame[kEthernetHeader + 8] ^= std::byte{1};
  EXPECT_EQ(input(frame), Disposition::kNothing);
  EXPECT_EQ(input(frame, 0, ChecksumState::kVouched), Disposition::kNothing);
  EXPECT_EQ(count(Count::drop_ip_checksum), 2u);
}

TEST_F(NetworkTest, DropsMalformedPackets) {
  const auto bad = [&](std::string_view bytes) {
    EXPECT_EQ(input(ethernet(kEtherTypeIpv4, hex(bytes))), Disposition::kNothing);
  };
  bad("");
  bad("45 00 0014 0000 4000 40 06 2648 0a4d0001 0a4d");
  bad("44 00 0014 0000 4000 40 06 0000 0a4d0001 0a4d0002");
  bad("45 00 0015 0000 4000 40 06 0000 0a4d0001 0a4d0002");
  EXPECT_EQ(count(Count::drop_ip_malformed), 4u);
  EXPECT_EQ(count(Count::packets_in), 4u);
}

TEST_F(NetworkTest, DropsFragments) {
  auto packet = from_peer();
  packet.dont_fragment = false;
  packet.more_fragments = true;
  EXPECT_EQ(input(ethernet(kEtherTypeIpv4, ip(packet, bytes_of("12345678")))),
            Disposition::kNothing);
  packet.more_fragments = false;
  packet.fragment_offset = 1;
  EXPECT_EQ(input(ethernet(kEtherTypeIpv4, ip(packet, bytes_of("x")))), Disposition::kNothing);
  EXPECT_EQ(count(Count::drop_ip_fragment), 2u);
}

TEST_F(NetworkTest, DropsPacketsForOtherHostsAndBroadcasts) {
  for (const auto to :
       {IpAddress::v4(10, 77, 0, 3), IpAddress::v4(10, 77, 0, 255), IpAddress::v4(0xffffffff),
        IpAddress::v4(224, 0, 0, 1), IpAddress::v4(127, 0, 0, 1), IpAddress::v4(0)}) {
    auto packet = from_peer();
    packet.destination = to;
    EXPECT_EQ(input(ethernet(kEtherTypeIpv4, ip(packet, {}))), Disposition::kNothing);
  }
  EXPECT_EQ(input(ethernet(kEtherTypeIpv4, ip(from_peer(), {}), MacAddress::broadcast())),
            Disposition::kNothing)
      << "a frame to all with a packet to one";
  EXPECT_EQ(count(Count::drop_ip_address), 7u);
}

TEST_F(NetworkTest, AcceptsPacketsForTheAddressOfAnotherInterface) {
  auto packet = from_peer();
  packet.destination = IpAddress::v4(192, 168, 5, 2);
  EXPECT_EQ(input(ethernet(kEtherTypeIpv4, ip(packet, {}))), Disposition::kTcp);
}

TEST_F(NetworkTest, DropsMartianSources) {
  for (const auto from :
       {kOurs, IpAddress::v4(192, 168, 5, 2), IpAddress::v4(10, 77, 0, 255),
        IpAddress::v4(0xffffffff), IpAddress::v4(224, 0, 0, 1), IpAddress::v4(127, 0, 0, 1),
        IpAddress::v4(0), IpAddress::v4(192, 168, 5, 15)}) {
    auto packet = from_peer();
    packet.source = from;
    EXPECT_EQ(input(ethernet(kEtherTypeIpv4, ip(packet, {}))), Disposition::kNothing);
  }
  EXPECT_EQ(count(Count::drop_ip_source), 8u);
}

TEST_F(NetworkTest, DropsOtherProtocols) {
  for (const int protocol : {0, 4, 17, 41, 255}) {
    EXPECT_EQ(
        input(ethernet(kEtherTypeIpv4, ip(from_peer(static_cast<std::uint8_t>(protocol)), {}))),
        Disposition::kNothing);
  }
  EXPECT_EQ(count(Count::drop_ip_protocol), 5u);
}

TEST_F(NetworkTest, CountsEveryRandomFrame) {
  Random random(5);
  const auto good = ethernet(kEtherTypeIpv4, ip(from_peer(kProtocolIcmp), icmp({8, 0, 1, 2, {}})));
  for (int round = 0; round < 20000; ++round) {
    auto frame = good;
    for (std::uint32_t i = random.below(4); i > 0; --i) {
      frame[random.below(frame.size())] = static_cast<std::byte>(random.below(256));
    }
    frame.resize(random.below(4) == 0 ? random.below(frame.size()) : frame.size());
    input(frame);
    forget_sent();
  }
  EXPECT_EQ(count(Count::frames_in),
            count(Count::drop_frame_runt) + count(Count::drop_frame_other_host) +
                count(Count::drop_frame_ethertype) + count(Count::arp_in) +
                count(Count::drop_arp_malformed) + count(Count::packets_in));
  EXPECT_EQ(count(Count::packets_in),
            count(Count::packets_delivered) + count(Count::drop_ip_malformed) +
                count(Count::drop_ip_checksum) + count(Count::drop_ip_fragment) +
                count(Count::drop_ip_address) + count(Count::drop_ip_source) +
                count(Count::drop_ip_protocol) + count(Count::drop_ip_ttl) +
                count(Count::drop_ip_options));
}

// ---- IPv4 sent ----

TEST_F(NetworkTest, SendsWithTheHeadersOfAnUnfragmentedPacket) {
  know();
  EXPECT_EQ(send(kPeer, "hello"), Sent::kSent);
  const auto packet = sent_ip();
  ASSERT_TRUE(packet);
  EXPECT_EQ(to_, kPeerMac);
  EXPECT_EQ(packet->source, kOurs);
  EXPECT_EQ(packet->destination, kPeer);
  EXPECT_EQ(packet->protocol, kProtocolTcp);
  EXPECT_EQ(packet->ttl, 64);
  EXPECT_TRUE(packet->dont_fragment);
  EXPECT_EQ(packet->payload.size(), kTcpHeaderMin + 5);
}

TEST_F(NetworkTest, ReportsABusyLink) {
  know();
  link_.busy = true;
  EXPECT_EQ(send(kPeer), Sent::kBusy);
  link_.busy = false;
  EXPECT_EQ(send(kPeer), Sent::kSent);
  EXPECT_EQ(count(Count::frames_refused), 1u);
}

TEST_F(NetworkTest, DropsPacketsWithoutARoute) {
  for (const auto to : {IpAddress::v4(8, 8, 8, 8), IpAddress::v4(0xffffffff),
                        IpAddress::v4(10, 77, 0, 255), IpAddress::v4(224, 0, 0, 1),
                        IpAddress::v4(0), IpAddress::v4(127, 0, 0, 1), IpAddress(), kOurs}) {
    EXPECT_EQ(send(to), Sent::kDropped);
    EXPECT_FALSE(network_->source_for(to));
  }
  EXPECT_EQ(count(Count::drop_ip_no_route), 8u);
  EXPECT_TRUE(nothing_sent());
}

TEST_F(NetworkTest, DropsPacketsAboveTheMtu) {
  know();
  EXPECT_EQ(send(kPeer, std::string(1460, 'x')), Sent::kSent);
  EXPECT_EQ(send(kPeer, std::string(1461, 'x')), Sent::kDropped);
  EXPECT_EQ(count(Count::drop_ip_too_big), 1u);
}

// ---- Routes and addresses ----

TEST_F(NetworkTest, RoutesByLongestPrefixAndThenTheGateway) {
  EXPECT_EQ(*network_->source_for(kPeer), kOurs);
  EXPECT_EQ(*network_->source_for(IpAddress::v4(192, 168, 5, 1)), IpAddress::v4(192, 168, 5, 2));
  EXPECT_EQ(network_->mtu_towards(kPeer), 1500);
  EXPECT_EQ(network_->mtu_towards(IpAddress::v4(192, 168, 5, 1)), 576);
  EXPECT_FALSE(network_->source_for(IpAddress::v4(8, 8, 8, 8)));
  EXPECT_EQ(network_->mtu_towards(IpAddress::v4(8, 8, 8, 8)), 576) << "no route";

  EXPECT_EQ(network_->add_address({1}, {IpAddress::v4(10, 77, 0, 130), 25}), Error::kOk);
  EXPECT_EQ(network_->mtu_towards(IpAddress::v4(10, 77, 0, 200)), 576) << "the longer prefix";
  EXPECT_EQ(network_->mtu_towards(IpAddress::v4(10, 77, 0, 100)), 1500);

  EXPECT_EQ(network_->set_gateway(kPeer), Error::kOk);
  EXPECT_EQ(*network_->source_for(IpAddress::v4(8, 8, 8, 8)), kOurs);
  EXPECT_EQ(send(IpAddress::v4(8, 8, 8, 8)), Sent::kSent);
  const auto request = sent_arp();
  ASSERT_TRUE(request);
  EXPECT_EQ(request->target, kPeer) << "the gateway is asked for";
  EXPECT_TRUE(network_->neighbour_missing(IpAddress::v4(8, 8, 8, 8)));
  arp_reply();
  const auto packet = sent_ip();
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->destination, IpAddress::v4(8, 8, 8, 8));
}

TEST_F(NetworkTest, ResolvesOnTheInterfaceOfTheRoute) {
  EXPECT_EQ(send(IpAddress::v4(192, 168, 5, 1)), Sent::kSent);
  EXPECT_TRUE(nothing_sent());
  const auto request = sent_arp(second_link_);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->sender, IpAddress::v4(192, 168, 5, 2));
}

TEST_F(NetworkTest, RefusesInvalidInterfacesAddressesAndGateways) {
  EXPECT_EQ(network_->add_interface(link_, MacAddress::broadcast(), 1500).error(),
            Error::kInvalidArgument);
  EXPECT_EQ(network_->add_interface(link_, MacAddress(), 1500).error(), Error::kInvalidArgument);
  EXPECT_EQ(network_->add_interface(link_, kOtherMac, 575).error(), Error::kInvalidArgument);
  EXPECT_TRUE(network_->add_interface(link_, kOtherMac, 65535));
  EXPECT_EQ(network_->add_interface(link_, kOtherMac, 1500).error(), Error::kTableFull);

  EXPECT_EQ(network_->add_address({3}, {IpAddress::v4(10, 1, 1, 1), 24}), Error::kInvalidArgument);
  EXPECT_EQ(network_->add_address({0}, {IpAddress::v4(10, 1, 1, 1), 33}), Error::kInvalidArgument);
  EXPECT_EQ(network_->add_address({0}, {IpAddress::v4(10, 1, 1, 255), 24}),
            Error::kInvalidArgument);
  EXPECT_EQ(network_->add_address({0}, {IpAddress::v4(0), 24}), Error::kInvalidArgument);
  EXPECT_EQ(network_->add_address({0}, {IpAddress::v4(224, 0, 0, 1), 24}), Error::kInvalidArgument);
  EXPECT_EQ(network_->add_address({0}, {IpAddress({0xfe800000, 0, 0, 1}), 64}),
            Error::kInvalidArgument);
  EXPECT_EQ(network_->add_address({1}, {kOurs, 24}), Error::kAddressInUse);

  EXPECT_EQ(network_->set_gateway(IpAddress::v4(8, 8, 8, 8)), Error::kNoRoute);
  EXPECT_EQ(network_->set_gateway(kOurs), Error::kInvalidArgument);
  EXPECT_EQ(network_->set_gateway(IpAddress::v4(10, 77, 0, 255)), Error::kInvalidArgument);
}

TEST_F(NetworkTest, HoldsSeveralAddressesUpToItsCapacity) {
  for (std::uint8_t i = 3; i <= 8; ++i) {
    EXPECT_EQ(network_->add_address({0}, {IpAddress::v4(10, 77, 0, i), 24}), Error::kOk);
  }
  EXPECT_EQ(network_->add_address({0}, {IpAddress::v4(10, 77, 0, 9), 24}), Error::kTableFull);
  ASSERT_EQ(network_->address_count(), capacities_.addresses);
  for (std::uint32_t i = 0; i < network_->address_count(); ++i)
    EXPECT_TRUE(network_->is_local(network_->address(i)));
  EXPECT_EQ(network_->address(0), kOurs);
  EXPECT_EQ(network_->address(7), IpAddress::v4(10, 77, 0, 8));
  EXPECT_FALSE(network_->is_local(IpAddress::v4(10, 77, 0, 9)));
  EXPECT_FALSE(network_->is_local(IpAddress()));
  EXPECT_EQ(*network_->source_for(kPeer), kOurs) << "the first of them";
}

class ManyAddressesTest : public NetworkTest {
 protected:
  static Capacities many() {
    Capacities capacities = small();
    capacities.addresses = 256;
    return capacities;
  }
  ManyAddressesTest() : NetworkTest(many()) {}
};

TEST_F(ManyAddressesTest, EachIsLocal) {
  for (std::uint32_t i = 0; i < 254; ++i) {
    ASSERT_EQ(network_->add_address({0}, {IpAddress::v4(0x0a800000u + i * 7 + 1), 32}), Error::kOk);
  }
  for (std::uint32_t bits = 0x0a800000; bits < 0x0a800000 + 254 * 7 + 20; ++bits) {
    const std::uint32_t offset = bits - 0x0a800000;
    ASSERT_EQ(network_->is_local(IpAddress::v4(bits)), offset % 7 == 1 && offset < 254 * 7);
  }
  EXPECT_FALSE(network_->source_for(IpAddress::v4(0x0a800000))) << "an address alone leads nowhere";
}

}  // namespace
}  // namespace conker
