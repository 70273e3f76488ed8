// Malformed and malicious IPv4, ICMP, ARP and Ethernet that has broken other stacks: one test for
// each known fault, which is quoted above it.
#include "tests/unit/fragments_fixture.hpp"
#include "tests/unit/script.hpp"

namespace conker {
namespace {

using namespace test;
using Disposition = Disposition;

class HazardsIpv4Test : public FragmentsTest {
 protected:
  void raw(std::string_view header) { input(ethernet(kEtherTypeIpv4, hex(header))); }
  /// Checks that no packet was delivered and none was sent.
  void expect_harmless(Count counter, std::uint64_t times) {
    EXPECT_EQ(count(counter), times);
    EXPECT_EQ(count(Count::packets_delivered), 0u);
    EXPECT_TRUE(nothing_sent());
  }
};

// "IPv4: IHL < 5"
TEST_F(HazardsIpv4Test, IhlBelowFive) {
  for (const char* first : {"40", "41", "42", "43", "44"}) {
    raw(std::string(first) + " 00 0018 0000 4000 40 06 0000 0a4d0001 0a4d0002 00000000");
  }
  expect_harmless(Count::drop_ip_malformed, 5);
}

// "total length against the frame"
TEST_F(HazardsIpv4Test, TotalLengthAgainstTheFrame) {
  for (const char* length : {"0000", "0013", "0019", "ffff"}) {
    raw("45 00 " + std::string(length) + " 0000 4000 40 06 0000 0a4d0001 0a4d0002 00000000");
  }
  expect_harmless(Count::drop_ip_malformed, 4);
  auto padded = ethernet(kEtherTypeIpv4, ip(from_peer(), bytes_of("x")));
  padded.resize(60);
  ASSERT_EQ(input(padded), Disposition::kTcp);
  EXPECT_EQ(packet_.payload.size(), 1u) << "what stands behind it is not part of it";
}

// "options parse (source routes refused)"
TEST_F(HazardsIpv4Test, OptionsParse) {
  const auto with = [&](std::string_view options) {
    return input(ethernet(kEtherTypeIpv4, ip_with_options(from_peer(), options, {})));
  };
  EXPECT_EQ(with("94040000"), Disposition::kTcp) << "router alert, skipped";
  EXPECT_EQ(with("01010100"), Disposition::kTcp) << "padding";
  EXPECT_EQ(with("8307040a 4d000300"), Disposition::kNothing) << "loose source route";
  EXPECT_EQ(with("8907040a 4d000300"), Disposition::kNothing) << "strict source route";
  EXPECT_TRUE(nothing_sent()) << "refused without a word";
  for (const char* bad : {"94000000", "94010000", "94050000", "01010194"})
    EXPECT_EQ(with(bad), Disposition::kNothing);
  EXPECT_EQ(count(Count::drop_ip_options), 6u);
}

// "fragments that overlap"
TEST_F(HazardsIpv4Test, FragmentsThatOverlap) {
  const auto evil = std::vector<std::byte>(24, std::byte{0x5e});
  std::uint16_t id = 0;
  for (const std::size_t at : {0u, 16u, 24u, 32u, 40u}) {
    ++id;
    fragment(0, 24, true, id);
    fragment(32, 16, true, id);
    fragment(at, evil, true, id);
    EXPECT_EQ(network_->chunks_held(), 0u) << at << ": all of the packet goes";
    fragment(24, 8, true, id);
    fragment(48, 8, false, id);
  }
  expect_harmless(Count::drop_fragment_overlap, 5u * 5);
  // A part of a new fragment that repeats equal bytes is an overlap as well: no router fragments
  // so.
  fragment(0, 32, true, 9);
  fragment(24, 16, false, 9);
  EXPECT_EQ(count(Count::drop_fragment_overlap), 5u * 5 + 2);
}

// "[fragments that] repeat"
TEST_F(HazardsIpv4Test, FragmentsThatRepeat) {
  fragment(0, 504, true);
  fragment(0, 504, true);
  fragment(504, 504, true);
  fragment(504, 504, true);
  fragment(0, 504, true);
  ASSERT_EQ(fragment(1008, 8, false), Disposition::kTcp);
  EXPECT_TRUE(delivered(1016));
  EXPECT_EQ(count(Count::drop_fragment_repeated), 3u);
}

// "[fragments that] exceed 64 KiB"
TEST_F(HazardsIpv4Test, FragmentsThatExceed64KiB) {
  fragment(0, 504, true);
  fragment(65528, 8, false);
  EXPECT_EQ(network_->chunks_held(), 0u);
  fragment(65512, 8, true, 2);
  fragment(65528, 400, true, 3);
  expect_harmless(Count::drop_fragment_malformed, 4);
}

// "[fragments that] never complete"
TEST_F(HazardsIpv4Test, FragmentsThatNeverComplete) {
  for (int round = 0; round < 1000; ++round) {
    fragment(8 * (1 + static_cast<std::size_t>(round) % 100), 8, true,
             static_cast<std::uint16_t>(round));
    ASSERT_LE(network_->chunks_held(), kDatagrams);
    run_for(20ms);
  }
  fragment(0, 504, true, 5000);
  EXPECT_EQ(fragment(504, 8, false, 5000), Disposition::kTcp) << "others get through meanwhile";
  run_for(60s);
  EXPECT_EQ(network_->chunks_held(), 0u);
}

// "first fragment too short for the TCP header"
TEST_F(HazardsIpv4Test, FirstFragmentTooShortForTheTcpHeader) {
  fragment(0, 8, true, 1);
  fragment(0, 16, true, 2);
  auto options = bytes_at(0, 24);
  options[12] = std::byte{0x70};
  fragment(0, options, true, 3);
  fragment(8, 16, true, 4);
  fragment(0, std::vector<std::byte>(0), true, 5);
  expect_harmless(Count::drop_fragment_malformed, 5);
  EXPECT_EQ(network_->chunks_held(), 0u);
}

// "IP in IP"
TEST_F(HazardsIpv4Test, IpInIp) {
  const auto inner = ip(from_peer(), bytes_of("a segment"));
  EXPECT_EQ(input(ethernet(kEtherTypeIpv4, ip(from_peer(4), inner))), Disposition::kNothing);
  EXPECT_EQ(count(Count::drop_ip_protocol), 1u);
  EXPECT_EQ(count(Count::packets_delivered), 0u) << "what is inside is not looked at";
}

// "TTL 0"
TEST_F(HazardsIpv4Test, TtlZero) {
  auto packet = from_peer();
  packet.ttl = 0;
  input(ethernet(kEtherTypeIpv4, ip(packet, bytes_of("x"))));
  expect_harmless(Count::drop_ip_ttl, 1);
  packet.ttl = 1;
  EXPECT_EQ(input(ethernet(kEtherTypeIpv4, ip(packet, bytes_of("x")))), Disposition::kTcp)
      << "RFC 1122, 3.2.1.7";
}

// "our own address as source"
TEST_F(HazardsIpv4Test, TheHostsOwnAddressAsSource) {
  for (const auto from : {kOurs, IpAddress::v4(192, 168, 5, 2)}) {
    auto packet = from_peer();
    packet.source = from;
    input(ethernet(kEtherTypeIpv4, ip(packet, bytes_of("x"))));
  }
  expect_harmless(Count::drop_ip_source, 2);
}

// "broadcast as source"; and the other martians (RFC 1812, 5.3.7; RFC 6890)
TEST_F(HazardsIpv4Test, BroadcastAsSource) {
  for (const auto from :
       {IpAddress::v4(0xffffffff), IpAddress::v4(10, 77, 0, 255), IpAddress::v4(192, 168, 5, 15),
        IpAddress::v4(0), IpAddress::v4(0, 1, 2, 3), IpAddress::v4(127, 0, 0, 1),
        IpAddress::v4(224, 0, 0, 1), IpAddress::v4(239, 255, 255, 255), IpAddress::v4(240, 0, 0, 1),
        IpAddress::v4(255, 255, 255, 254)}) {
    auto packet = from_peer();
    packet.source = from;
    input(ethernet(kEtherTypeIpv4, ip(packet, bytes_of("x"))));
  }
  expect_harmless(Count::drop_ip_source, 10);
}

// ---- ICMP ----

class HazardsIcmpTest : public NetworkTest {
 protected:
  Disposition error(std::uint8_t type, std::uint8_t code, std::uint16_t lower,
                    std::span<const std::byte> quoted) {
    return input(ethernet(kEtherTypeIpv4,
                          ip(from_peer(kProtocolIcmp), icmp({type, code, 0, lower, quoted}))));
  }
  static std::vector<std::byte> ours() {
    Ipv4Packet packet;
    packet.source = kOurs;
    packet.destination = kPeer;
    packet.protocol = kProtocolTcp;
    return ip(packet, hex("1f90 0050 89abcdef"));
  }
};

// "ICMP: embedded header cut short"
TEST_F(HazardsIcmpTest, EmbeddedHeaderCutShort) {
  const auto quoted = ours();
  for (std::size_t n = 0; n < quoted.size(); ++n) {
    for (const std::uint8_t type : std::initializer_list<std::uint8_t>{3, 11, 12}) {
      ASSERT_EQ(error(type, 4, 1400, std::span(quoted).first(n)), Disposition::kNothing) << n;
    }
  }
  auto long_header = quoted;
  long_header[0] = std::byte{0x4f};
  EXPECT_EQ(error(3, 3, 0, long_header), Disposition::kNothing)
      << "its own header length reaches past its end";
  EXPECT_EQ(count(Count::drop_icmp_malformed), 3 * quoted.size() + 1);
}

// "unreachable / fragmentation-needed for a segment we never sent"
TEST(HazardsIcmpTcpTest, UnreachableForASegmentNeverSent) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn());
  const Flow& flow = s.flow();
  WireSegment forged;
  forged.source = kStackAddress;
  forged.destination = kPeerAddress;
  forged.source_port = flow.local_port;
  forged.destination_port = flow.peer_port;
  for (const std::uint8_t code : std::initializer_list<std::uint8_t>{2, 3, 4}) {
    for (const std::uint32_t away : {0x10000u, 0x80000000u, 0xffff0000u, 1u}) {
      forged.seq = *flow.iss + away;
      s.inject_frames(
          {encode_unreachable(encode(forged, kStackMac, kPeerMac), code, kPeerAddress)});
    }
    forged.seq = *flow.iss;
    forged.source_port = static_cast<std::uint16_t>(flow.local_port + 1);
    s.inject_frames({encode_unreachable(encode(forged, kStackMac, kPeerMac), code, kPeerAddress)});
    forged.source_port = flow.local_port;
  }
  s.expect_state(id, State::kSynSent);
  EXPECT_EQ(s.count(Count::icmp_unreachable_in), 15u);
  EXPECT_EQ(s.count(Count::icmp_unreachable_accepted), 0u);
  EXPECT_EQ(s.abort(id), Error::kOk);
}

