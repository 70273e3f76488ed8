// ICMP errors that the host sends, those that it must not send (RFC 1122, 3.2.2), and those that it
// receives.
#include "stack/base/token_bucket.hpp"
#include "tests/unit/net_fixture.hpp"

namespace conker {
namespace {

using namespace test;
using Disposition = Disposition;

constexpr std::uint8_t kNobodySpeaksThis = 132;

class IcmpErrorsTest : public NetworkTest {
 protected:
  IcmpErrorsTest() { know(); }
  explicit IcmpErrorsTest(const Settings& settings) : NetworkTest(small(), settings) { know(); }

  Disposition input_ip(const Ipv4Packet& packet, std::span<const std::byte> payload,
                       const MacAddress& to = kOurMac) {
    const Disposition up = input(ethernet(kEtherTypeIpv4, ip(packet, payload), to));
    network_->flush();
    return up;
  }
  /// The next packet sent, if it is an ICMP error to the peer.
  std::optional<Icmp4Message> sent_error() {
    const auto packet = sent_ip();
    if (!packet || packet->protocol != kProtocolIcmp || packet->destination != kPeer)
      return std::nullopt;
    EXPECT_TRUE(verify_icmp4_checksum(packet->payload));
    EXPECT_EQ(packet->source, kOurs);
    return parse_icmp4(packet->payload);
  }
  /// Delivers a packet that must be answered by a parameter problem.
  Disposition input_bad_options(const Ipv4Packet& packet, std::span<const std::byte> payload) {
    const Disposition up =
        input(ethernet(kEtherTypeIpv4, ip_with_options(packet, "01 44 01 00", payload)));
    network_->flush();
    return up;
  }
};

// ---- Errors that are sent ----

// RFC 1122, 3.2.2.1: code 2.
TEST_F(IcmpErrorsTest, ProtocolUnreachable) {
  EXPECT_EQ(input_ip(from_peer(kNobodySpeaksThis), bytes_of("12345678 and more")),
            Disposition::kNothing);
  const auto error = sent_error();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->type, 3);
  EXPECT_EQ(error->code, 2);
  const auto quoted = parse_ipv4_quoted(error->payload);
  ASSERT_TRUE(quoted);
  EXPECT_EQ(quoted->protocol, kNobodySpeaksThis);
  EXPECT_EQ(quoted->source, kPeer);
  EXPECT_EQ(to_hex(quoted->payload), to_hex(bytes_of("12345678"))) << "header and 8 bytes";
  EXPECT_EQ(count(Count::icmp_errors_out), 1u);
  EXPECT_EQ(count(Count::drop_ip_protocol), 1u);
}

// RFC 1122, 3.2.2.1: code 3, at the request of a transport protocol.
TEST_F(IcmpErrorsTest, PortUnreachable) {
  ASSERT_EQ(input_ip(from_peer(), bytes_of("0123456789")), Disposition::kTcp);
  network_->port_unreachable(packet_);
  const auto error = sent_error();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->type, 3);
  EXPECT_EQ(error->code, 3);
  EXPECT_EQ(to_hex(parse_ipv4_quoted(error->payload)->payload), to_hex(bytes_of("01234567")));
}

// RFC 1122, 3.2.2.5: the pointer gives the octet at fault.
TEST_F(IcmpErrorsTest, ParameterProblem) {
  EXPECT_EQ(input(ethernet(kEtherTypeIpv4, ip_with_options(from_peer(), "01 44 05 00 00 00 94 ff",
                                                           bytes_of("12345678 and more")))),
            Disposition::kNothing);
  const auto error = sent_error();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->type, 12);
  EXPECT_EQ(error->code, 0);
  EXPECT_EQ(error->upper >> 8, 26);
  EXPECT_EQ(error->payload.size(), 28u + 8u) << "with its options";
  EXPECT_EQ(count(Count::drop_ip_options), 1u);
}

// ---- Errors that must not be sent: RFC 1122, 3.2.2 ----

