#include <gtest/gtest.h>

#include "stack/wire/ipv6.hpp"
#include "tests/support/frames.hpp"

namespace conker {
namespace {

using test::hex;
using test::to_hex;

constexpr std::string_view kSource = "20010db8 00000000 00000000 00000001";
constexpr std::string_view kDestination = "fe800000 00000000 00000000 00000002";

std::vector<std::byte> packet(std::string_view first, std::string_view source = kSource,
                              std::string_view destination = kDestination,
                              std::string_view payload = "de ad be ef") {
  return hex(std::string(first) + std::string(source) + std::string(destination) +
             std::string(payload));
}

TEST(WireIpv6, Parses) {
  const auto bytes = packet("6 12 abcde 0004 06 40");
  const auto ip = parse_ipv6(bytes);
  ASSERT_TRUE(ip);
  EXPECT_EQ(ip->source, IpAddress::parse("2001:db8::1"));
  EXPECT_EQ(ip->destination, IpAddress::parse("fe80::2"));
  EXPECT_EQ(ip->traffic_class, 0x12);
  EXPECT_EQ(ip->flow_label, 0xabcdeu);
  EXPECT_EQ(ip->next_header, 6);
  EXPECT_EQ(ip->hop_limit, 64);
  EXPECT_EQ(to_hex(ip->payload), "de ad be ef");
}

TEST(WireIpv6, CutsPadding) {
  const auto bytes = packet("60000000 0004 06 40", kSource, kDestination, "deadbeef 000000");
  ASSERT_TRUE(parse_ipv6(bytes));
  EXPECT_EQ(to_hex(parse_ipv6(bytes)->payload), "de ad be ef");
}

TEST(WireIpv6, RefusesTruncatedPacketsAndOtherVersions) {
  const auto bytes = packet("60000000 0004 06 40");
  for (std::size_t n = 0; n < bytes.size(); ++n)
    EXPECT_FALSE(parse_ipv6(std::span(bytes).first(n))) << n;
  EXPECT_FALSE(parse_ipv6(packet("40000000 0004 06 40")));
  EXPECT_FALSE(parse_ipv6(packet("70000000 0004 06 40")));
  EXPECT_FALSE(parse_ipv6(packet("60000000 0005 06 40"))) << "length past the end";
}

TEST(WireIpv6, RefusesAddressesThatAreNotSent) {
  for (const char* wrong :
       {"00000000 00000000 0000ffff 0a4d0001", "fe800001 00000000 00000000 00000001",
        "ff020001 00000000 00000000 00000001"}) {
    EXPECT_FALSE(parse_ipv6(packet("60000000 0004 06 40", wrong))) << wrong;
    EXPECT_FALSE(parse_ipv6(packet("60000000 0004 06 40", kSource, wrong))) << wrong;
  }
}

TEST(WireIpv6, ParsesATruncatedQuotedPacket) {
  const auto bytes = packet("60000000 05a0 06 40");
  EXPECT_FALSE(parse_ipv6(bytes));
  ASSERT_TRUE(parse_ipv6_quoted(bytes));
  EXPECT_EQ(parse_ipv6_quoted(bytes)->payload.size(), 4u);
  EXPECT_FALSE(parse_ipv6_quoted(std::span(bytes).first(39)));
}

TEST(WireIpv6, EmitsWithoutAZone) {
  Ipv6Packet ip;
  ip.source = *IpAddress::parse("2001:db8::1");
  ip.destination = *IpAddress::parse("fe80::2%3");
  ip.traffic_class = 0x12;
  ip.flow_label = 0xabcde;
  ip.next_header = 6;
  std::array<std::byte, kIpv6Header> out;
  emit_ipv6(ip, 4, out);
  EXPECT_EQ(to_hex(out), to_hex(packet("6 12 abcde 0004 06 40", kSource, kDestination, "")));
}

}  // namespace
}  // namespace conker
