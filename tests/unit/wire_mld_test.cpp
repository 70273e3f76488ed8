#include <gtest/gtest.h>

#include "stack/wire/mld.hpp"
#include "tests/support/frames.hpp"

namespace conker {
namespace {

using test::hex;
using test::to_hex;

constexpr const char* kNoGroup = "00000000 00000000 00000000 00000000";
constexpr const char* kGroup = "ff020000 00000000 00000001 ff000002";

std::optional<MldQuery> query(const std::string& text, const char* source = "fe80::1",
                              std::uint8_t hop_limit = 1, bool router_alert = true) {
  const auto bytes = hex(text);
  Ipv6Packet packet;
  packet.source = *IpAddress::parse(source);
  packet.destination = kAllNodes;
  packet.hop_limit = hop_limit;
  return parse_mld_query(*parse_icmp6(bytes), packet, router_alert);
}
std::string of_group(const char* group, const char* behind = "027d0000") {
  return std::string("82 00 0000 2710 0000") + group + behind;
}

TEST(WireMld, ParsesQueries) {
  const auto general = query(of_group(kNoGroup));
  ASSERT_TRUE(general);
  EXPECT_FALSE(general->version1);
  EXPECT_TRUE(general->group.is_unspecified());
  EXPECT_EQ(general->response, 10'000u);
  EXPECT_EQ(general->robustness, 2);
  EXPECT_EQ(general->interval, 125u);
  const auto specific = query(of_group(kGroup, "00000001") + kGroup);
  ASSERT_TRUE(specific);
  EXPECT_EQ(specific->group, IpAddress::parse("ff02::1:ff00:2"));
  EXPECT_EQ(specific->sources, 1u);
}

TEST(WireMld, DecodesLargeTimes) {
  const auto large = query("82 00 0000 ffff 0000" + std::string(kNoGroup) + "02ff0000");
  ASSERT_TRUE(large);
  EXPECT_EQ(large->response, 0x1fffu << 10) << "RFC 3810, 5.1.3";
  EXPECT_EQ(large->interval, 0x1fu << 10) << "RFC 3810, 5.1.9";
  EXPECT_EQ(query("82 00 0000 8000 0000" + std::string(kNoGroup) + "02800000")->response, 32768u);
}

TEST(WireMld, ParsesQueriesOfVersion1) {
  const auto old = query("82 00 0000 ffff 0000" + std::string(kGroup));
  ASSERT_TRUE(old);
  EXPECT_TRUE(old->version1);
  EXPECT_EQ(old->response, 65535u) << "RFC 2710, 3.4: not decoded";
}

TEST(WireMld, IgnoresOtherQueries) {
  EXPECT_FALSE(query(of_group(kNoGroup), "2001:db8::1")) << "RFC 3810, 5.1.14";
  EXPECT_FALSE(query(of_group(kNoGroup), "::"));
  EXPECT_FALSE(query(of_group(kNoGroup), "fe80::1", 2));
  EXPECT_FALSE(query(of_group(kNoGroup), "fe80::1", 1, false)) << "no router alert";
  EXPECT_FALSE(query(of_group(kNoGroup, "0000"))) << "RFC 3810, 8.1: 26 bytes";
  EXPECT_FALSE(query(of_group(kGroup, "027d0001"))) << "a source past the end";
  EXPECT_FALSE(query(of_group("20010db8 00000000 00000000 00000001"))) << "no group";
  EXPECT_FALSE(query("83" + of_group(kNoGroup).substr(2)));
}

TEST(WireMld, EmitsReports) {
  const IpAddress ours = *IpAddress::parse("fe80::1%1");
  const IpAddress group = *IpAddress::parse("ff02::1:ff00:2%1");
  const std::array<MldRecord, 2> records{
      {{MldRecord::Type::kToExclude, group}, {MldRecord::Type::kToInclude, group}}};
  std::vector<std::byte> out(mld_report_length(2));
  emit_mld_report(records, ours, out);
  EXPECT_TRUE(verify_icmp6_checksum(out, ours, kAllMld2Routers));
  EXPECT_EQ(to_hex(std::span(out).first(2)), "8f 00");
  EXPECT_EQ(to_hex(std::span(out).subspan(4)),
            to_hex(hex(std::string("0000 0002 04 00 0000") + kGroup + "03 00 0000" + kGroup)));
}

TEST(WireMld, EmitsReportsOfVersion1) {
  const IpAddress ours = *IpAddress::parse("fe80::1%1");
  const IpAddress group = *IpAddress::parse("ff02::1:ff00:2%1");
  std::array<std::byte, kMld1Length> out;
  emit_mld1_report(group, ours, out);
  EXPECT_TRUE(verify_icmp6_checksum(out, ours, group));
  EXPECT_EQ(to_hex(std::span(out).first(2)), "83 00");
  EXPECT_EQ(to_hex(std::span(out).subspan(4)), to_hex(hex(std::string("00000000") + kGroup)));
  emit_mld1_done(group, ours, out);
  EXPECT_TRUE(verify_icmp6_checksum(out, ours, kAllRouters));
  EXPECT_EQ(to_hex(std::span(out).first(2)), "84 00");
}

}  // namespace
}  // namespace conker