TEST_F(IcmpErrorsTest, NoErrorAboutAnIcmpError) {
  for (const int type : {3, 4, 5, 11, 12, 9, 42}) {
    const auto message = icmp({static_cast<std::uint8_t>(type), 0, 0, 0, bytes_of("01234567")});
    EXPECT_EQ(input_bad_options(from_peer(kProtocolIcmp), message), Disposition::kNothing);
    EXPECT_TRUE(nothing_sent()) << type;
  }
  EXPECT_EQ(input_bad_options(from_peer(kProtocolIcmp), {}), Disposition::kNothing);
  EXPECT_TRUE(nothing_sent()) << "it might have been one";
  input_bad_options(from_peer(kProtocolIcmp), icmp({8, 0, 0, 0, {}}));
  EXPECT_TRUE(sent_error()) << "about a ping there may be one";
}

TEST_F(IcmpErrorsTest, NoErrorAboutALaterFragment) {
  auto packet = from_peer();
  packet.fragment_offset = 1;
  EXPECT_EQ(input_bad_options(packet, bytes_of("12345678")), Disposition::kNothing);
  EXPECT_EQ(count(Count::drop_ip_options), 1u);
  EXPECT_TRUE(nothing_sent());
  packet.fragment_offset = 0;
  packet.more_fragments = true;
  input_bad_options(packet, bytes_of("12345678"));
  EXPECT_TRUE(sent_error()) << "about the first there may be one";
}

TEST_F(IcmpErrorsTest, NoErrorAboutABroadcast) {
  input_ip(from_peer(kNobodySpeaksThis), bytes_of("12345678"), MacAddress::broadcast());
  for (const auto to :
       {IpAddress::v4(10, 77, 0, 255), IpAddress::v4(0xffffffff), IpAddress::v4(224, 0, 0, 1)}) {
    auto packet = from_peer(kNobodySpeaksThis);
    packet.destination = to;
    input_ip(packet, bytes_of("12345678"));
    // The same where UDP has accepted such a packet and finds no port for it.
    const auto whole = ip(packet, bytes_of("12345678"));
    PacketIn taken;
    taken.source = packet.source;
    taken.whole = whole;
    network_->port_unreachable(taken);
  }
  EXPECT_TRUE(nothing_sent());
}

TEST_F(IcmpErrorsTest, NoErrorToASourceThatIsNotOneHost) {
  for (const auto from : {IpAddress::v4(0), IpAddress::v4(127, 0, 0, 1),
                          IpAddress::v4(10, 77, 0, 255), IpAddress::v4(240, 0, 0, 1),
                          IpAddress::v4(0xffffffff), IpAddress::v4(224, 0, 0, 1), kOurs}) {
    auto packet = from_peer(kNobodySpeaksThis);
    packet.source = from;
    input_ip(packet, bytes_of("12345678"));
    const auto whole = ip(packet, bytes_of("12345678"));
    PacketIn taken;
    taken.source = packet.source;
    taken.whole = whole;
    network_->port_unreachable(taken);
  }
  EXPECT_EQ(count(Count::drop_ip_source), 7u);
  EXPECT_TRUE(nothing_sent());
}

// ---- The rate limit: RFC 1812, 4.3.2.8 ----

TEST_F(IcmpErrorsTest, ErrorsAreRateLimited) {
  const auto flood = [&](int packets) {
    for (int i = 0; i < packets; ++i) input_ip(from_peer(kNobodySpeaksThis), bytes_of("12345678"));
  };
  flood(1000);
  EXPECT_EQ(count(Count::icmp_errors_out), 20u) << "the burst";
  EXPECT_EQ(count(Count::icmp_errors_limited), 980u);
  advance(100ms);
  flood(1000);
  EXPECT_EQ(count(Count::icmp_errors_out), 30u) << "100 a second";
  advance(1h);
  know();
  flood(1000);
  EXPECT_EQ(count(Count::icmp_errors_out), 50u) << "no more than the burst is saved up";
}

class SilentTest : public IcmpErrorsTest {
 protected:
  static Settings silent() {
    Settings settings;
    settings.icmp_errors_per_second = 0;
    return settings;
  }
  SilentTest() : IcmpErrorsTest(silent()) {}
};

