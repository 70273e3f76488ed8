#include "stack/ip4/icmp.hpp"
#include "tests/unit/net_fixture.hpp"

namespace conker {
namespace {

using namespace test;
using Disposition = Disposition;

class IcmpTest : public NetworkTest {
 protected:
  Disposition input_icmp(std::span<const std::byte> message) {
    return input(ethernet(kEtherTypeIpv4, ip(from_peer(kProtocolIcmp), message)));
  }
  Disposition input_reply(std::uint16_t sequence, std::span<const std::byte> payload = {}) {
    return input_icmp(icmp({Icmp4Message::kEchoReply, 0, 7, sequence, payload}));
  }
  /// Delivers a destination unreachable about this packet of the host, as far as it is quoted.
  Disposition input_unreachable(const Ipv4Packet& about,
                                std::string_view quoted = "1f90 0050 89abcdef") {
    return input_icmp(icmp({Icmp4Message::kUnreachable, 3, 0, 0, ip(about, hex(quoted))}));
  }
  static Ipv4Packet to_peer() {
    Ipv4Packet packet;
    packet.source = kOurs;
    packet.destination = kPeer;
    packet.protocol = kProtocolTcp;
    return packet;
  }
};

// ---- Echo ----

TEST_F(IcmpTest, AnswersEchoRequests) {
  know();
  const auto payload = bytes_of("sixteen is what may come with a ping");
  EXPECT_EQ(input_icmp(icmp({Icmp4Message::kEchoRequest, 0, 0x1234, 5, payload})),
            Disposition::kNothing);
  network_->flush();
  const auto packet = sent_ip();
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->source, kOurs);
  EXPECT_EQ(packet->destination, kPeer);
  EXPECT_TRUE(verify_icmp4_checksum(packet->payload));
  const auto message = parse_icmp4(packet->payload);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->type, Icmp4Message::kEchoReply);
  EXPECT_EQ(message->upper, 0x1234);
  EXPECT_EQ(message->lower, 5);
  EXPECT_EQ(to_hex(message->payload), to_hex(payload));
  EXPECT_EQ(count(Count::icmp_echo_requests_in), 1u);
}

TEST_F(IcmpTest, RepliesFromTheAddressOfTheRequest) {
  know();
  ASSERT_EQ(network_->add_address({0}, {IpAddress::v4(10, 77, 0, 40), 24}), Error::kOk);
  auto packet = from_peer(kProtocolIcmp);
  packet.destination = IpAddress::v4(10, 77, 0, 40);
  input(ethernet(kEtherTypeIpv4, ip(packet, icmp({Icmp4Message::kEchoRequest, 0, 1, 1, {}}))));
  network_->flush();
  const auto reply = sent_ip();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->source, IpAddress::v4(10, 77, 0, 40));
}

TEST_F(IcmpTest, ARequestIsAnsweredAfterArp) {
  EXPECT_EQ(input_icmp(icmp({Icmp4Message::kEchoRequest, 0, 1, 1, bytes_of("kept")})),
            Disposition::kNothing);
  ASSERT_TRUE(sent_arp());
  arp_reply();
  const auto packet = sent_ip();
  ASSERT_TRUE(packet);
  EXPECT_EQ(to_hex(parse_icmp4(packet->payload)->payload), to_hex(bytes_of("kept")));
}

TEST_F(IcmpTest, BroadcastEchoRequestsAreNotAnswered) {
  know();
  auto packet = from_peer(kProtocolIcmp);
  packet.destination = IpAddress::v4(10, 77, 0, 255);
  input(ethernet(kEtherTypeIpv4, ip(packet, icmp({Icmp4Message::kEchoRequest, 0, 1, 1, {}})),
                 MacAddress::broadcast()));
  EXPECT_TRUE(nothing_sent());
}

TEST_F(IcmpTest, DropsCorruptTruncatedAndUnknownMessages) {
  auto corrupt = icmp({Icmp4Message::kEchoRequest, 0, 1, 1, {}});
  corrupt[7] ^= std::byte{1};
  input_icmp(corrupt);
  EXPECT_EQ(count(Count::drop_icmp_checksum), 1u);
  input_icmp(hex("08 00 f7ff 0000"));
  EXPECT_EQ(count(Count::drop_icmp_malformed), 1u);
  for (const int type : {4, 9, 13, 17, 255})
    input_icmp(icmp({static_cast<std::uint8_t>(type), 0, 0, 0, {}}));
  EXPECT_EQ(count(Count::drop_icmp_type), 5u) << "source quench and the like";
  EXPECT_TRUE(nothing_sent());
}