// "MTU below 68"
TEST_F(HazardsIcmpTest, MtuBelow68) {
  for (const std::uint16_t mtu : std::initializer_list<std::uint16_t>{1, 20, 40, 67})
    EXPECT_EQ(error(3, 4, mtu, ours()), Disposition::kNothing) << mtu;
  EXPECT_EQ(count(Count::drop_icmp_mtu), 4u);
  EXPECT_EQ(error(3, 4, 68, ours()), Disposition::kIcmpError);
}

// "redirects"
TEST_F(HazardsIcmpTest, Redirects) {
  ASSERT_EQ(network_->set_gateway(kPeer), Error::kOk);
  Ipv4Packet packet;
  packet.source = kOurs;
  packet.destination = IpAddress::v4(8, 8, 8, 8);
  packet.protocol = kProtocolTcp;
  for (const std::uint8_t code : std::initializer_list<std::uint8_t>{0, 1, 2, 3}) {
    auto message = icmp({5, code, 0x0a4d, 0x0009, ip(packet, hex("1f90 0050 89abcdef"))});
    EXPECT_EQ(input(ethernet(kEtherTypeIpv4, ip(from_peer(kProtocolIcmp), message))),
              Disposition::kNothing);
  }
  EXPECT_EQ(count(Count::drop_icmp_redirect), 4u);
  EXPECT_EQ(send(packet.destination), Sent::kSent);
  const auto request = sent_arp();
  ASSERT_TRUE(request);
  EXPECT_EQ(request->target, kPeer) << "the gateway is still the one that was configured";
}

