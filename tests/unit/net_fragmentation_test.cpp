// Sent packets: fragments (RFC 791, 3.2), identification (RFC 7739; RFC 6864), TTL and DSCP.
#include <algorithm>
#include <set>

#include "tests/unit/net_fixture.hpp"

namespace conker {
namespace {

using namespace test;

class FragmentationTest : public NetworkTest {
 protected:
  FragmentationTest() { know(); }

  static std::vector<std::byte> numbered(std::size_t count) {
    std::vector<std::byte> bytes(count);
    for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>(i * 7 + i / 256);
    return bytes;
  }
  /// The next packet sent, with a copy of its payload.
  std::optional<Ipv4Packet> next() {
    auto packet = sent_ip();
    if (packet) payload_.assign(packet->payload.begin(), packet->payload.end());
    return packet;
  }

  std::vector<std::byte> payload_;
};

TEST_F(FragmentationTest, FragmentsAreMultiplesOfEightBytes) {
  const auto data = numbered(4000);
  ASSERT_EQ(network_->ping(kPeer, 7, 1, data), Error::kOk);
  std::vector<std::byte> whole;
  std::optional<std::uint16_t> identification;
  for (int i = 0; i < 3; ++i) {
    const auto packet = next();
    ASSERT_TRUE(packet) << i;
    EXPECT_EQ(packet->fragment_offset * 8u, whole.size());
    EXPECT_EQ(packet->more_fragments, i < 2);
    EXPECT_FALSE(packet->dont_fragment);
    EXPECT_EQ(payload_.size(), i < 2 ? 1480u : 4008u - 2 * 1480u);
    EXPECT_EQ(identification.value_or(packet->identification), packet->identification);
    identification = packet->identification;
    whole.insert(whole.end(), payload_.begin(), payload_.end());
  }
  EXPECT_TRUE(nothing_sent());
  EXPECT_TRUE(verify_icmp4_checksum(whole));
  EXPECT_TRUE(std::ranges::equal(parse_icmp4(whole)->payload, data));
  EXPECT_EQ(count(Count::fragments_out), 3u);
}

TEST_F(FragmentationTest, TheLargestPing) {
  ASSERT_EQ(network_->ping(kPeer, 7, 1, numbered(Icmp4::kPingPayload)), Error::kOk);
  std::size_t bytes = 0;
  while (next()) bytes += payload_.size();
  EXPECT_EQ(bytes, 65535u - 20);
}

TEST_F(FragmentationTest, APacketWithDfIsDropped) {
  EXPECT_EQ(send(kPeer, std::string(1461, 'x')), Sent::kDropped);
  EXPECT_EQ(count(Count::drop_ip_too_big), 1u);
  EXPECT_TRUE(nothing_sent());
}

TEST_F(FragmentationTest, FragmentsWaitForTheNeighbourTogether) {
  ASSERT_EQ(network_->ping(IpAddress::v4(10, 77, 0, 77), 7, 1, numbered(4000)), Error::kOk);
  ASSERT_TRUE(sent_arp());
  arp_reply(IpAddress::v4(10, 77, 0, 77), kOtherMac);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(next()) << i;
  EXPECT_EQ(chunks_.taken(), chunks_.returned());
}

TEST_F(FragmentationTest, ABusyLinkIsRetriedOnlyBeforeTheFirstFragment) {
  link_.busy = true;
  ASSERT_EQ(network_->ping(kPeer, 7, 1, numbered(4000)), Error::kOk);
  EXPECT_EQ(count(Count::drop_ip_fragments_lost), 0u);
  link_.busy = false;
  link_.room = 1;
  ASSERT_EQ(network_->ping(kPeer, 7, 2, numbered(4000)), Error::kOk);
  EXPECT_EQ(count(Count::drop_ip_fragments_lost), 1u);
  EXPECT_EQ(count(Count::fragments_out), 1u);
}

TEST_F(FragmentationTest, EchoRepliesAreFragmented) {
  const auto data = numbered(1473);
  EXPECT_EQ(input(ethernet(kEtherTypeIpv4, ip(from_peer(kProtocolIcmp), icmp({8, 0, 7, 1, data})))),
            Disposition::kNothing)
      << "the host had coalesced it";
  network_->flush();
  std::vector<std::byte> whole;
  while (next()) whole.insert(whole.end(), payload_.begin(), payload_.end());
  ASSERT_TRUE(parse_icmp4(whole));
  EXPECT_TRUE(verify_icmp4_checksum(whole));
  EXPECT_TRUE(std::ranges::equal(parse_icmp4(whole)->payload, data));
}

// RFC 7739, 3: an identification does not reveal the next one.
TEST_F(FragmentationTest, IdentificationsAreUnpredictable) {
  std::set<std::uint16_t> values, steps;
  std::uint16_t last = 0;
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(send(kPeer), Sent::kSent);
    const auto packet = next();
    ASSERT_TRUE(packet);
    values.insert(packet->identification);
    steps.insert(static_cast<std::uint16_t>(packet->identification - last));
    last = packet->identification;
  }
  EXPECT_GT(values.size(), 190u);
  EXPECT_GT(steps.size(), 190u) << "no constant step either";
  EXPECT_GT(*values.rbegin() - *values.begin(), 50000) << "from all of the range";
}

TEST_F(FragmentationTest, TtlAndDscpOfThePacketOrOfTheSettings) {
  PacketOut packet;
  packet.source = kOurs;
  packet.destination = kPeer;
  packet.protocol = kProtocolTcp;
  ASSERT_EQ(network_->send(packet), Sent::kSent);
  auto seen = next();
  EXPECT_EQ(seen->ttl, 64);
  EXPECT_EQ(seen->traffic_class, 0);
  packet.ttl = 3;
  packet.dscp = 46;
  packet.ecn = 2;
  ASSERT_EQ(network_->send(packet), Sent::kSent);
  seen = next();
  EXPECT_EQ(seen->ttl, 3);
  EXPECT_EQ(seen->traffic_class, 46 << 2 | 2);
}

class MarkedTest : public NetworkTest {
 protected:
  static Settings marked() {
    Settings settings;
    settings.ttl = 17;
    settings.dscp = 8;
    return settings;
  }
  MarkedTest() : NetworkTest(small(), marked()) {}
};

TEST_F(MarkedTest, TtlAndDscpDefaultToTheSettings) {
  know();
  PacketOut packet;
  packet.source = kOurs;
  packet.destination = kPeer;
  packet.protocol = kProtocolTcp;
  packet.ecn = 1;
  ASSERT_EQ(network_->send(packet), Sent::kSent);
  auto seen = sent_ip();
  EXPECT_EQ(seen->ttl, 17);
  EXPECT_EQ(seen->traffic_class, 8 << 2 | 1);
  packet.dscp = 0;
  ASSERT_EQ(network_->send(packet), Sent::kSent);
  EXPECT_EQ(sent_ip()->traffic_class, 1) << "0 is a value too";
}

}  // namespace
}  // namespace conker