TEST_F(IcmpTest, SendsARequestAndDeliversTheReply) {
  know();
  auto payload = bytes_of("12345678 and more");
  EXPECT_EQ(network_->ping(kPeer, 7, 1, payload), Error::kOk);
  std::ranges::fill(payload, std::byte{0});  // the payload was valid only during the call
  const auto packet = sent_ip();
  ASSERT_TRUE(packet);
  EXPECT_TRUE(verify_icmp4_checksum(packet->payload));
  const auto message = parse_icmp4(packet->payload);
  EXPECT_EQ(message->type, Icmp4Message::kEchoRequest);
  EXPECT_EQ(to_hex(message->payload), to_hex(bytes_of("12345678 and more")));

  EchoReply reply;
  EXPECT_FALSE(network_->next_echo_reply(reply));
  advance(3ms);
  EXPECT_EQ(input_reply(1, bytes_of("12345678 and more")), Disposition::kNothing);
  ASSERT_TRUE(network_->next_echo_reply(reply));
  EXPECT_EQ(reply.from, kPeer);
  EXPECT_EQ(reply.identifier, 7);
  EXPECT_EQ(reply.sequence, 1);
  EXPECT_EQ(reply.ttl, 64);
  EXPECT_EQ(reply.payload_length, 17);
  EXPECT_EQ(reply.received, now_);
  EXPECT_EQ(to_hex(reply.head), to_hex(bytes_of("12345678")));
  EXPECT_FALSE(network_->next_echo_reply(reply));
  EXPECT_EQ(count(Count::icmp_echo_requests_out), 1u);
}

TEST_F(IcmpTest, AcceptsShortReplies) {
  input_reply(1, bytes_of("abc"));
  EchoReply reply;
  ASSERT_TRUE(network_->next_echo_reply(reply));
  EXPECT_EQ(to_hex(reply.head), "61 62 63 00 00 00 00 00");
}

TEST_F(IcmpTest, DropsTheOldestReplyNotFetched) {
  for (std::uint16_t i = 0; i < capacities_.echo_replies + 3; ++i) input_reply(i);
  EXPECT_EQ(count(Count::drop_echo_reply_queue), 3u);
  EchoReply reply;
  for (std::uint16_t i = 3; i < capacities_.echo_replies + 3; ++i) {
    ASSERT_TRUE(network_->next_echo_reply(reply));
    EXPECT_EQ(reply.sequence, i);
  }
  EXPECT_FALSE(network_->next_echo_reply(reply));
}

TEST_F(IcmpTest, RefusesInvalidRequests) {
  EXPECT_EQ(network_->ping(IpAddress::v4(8, 8, 8, 8), 1, 1, {}), Error::kNoRoute);
  EXPECT_EQ(network_->ping(kOurs, 1, 1, {}), Error::kNoRoute);
  EXPECT_EQ(network_->ping(kPeer, 1, 1, std::vector<std::byte>(65508)), Error::kInvalidArgument);
  EXPECT_TRUE(nothing_sent());
}

// ---- Destination unreachable ----

TEST_F(IcmpTest, UnreachableReachesTcpWithTheQuotedSegment) {
  ASSERT_EQ(input_unreachable(to_peer()), Disposition::kIcmpError);
  EXPECT_EQ(error_.error.code, 3);
  EXPECT_EQ(error_.tuple, (FourTuple{kOurs, kPeer, Port{8080}, Port{80}}));
  EXPECT_EQ(error_.sequence, Seq(0x89abcdef));
  EXPECT_EQ(count(Count::icmp_unreachable_in), 1u);
}

TEST_F(IcmpTest, AcceptsAQuotationCutBehindTheSequenceNumber) {
  auto quoted = ip(to_peer(), std::vector<std::byte>(1400));
  quoted.resize(kIpv4HeaderMin + 8);
  EXPECT_EQ(input_icmp(icmp({Icmp4Message::kUnreachable, 1, 0, 0, quoted})),
            Disposition::kIcmpError);
}

TEST_F(IcmpTest, DropsQuotationsCutShort) {
  const auto quoted = ip(to_peer(), hex("1f90 0050 89abcdef"));
  for (std::size_t n = 0; n < quoted.size(); ++n) {
    const auto part = std::span(quoted).first(n);
    ASSERT_EQ(input_icmp(icmp({Icmp4Message::kUnreachable, 1, 0, 0, part})), Disposition::kNothing)
        << n;
  }
  EXPECT_EQ(count(Count::drop_icmp_malformed), quoted.size());
}

TEST_F(IcmpTest, IgnoresQuotationsOfPacketsNotSentByThisHost) {
  auto foreign = to_peer();
  foreign.source = IpAddress::v4(10, 77, 0, 33);
  EXPECT_EQ(input_unreachable(foreign), Disposition::kNothing);
  auto other = to_peer();
  other.protocol = 4;
  EXPECT_EQ(input_unreachable(other), Disposition::kNothing);
  auto fragment = to_peer();
  fragment.fragment_offset = 5;
  EXPECT_EQ(input_unreachable(fragment), Disposition::kNothing);
  EXPECT_EQ(count(Count::drop_icmp_type), 3u);
  EXPECT_EQ(count(Count::icmp_unreachable_in), 0u);
}

}  // namespace
}  // namespace conker
