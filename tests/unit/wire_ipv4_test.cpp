#include <gtest/gtest.h>

#include "stack/wire/ipv4.hpp"
#include "tests/support/frames.hpp"

namespace conker {
namespace {

using test::hex;
using test::to_hex;

constexpr std::string_view kHeader = "45 00 0018 0000 4000 40 06 2644 0a4d0001 0a4d0002";

std::vector<std::byte> packet(std::string_view header, std::string_view payload = "de ad be ef") {
  return hex(std::string(header) + std::string(payload));
}

TEST(WireIpv4, Parses) {
  const auto bytes = packet(kHeader);
  const auto ip = parse_ipv4(bytes);
  ASSERT_TRUE(ip);
  EXPECT_EQ(ip->source, IpAddress::v4(10, 77, 0, 1));
  EXPECT_EQ(ip->destination, IpAddress::v4(10, 77, 0, 2));
  EXPECT_EQ(ip->protocol, 6);
  EXPECT_EQ(ip->ttl, 64);
  EXPECT_TRUE(ip->dont_fragment);
  EXPECT_FALSE(ip->is_fragment());
  EXPECT_TRUE(ip->options.empty());
  EXPECT_EQ(to_hex(ip->payload), "de ad be ef");
  EXPECT_TRUE(verify_ipv4_checksum(bytes));
}

TEST(WireIpv4, CutsPadding) {
  const auto bytes = packet(kHeader, "de ad be ef 00 00 00 00 00 00");
  ASSERT_TRUE(parse_ipv4(bytes));
  EXPECT_EQ(to_hex(parse_ipv4(bytes)->payload), "de ad be ef");
}

TEST(WireIpv4, RefusesTruncatedPackets) {
  const auto bytes = packet(kHeader);
  for (std::size_t n = 0; n < bytes.size(); ++n)
    EXPECT_FALSE(parse_ipv4(std::span(bytes).first(n))) << n;
}

TEST(WireIpv4, RefusesBadVersionsAndLengths) {
  EXPECT_FALSE(parse_ipv4(packet("65 00 0018 0000 4000 40 06 0000 0a4d0001 0a4d0002")))
      << "version 6";
  EXPECT_FALSE(parse_ipv4(packet("05 00 0018 0000 4000 40 06 0000 0a4d0001 0a4d0002")))
      << "version 0";
  EXPECT_FALSE(parse_ipv4(packet("44 00 0018 0000 4000 40 06 0000 0a4d0001 0a4d0002")))
      << "header of 16";
  EXPECT_FALSE(parse_ipv4(packet("40 00 0018 0000 4000 40 06 0000 0a4d0001 0a4d0002")))
      << "header of 0";
  EXPECT_FALSE(parse_ipv4(packet("47 00 0018 0000 4000 40 06 0000 0a4d0001 0a4d0002")))
      << "header past the end";
  EXPECT_FALSE(parse_ipv4(packet("45 00 0019 0000 4000 40 06 0000 0a4d0001 0a4d0002")))
      << "length past the end";
  EXPECT_FALSE(parse_ipv4(packet("45 00 0013 0000 4000 40 06 0000 0a4d0001 0a4d0002")))
      << "length below the header";
  EXPECT_FALSE(parse_ipv4(packet("46 00 0014 0000 4000 40 06 0000 0a4d0001 0a4d0002")))
      << "length within options";
}

std::optional<Ipv4OptionFault> check_options(std::string_view header) {
  const auto bytes = packet(header);
  const auto ip = parse_ipv4(bytes);
  EXPECT_TRUE(ip) << header;
  return check_ipv4_options(ip->options);
}

TEST(WireIpv4, SkipsOptions) {
  const auto bytes =
      packet("47 00 0020 0000 4000 40 06 0000 0a4d0001 0a4d0002 01 94040000 00 ff ff");
  ASSERT_TRUE(parse_ipv4(bytes));
  EXPECT_EQ(to_hex(parse_ipv4(bytes)->payload), "de ad be ef");
  EXPECT_EQ(parse_ipv4(bytes)->options.size(), 8u);
  EXPECT_FALSE(check_ipv4_options(parse_ipv4(bytes)->options));
  EXPECT_FALSE(check_options(kHeader)) << "there are none";
}

TEST(WireIpv4, FindsMalformedOptions) {
  const auto at = [](std::string_view options) {
    const auto fault =
        check_options("46 00 001c 0000 4000 40 06 0000 0a4d0001 0a4d0002 " + std::string(options));
    return fault && !fault->source_route ? fault->at : 0;
  };
  EXPECT_EQ(at("94000000"), 20) << "length 0";
  EXPECT_EQ(at("94010000"), 20) << "length 1";
  EXPECT_EQ(at("94050000"), 20) << "past the header";
  EXPECT_EQ(at("01010194"), 23) << "no length";
  EXPECT_EQ(
      check_options("47 00 0020 0000 4000 40 06 0000 0a4d0001 0a4d0002 94040000 01 44 09 00")->at,
      25)
      << "behind a good one";
}

TEST(WireIpv4, FindsSourceRoutes) {
  for (const std::string_view route : {"8307040a 4d000300", "8907040a 4d000300"}) {
    const auto fault =
        check_options("47 00 0020 0000 4000 40 06 0000 0a4d0001 0a4d0002 " + std::string(route));
    ASSERT_TRUE(fault);
    EXPECT_TRUE(fault->source_route);
    EXPECT_EQ(fault->at, 20);
  }
}

TEST(WireIpv4, RecognizesFragments) {
  EXPECT_TRUE(
      parse_ipv4(packet("45 00 0018 1234 2000 40 06 0000 0a4d0001 0a4d0002"))->is_fragment())
      << "first";
  EXPECT_TRUE(
      parse_ipv4(packet("45 00 0018 1234 0001 40 06 0000 0a4d0001 0a4d0002"))->is_fragment())
      << "last";
  EXPECT_EQ(
      parse_ipv4(packet("45 00 0018 1234 3fff 40 06 0000 0a4d0001 0a4d0002"))->fragment_offset,
      0x1fff);
}

TEST(WireIpv4, FindsABadChecksum) {
  EXPECT_FALSE(verify_ipv4_checksum(packet("45 00 0018 0000 4000 40 06 2645 0a4d0001 0a4d0002")));
}

TEST(WireIpv4, ParsesATruncatedQuotedPacket) {
  const auto bytes = hex("45 00 05dc 0000 4000 40 06 0000 0a4d0002 0a4d0001 0001 0002 00000003");
  const auto ip = parse_ipv4_quoted(bytes);
  ASSERT_TRUE(ip);
  EXPECT_EQ(ip->payload.size(), 8u);
  EXPECT_FALSE(parse_ipv4(bytes));
  EXPECT_FALSE(parse_ipv4_quoted(std::span(bytes).first(19)));
}

TEST(WireIpv4, Emits) {
  Ipv4Packet ip;
  ip.source = IpAddress::v4(10, 77, 0, 1);
  ip.destination = IpAddress::v4(10, 77, 0, 2);
  ip.protocol = 6;
  std::array<std::byte, kIpv4HeaderMin> out;
  emit_ipv4(ip, 4, out);
  EXPECT_EQ(to_hex(out), to_hex(hex(kHeader)));
}

}  // namespace
}  // namespace conker
