// IPv6 packets (RFC 8200): extension headers, fragments, ICMPv6 (RFC 4443).
#include <numeric>

#include "tests/unit/ip6_fixture.hpp"

namespace conker::test {
namespace {

class Ip6PacketsTest : public Ip6Test {
 protected:
  Ip6PacketsTest() { know(); }

  static std::vector<std::byte> numbered(std::size_t n) {
    std::vector<std::byte> bytes(n);
    for (std::size_t i = 0; i < n; ++i) bytes[i] = static_cast<std::byte>(i * 7);
    return bytes;
  }
  /// A destination options header of 8 bytes with one option without data.
  static std::vector<std::byte> options(std::uint8_t next, std::uint8_t type) {
    return {std::byte{next}, std::byte{0}, std::byte{type}, std::byte{0},
            std::byte{1},    std::byte{2}, std::byte{0},    std::byte{0}};
  }
  std::vector<std::byte> echo_request(std::span<const std::byte> payload,
                                      const IpAddress& to = kOurs) {
    std::vector<std::byte> bytes(kIcmp6Header);
    emit_icmp6({Icmp6Message::kEchoRequest, 0, 0x00070009, payload}, kPeer, to, bytes);
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    return bytes;
  }
  Disposition fragment(std::span<const std::byte> whole, std::size_t offset, std::size_t length,
                       bool more, std::uint8_t next = kProtocolIcmp6, std::uint32_t id = 5) {
    std::vector<std::byte> payload(kIpv6FragmentHeaderLength);
    emit_ipv6_fragment(
        {.identification = id, .offset = static_cast<std::uint16_t>(offset / 8), .more = more},
        next, payload);
    const auto part = whole.subspan(offset, length);
    payload.insert(payload.end(), part.begin(), part.end());
    return input(from_peer(kIpv6FragmentHeader), payload);
  }
  /// The parameter problem sent, or nothing.
  std::optional<std::pair<int, std::uint32_t>> problem() {
    const auto message = sent_icmp();
    if (!message || message->type != Icmp6Message::kParameterProblem) return std::nullopt;
    return std::pair{int{message->code}, message->word};
  }
};

// ---- Echo ----

TEST_F(Ip6PacketsTest, AnEchoRequestIsAnswered) {
  const auto data = numbered(100);
  input_icmp(from_peer(0), {Icmp6Message::kEchoRequest, 0, 0x00070009, data});
  const auto reply = sent_icmp();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->type, Icmp6Message::kEchoReply);
  EXPECT_EQ(reply->identifier(), 7);
  EXPECT_EQ(reply->sequence(), 9);
  EXPECT_TRUE(std::ranges::equal(reply->payload, data));
  EXPECT_EQ(sent_->source, kOurs);
  EXPECT_EQ(sent_->destination, kPeer);
}

// RFC 4443, 4.2: the source of the answer is an address of the host.
TEST_F(Ip6PacketsTest, AnEchoRequestToAllNodesIsAnsweredFromAUnicastAddress) {
  Ipv6Packet ip = from_peer(kProtocolIcmp6);
  ip.destination = kAllNodes;
  input_icmp(ip, {Icmp6Message::kEchoRequest, 0, 1, {}}, MacAddress::of_group(kAllNodes));
  const auto reply = sent_icmp();
  ASSERT_TRUE(reply);
  EXPECT_EQ(sent_->source, kOurs);
}

TEST_F(Ip6PacketsTest, AWrongChecksumIsRefused) {
  auto bytes = echo_request({});
  bytes[4] ^= std::byte{1};
  input(from_peer(kProtocolIcmp6), bytes);
  EXPECT_TRUE(nothing_sent());
  EXPECT_EQ(count(Count::drop_icmp_checksum), 1u);
}

// ---- Extension headers ----

// RFC 8200, 4.2: the two highest bits of an option's type say what to do without knowing it.
TEST_F(Ip6PacketsTest, UnknownOptionsAreTreatedByTheirActionBits) {
  const auto with = [&](std::uint8_t type) {
    auto bytes = options(kProtocolIcmp6, type);
    const auto request = echo_request({});
    bytes.insert(bytes.end(), request.begin(), request.end());
    input(from_peer(kIpv6DestinationOptions), bytes);
  };
  with(0x1e);
  ASSERT_TRUE(sent_icmp()) << "00: skipped";
  with(0x5e);
  EXPECT_TRUE(nothing_sent()) << "01: discarded";
  with(0x9e);
  EXPECT_EQ(problem(), (std::pair{int{Ipv6Problem::kUnrecognizedOption}, 42u})) << "10: reported";
  with(0xde);
  EXPECT_EQ(problem(), (std::pair{int{Ipv6Problem::kUnrecognizedOption}, 42u})) << "11: likewise";
  EXPECT_EQ(count(Count::drop_ip_options), 3u);
}

// RFC 8200, 4.2: the action bits 11 stay silent for a group, 10 do not.
TEST_F(Ip6PacketsTest, AnUnknownOptionToAGroup) {
  const auto with = [&](std::uint8_t type) {
    Ipv6Packet ip = from_peer(kIpv6DestinationOptions);
    ip.destination = kAllNodes;
    input(ip, options(kIpv6NoNextHeader, type), MacAddress::of_group(kAllNodes));
  };
  with(0xde);
  EXPECT_TRUE(nothing_sent());
  with(0x9e);
  EXPECT_TRUE(problem());
}

// RFC 5095.
TEST_F(Ip6PacketsTest, RoutingHeaderZeroIsRefused) {
  std::vector<std::byte> bytes(24);
  bytes[0] = std::byte{kProtocolIcmp6};
  bytes[1] = std::byte{2};  // 24 bytes
  bytes[3] = std::byte{1};  // segments left
  const auto request = echo_request({});
  bytes.insert(bytes.end(), request.begin(), request.end());
  input(from_peer(kIpv6Routing), bytes);
  EXPECT_EQ(problem(), (std::pair{int{Ipv6Problem::kErroneousField}, 42u}));
}

// RFC 8200, 4: a next header that nobody knows.
TEST_F(Ip6PacketsTest, AnUnknownNextHeaderIsReported) {
  input(from_peer(200), numbered(8));
  EXPECT_EQ(problem(), (std::pair{int{Ipv6Problem::kUnrecognizedNextHeader}, 6u}));
  EXPECT_EQ(count(Count::drop_ip_protocol), 1u);
}

TEST_F(Ip6PacketsTest, NoNextHeaderIsDroppedInSilence) {
  input(from_peer(kIpv6NoNextHeader), {});
  EXPECT_TRUE(nothing_sent());
}

// ---- Fragments ----

TEST_F(Ip6PacketsTest, FragmentsInAnyOrderMakeAPacket) {
  const auto data = numbered(1500);
  const auto whole = echo_request(data);
  fragment(whole, 1000, whole.size() - 1000, false);
  EXPECT_TRUE(nothing_sent());
  fragment(whole, 0, 1000, true);
  // The reply is larger than the link's MTU, so it leaves in two fragments.
  std::vector<std::byte> reply;
  for (int i = 0; i < 2; ++i) {
    const auto part = sent();
    ASSERT_TRUE(part);
    const Ipv6Chain chain = walk_ipv6(*part);
    ASSERT_TRUE(chain.fragment);
    EXPECT_EQ(chain.fragment->offset * 8u, reply.size());
    EXPECT_EQ(chain.fragment->more, i == 0);
    EXPECT_EQ(chain.next_header, kProtocolIcmp6);
    reply.insert(reply.end(), chain.payload.begin(), chain.payload.end());
  }
  ASSERT_EQ(reply.size(), kIcmp6Header + data.size());
  EXPECT_TRUE(verify_icmp6_checksum(reply, kOurs, kPeer));
  EXPECT_TRUE(std::equal(data.begin(), data.end(), reply.begin() + kIcmp6Header));
}

// What is kept of a first fragment has its bounds.
TEST_F(Ip6PacketsTest, AFragmentBehindManyExtensionHeadersIsDropped) {
  for (const std::size_t length : {64u, 200u, 264u}) {  // of the options, in bytes
    std::vector<std::byte> payload(length);
    payload[0] = std::byte{kIpv6FragmentHeader};
    payload[1] = static_cast<std::byte>(length / 8 - 1);
    payload[2] = std::byte{0x1e};  // one option that is skipped
    payload[3] = static_cast<std::byte>(length - 4 > 255 ? 255 : length - 4);
    if (length > 259) payload[259] = std::byte{1}, payload[260] = std::byte{3};
    const std::size_t at = payload.size();
    payload.resize(at + kIpv6FragmentHeaderLength);
    emit_ipv6_fragment({.identification = 9, .more = true}, kProtocolIcmp6,
                       std::span(payload).subspan(at));
    const auto whole = echo_request(numbered(56));
    payload.insert(payload.end(), whole.begin(), whole.end());
    input(from_peer(kIpv6HopByHop), payload);
  }
  EXPECT_EQ(count(Count::drop_fragment_room), 3u);
  EXPECT_EQ(network_->fragment_chunks(), 0u);
  EXPECT_TRUE(network_->fragments_balance());
}

// RFC 5722, 4: a packet whose fragments overlap is dropped whole, with what still comes.
TEST_F(Ip6PacketsTest, OverlappingFragmentsDropThePacket) {
  const auto whole = echo_request(numbered(1000));
  fragment(whole, 0, 512, true);
  auto other = whole;
  other[504] ^= std::byte{1};
  fragment(other, 504, 504, false);
  fragment(whole, 512, whole.size() - 512, false);
  EXPECT_TRUE(nothing_sent());
  EXPECT_EQ(count(Count::drop_fragment_overlap), 3u);
  EXPECT_TRUE(network_->fragments_balance());
}

// RFC 6946: an atomic fragment is no part of another packet.
TEST_F(Ip6PacketsTest, AnAtomicFragmentIsProcessedByItself) {
  const auto whole = echo_request(numbered(64));
  fragment(whole, 0, 32, true);
  fragment(whole, 0, whole.size(), false);
  EXPECT_TRUE(sent_icmp());
}

// RFC 7112, 5.
TEST_F(Ip6PacketsTest, AFirstFragmentWithoutTheWholeChainIsReported) {
  const auto bytes = options(kProtocolTcp, 0x1e);
  fragment(bytes, 0, 8, true, kIpv6DestinationOptions);
  EXPECT_EQ(problem(), (std::pair{int{Ipv6Problem::kIncompleteChain}, 0u}));
}

// RFC 8200, 4.5.
TEST_F(Ip6PacketsTest, AFragmentThatIsNoMultipleOfEightIsReported) {
  const auto whole = echo_request(numbered(100));
  fragment(whole, 0, 50, true);
  EXPECT_EQ(problem(), (std::pair{int{Ipv6Problem::kErroneousField}, 4u}));
}

// RFC 8200, 4.5: after a minute, to the source, where the first fragment came.
TEST_F(Ip6PacketsTest, ReassemblyThatTimesOutIsReported) {
  const auto whole = echo_request(numbered(1000));
  fragment(whole, 0, 512, true);
  run_for(59s);
  forget_sent();
  run_for(2s);
  std::optional<Icmp6Message> message;
  while (!(message && message->type == Icmp6Message::kTimeExceeded)) {
    ASSERT_FALSE(nothing_sent()) << "no time exceeded";
    message = sent_icmp();
  }
  EXPECT_EQ(message->code, Icmp6Message::kReassemblyTime);
}

// ---- ICMP errors ----

// RFC 4443, 2.4 (e).
TEST_F(Ip6PacketsTest, NoErrorIsSentAboutWhatMustNotBeAnswered) {
  const auto about = [&](const IpAddress& source, const IpAddress& destination,
                         const MacAddress& to) {
    Ipv6Packet ip = from_peer(200);
    ip.source = source;
    ip.destination = destination;
    input(ip, numbered(8), to);
  };
  about(IpAddress(), kOurs, kOurMac);
  about(kAllNodes, kOurs, kOurMac);
  about(IpAddress({0, 0, 0, 1}), kOurs, kOurMac);
  about(kOurs, kOurs, kOurMac);
  about(kPeer, kAllNodes, MacAddress::of_group(kAllNodes));
  EXPECT_TRUE(nothing_sent());
}

// RFC 4443, 2.4 (f).
TEST_F(Ip6PacketsTest, ErrorsAreLimited) {
  for (int i = 0; i < 100; ++i) input(from_peer(200), numbered(8));
  int errors = 0;
  while (problem()) ++errors;
  EXPECT_EQ(errors, static_cast<int>(settings_.icmp_error_burst));
  EXPECT_EQ(count(Count::icmp_errors_limited), 100u - settings_.icmp_error_burst);
}

class Ip6ErrorsInTest : public Ip6PacketsTest {
 protected:
  /// An error about a segment from `source` to the peer.
  Disposition error(std::uint8_t type, std::uint8_t code, std::uint32_t word = 0,
                    const IpAddress& source = kOurs) {
    Ipv6Packet ours;
    ours.source = source;
    ours.destination = kPeer;
    ours.next_header = kProtocolTcp;
    const auto quoted = packet(ours, hex("1f90 0050 89abcdef"));
    return input_icmp(from_peer(0), {type, code, word, quoted});
  }
};

// RFC 8201, 4: nothing is believed that says less than 1280.
TEST_F(Ip6ErrorsInTest, PacketTooBigCarriesTheMtu) {
  ASSERT_EQ(error(2, 0, 1400), Disposition::kIcmpError);
  EXPECT_EQ(error_.error.kind, IcmpKind::kTooBig);
  EXPECT_EQ(error_.mtu, 1400u);
  EXPECT_EQ(error_.tuple, (FourTuple{kOurs, kPeer, Port{8080}, Port{80}}));
  EXPECT_EQ(error_.sequence, Seq(0x89abcdef));
  EXPECT_EQ(error(2, 0, 1279), Disposition::kNothing);
  EXPECT_EQ(count(Count::drop_icmp_mtu), 1u);
}

TEST_F(Ip6ErrorsInTest, EachTypeAndCodeHasItsKind) {
  const auto words = [&](std::uint8_t type, std::uint8_t code) {
    EXPECT_EQ(error(type, code), Disposition::kIcmpError);
    return std::string(to_string(error_.error.kind));
  };
  EXPECT_EQ(words(1, 0), "network unreachable");
  EXPECT_EQ(words(1, 1), "communication administratively prohibited");
  EXPECT_EQ(words(1, 3), "host unreachable");
  EXPECT_EQ(words(1, 4), "port unreachable");
  EXPECT_EQ(words(3, 0), "time to live exceeded on the way");
  EXPECT_EQ(words(4, 1), "protocol unreachable");
}

TEST_F(Ip6ErrorsInTest, AnErrorAboutAnotherHostsPacketIsDropped) {
  EXPECT_EQ(error(1, 4, 0, IpAddress({0xfd000077, 0, 0, 3})), Disposition::kNothing);
}

// ---- Addresses of packets ----

TEST_F(Ip6PacketsTest, PacketsForOthersAndFromNobodyAreDropped) {
  Ipv6Packet ip = from_peer(kProtocolTcp);
  ip.destination = IpAddress({0xfd000077, 0, 0, 3});
  EXPECT_EQ(input(ip, numbered(20)), Disposition::kNothing);
  ip = from_peer(kProtocolTcp);
  ip.source = kAllNodes;
  EXPECT_EQ(input(ip, numbered(20)), Disposition::kNothing);
  EXPECT_EQ(count(Count::drop_ip_address), 1u);
  EXPECT_EQ(count(Count::drop_ip_source), 1u);
  EXPECT_EQ(input(from_peer(kProtocolTcp), numbered(20)), Disposition::kTcp);
  EXPECT_EQ(packet_.source, kPeer);
}

// RFC 6437, 3: packets of one flow have one label, which is not zero.
TEST_F(Ip6PacketsTest, TheFlowLabelIsThatOfTheFlow) {
  send(kPeer);
  const auto first = sent();
  send(kPeer);
  const auto second = sent();
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->flow_label, 0u);
  EXPECT_EQ(first->flow_label, second->flow_label);
}

// RFC 4861, 5.2: what is not on the link goes to the router.
TEST_F(Ip6PacketsTest, AGatewayLeadsToWhatIsNotOnTheLink) {
  EXPECT_EQ(send(kFar), Sent::kDropped);
  ASSERT_EQ(network_->set_gateway(kPeer), Error::kOk);
  EXPECT_EQ(send(kFar), Sent::kSent);
  ASSERT_TRUE(sent());
  EXPECT_EQ(to_, kPeerMac);
}

}  // namespace
}  // namespace conker::test
