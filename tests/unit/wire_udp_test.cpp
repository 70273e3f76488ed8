#include <gtest/gtest.h>

#include "stack/wire/udp.hpp"
#include "tests/support/frames.hpp"

namespace conker {
namespace {

using namespace test;

constexpr IpAddress kUdpFrom = IpAddress::v4(192, 168, 0, 31),
                    kUdpTo = IpAddress::v4(192, 168, 0, 30);

// RFC 768, "Format"; the sum worked out by hand.
TEST(WireUdp, EmitsLiteralBytes) {
  const auto payload = bytes_of("hi");
  std::vector<std::byte> out(kUdpHeader);
  emit_udp({Port{20}, Port{10}, payload}, kUdpFrom, kUdpTo, out);
  // c0a8 + 001f + c0a8 + 001e + 0011 + 000a + 0014 + 000a + 000a + 6869 = 1ea39 -> ea3a -> 15c5
  EXPECT_EQ(to_hex(out), "00 14 00 0a 00 0a 15 c5");
  out.insert(out.end(), payload.begin(), payload.end());
  EXPECT_TRUE(verify_udp_checksum(out, kUdpFrom, kUdpTo));
  EXPECT_FALSE(verify_udp_checksum(out, kUdpFrom, IpAddress::v4(192, 168, 0, 33)))
      << "the pseudo-header counts";
}

// RFC 768, "Checksum": "If the computed checksum is zero, it is transmitted as all ones".
TEST(WireUdp, NeverSendsAChecksumOfZero) {
  const auto payload = hex("7e2e");  // 15c5 more than "hi"
  std::vector<std::byte> out(kUdpHeader);
  emit_udp({Port{20}, Port{10}, payload}, kUdpFrom, kUdpTo, out);
  EXPECT_EQ(to_hex(out), "00 14 00 0a 00 0a ff ff");
  out.insert(out.end(), payload.begin(), payload.end());
  EXPECT_TRUE(verify_udp_checksum(out, kUdpFrom, kUdpTo));
}

TEST(WireUdp, AcceptsNoChecksumOverIpv4Only) {
  const auto bytes = hex("0014000a000a0000 6869");
  EXPECT_TRUE(verify_udp_checksum(bytes, kUdpFrom, kUdpTo));
  const IpAddress v6({0x20010db8, 0, 0, 1});
  EXPECT_FALSE(verify_udp_checksum(bytes, v6, v6)) << "RFC 8200, 8.1";
}

TEST(WireUdp, CutsBytesBehindItsLength) {
  const auto bytes = hex("0014000a000a0000 6869 eeee");
  const auto datagram = parse_udp(bytes);
  ASSERT_TRUE(datagram);
  EXPECT_EQ(datagram->source, Port{20});
  EXPECT_EQ(datagram->destination, Port{10});
  EXPECT_EQ(to_hex(datagram->payload), "68 69");
}

TEST(WireUdp, RefusesWrongLengths) {
  EXPECT_FALSE(parse_udp(hex("0014000a000800")));    // cut short
  EXPECT_FALSE(parse_udp(hex("0014000a00070000")));  // below a header
  EXPECT_FALSE(parse_udp(hex("0014000a00000000")));
  EXPECT_FALSE(parse_udp(hex("0014000a000b0000 6869")));  // past the end
  EXPECT_FALSE(parse_udp(hex("0014000affff0000 6869")));
  EXPECT_TRUE(parse_udp(hex("0014000a00080000")));  // empty
}

}  // namespace
}  // namespace conker