TEST_F(SilentTest, ARateOfZeroSendsNoErrors) {
  input_ip(from_peer(kNobodySpeaksThis), bytes_of("12345678"));
  advance(1h);
  input_ip(from_peer(kNobodySpeaksThis), bytes_of("12345678"));
  EXPECT_EQ(count(Count::icmp_errors_limited), 2u);
  EXPECT_TRUE(nothing_sent());
}

TEST(TokenBucketTest, TheRateHoldsOverLongTimes) {
  TokenBucket bucket(1, 3);
  Instant now(Duration(1));
  int taken = 0;
  for (int i = 0; i < 1000; ++i) {
    taken += bucket.take(now) ? 1 : 0;
    now += 100ms;
  }
  EXPECT_EQ(taken, 3 + 99);
  now = Instant(Duration(INT64_MAX / 2));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(now));
  EXPECT_FALSE(bucket.take(now));
}

// ---- Errors received ----

class ErrorsInTest : public IcmpErrorsTest {
 protected:
  Disposition error(std::uint8_t type, std::uint8_t code, std::uint16_t lower = 0) {
    Ipv4Packet ours;
    ours.source = kOurs;
    ours.destination = kPeer;
    ours.protocol = kProtocolTcp;
    const auto quoted = ip(ours, hex("1f90 0050 89abcdef"));
    return input_ip(from_peer(kProtocolIcmp), icmp({type, code, 0, lower, quoted}));
  }
};

// RFC 1191, 4: the MTU of the next hop is in the lower half of the second word.
TEST_F(ErrorsInTest, FragmentationNeededCarriesTheMtu) {
  ASSERT_EQ(error(3, 4, 1400), Disposition::kIcmpError);
  EXPECT_EQ(error_.error.type, 3);
  EXPECT_EQ(error_.error.code, 4);
  EXPECT_EQ(error_.mtu, 1400);
  EXPECT_EQ(error_.tuple, (FourTuple{kOurs, kPeer, Port{8080}, Port{80}}));
  ASSERT_EQ(error(3, 4, 0), Disposition::kIcmpError) << "a router older than RFC 1191";
  EXPECT_EQ(error_.mtu, 0);
  ASSERT_EQ(error(3, 4, 68), Disposition::kIcmpError) << "the least there is (RFC 791)";
  EXPECT_EQ(error_.mtu, 68);
  ASSERT_EQ(error(3, 1, 1400), Disposition::kIcmpError);
  EXPECT_EQ(error_.mtu, 0) << "of that code only";
}

TEST_F(ErrorsInTest, EachTypeAndCodeHasItsKind) {
  const auto words = [&](std::uint8_t type, std::uint8_t code) {
    EXPECT_EQ(error(type, code), Disposition::kIcmpError);
    return std::string(to_string(error_.error.kind));
  };
  EXPECT_EQ(words(3, 0), "network unreachable");
  EXPECT_EQ(words(3, 3), "port unreachable");
  EXPECT_EQ(words(3, 4), "packet too big for a link on the way");
  EXPECT_EQ(words(3, 9), "network administratively prohibited");
  EXPECT_EQ(words(3, 13), "communication administratively prohibited");
  EXPECT_EQ(words(3, 15), "precedence cutoff");
  EXPECT_EQ(words(3, 16), "unreachable");
  EXPECT_EQ(words(11, 0), "time to live exceeded on the way");
  EXPECT_EQ(words(11, 1), "fragments were lost on the way");
  EXPECT_EQ(words(12, 0), "parameter problem");
}

// RFC 1122, 3.2.2.4 and 3.2.2.5: these are passed to the transport protocol too.
TEST_F(ErrorsInTest, TimeExceededAndParameterProblemReachTcp) {
  ASSERT_EQ(error(11, 0), Disposition::kIcmpError);
  EXPECT_EQ(error_.error.type, 11);
  ASSERT_EQ(error(12, 0), Disposition::kIcmpError);
  EXPECT_EQ(error_.error.type, 12);
}

}  // namespace
}  // namespace conker