// ---- ARP and Ethernet ----

class HazardsArpTest : public NetworkTest {
 protected:
  static IpAddress host(int number) {
    return IpAddress::v4(10, 77, 0, static_cast<std::uint8_t>(number));
  }
};

// "ARP / Ethernet: runts"
TEST_F(HazardsArpTest, Runts) {
  const auto whole = ethernet(
      kEtherTypeArp, hex("0001 0800 06 04 0001 020000000001 0a4d0001 000000000000 0a4d0002"));
  for (std::size_t n = 0; n < whole.size(); ++n) input(std::span(whole).first(n));
  EXPECT_EQ(count(Count::drop_frame_runt), kEthernetHeader);
  EXPECT_EQ(count(Count::drop_arp_malformed), whole.size() - kEthernetHeader);
  EXPECT_TRUE(nothing_sent());
  input(whole);
  EXPECT_FALSE(nothing_sent());
}

// "hlen / plen mismatch"
TEST_F(HazardsArpTest, HlenPlenMismatch) {
  for (const char* lengths : {"08 04", "06 06", "00 00", "ff ff", "04 06"}) {
    input(ethernet(kEtherTypeArp, hex("0001 0800 " + std::string(lengths) +
                                      " 0001 020000000001 0a4d0001 000000000000 0a4d0002")));
  }
  for (const char* types : {"0006 0800", "0001 86dd"}) {
    input(ethernet(kEtherTypeArp, hex(std::string(types) +
                                      " 06 04 0001 020000000001 0a4d0001 000000000000 0a4d0002")));
  }
  EXPECT_EQ(count(Count::drop_arp_malformed), 7u);
  EXPECT_TRUE(nothing_sent());
}

// "gratuitous overwrite of a known neighbour"
TEST_F(HazardsArpTest, GratuitousOverwriteOfAKnownNeighbour) {
  know();
  arp({ArpPacket::Operation::kRequest, kOtherMac, kPeer, {}, kPeer}, MacAddress::broadcast());
  arp({ArpPacket::Operation::kReply, kOtherMac, kPeer, MacAddress::broadcast(), kPeer},
      MacAddress::broadcast());
  arp_reply(kPeer, kOtherMac);
  arp_request(kPeer, kOtherMac);
  forget_sent();
  EXPECT_EQ(send(kPeer, "x"), Sent::kSent);
  EXPECT_EQ(sent_text(), "x");
  EXPECT_EQ(to_, kPeerMac);
}

// "cache exhaustion"
TEST_F(HazardsArpTest, CacheExhaustion) {
  know();
  for (int round = 0; round < 1000; ++round) {
    const auto who = host(10 + round % 200);
    if (round % 2 == 0) {
      arp_request(who, {{2, 0, 0, 0, 7, static_cast<std::uint8_t>(round)}});
    } else {
      (void)send(who);
    }
    EXPECT_EQ(send(kPeer, "kept alive"), Sent::kSent);
    ASSERT_LE(network_->chunks_held(), kNeighbours);
  }
  forget_sent();
  EXPECT_EQ(send(kPeer, "x"), Sent::kSent);
  EXPECT_EQ(sent_text(), "x") << "who is spoken to is not pushed out";
  EXPECT_GT(count(Count::neighbours_evicted), 900u);
}

// "a conflict over our own address"
TEST_F(HazardsArpTest, AConflictOverTheHostsOwnAddress) {
  for (int i = 0; i < 1000; ++i)
    arp({ArpPacket::Operation::kRequest, kOtherMac, kOurs, {}, kOurs}, MacAddress::broadcast());
  const auto defence = sent_arp();
  ASSERT_TRUE(defence);
  EXPECT_EQ(defence->sender, kOurs);
  EXPECT_EQ(defence->sender_mac, kOurMac);
  EXPECT_TRUE(nothing_sent()) << "one in ten seconds";
  EXPECT_EQ(count(Count::arp_conflicts), 1000u);
  EXPECT_TRUE(network_->is_local(kOurs));
  AddressEvent event;
  EXPECT_TRUE(network_->next_address_event(event));
  EXPECT_FALSE(network_->next_address_event(event));
}

}  // namespace
}  // namespace conker
