#include <gtest/gtest.h>

#include "stack/wire/arp.hpp"
#include "tests/support/frames.hpp"

namespace conker {
namespace {

using test::hex;
using test::to_hex;

constexpr std::string_view kRequest =
    "0001 0800 06 04 0001 020000000001 0a4d0001 000000000000 0a4d0002";

TEST(WireArp, Parses) {
  const auto packet = parse_arp(hex(kRequest));
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->operation, ArpPacket::Operation::kRequest);
  EXPECT_EQ(packet->sender_mac, (MacAddress{{0x02, 0, 0, 0, 0, 0x01}}));
  EXPECT_EQ(packet->sender, IpAddress::v4(10, 77, 0, 1));
  EXPECT_EQ(packet->target_mac, MacAddress());
  EXPECT_EQ(packet->target, IpAddress::v4(10, 77, 0, 2));
}

TEST(WireArp, IgnoresPadding) {
  auto bytes = hex(kRequest);
  bytes.resize(46, std::byte{0x5a});
  EXPECT_TRUE(parse_arp(bytes));
}

TEST(WireArp, RefusesTruncatedPackets) {
  const auto bytes = hex(kRequest);
  for (std::size_t n = 0; n < bytes.size(); ++n)
    EXPECT_FALSE(parse_arp(std::span(bytes).first(n))) << n;
}

TEST(WireArp, RefusesOtherTypesLengthsAndOperations) {
  for (const char* head : {"0006 0800 06 04 0001", "0001 86dd 06 04 0001", "0001 0800 08 04 0001",
                           "0001 0800 06 10 0001", "0001 0800 00 00 0001", "0001 0800 06 04 0000",
                           "0001 0800 06 04 0003", "0001 0800 06 04 0101"}) {
    auto bytes = hex(head);
    bytes.resize(60);
    EXPECT_FALSE(parse_arp(bytes)) << head;
  }
}

TEST(WireArp, EmitsWhatItParses) {
  std::array<std::byte, kArpLength> out;
  const auto bytes = hex(kRequest);
  emit_arp(*parse_arp(bytes), out);
  EXPECT_EQ(to_hex(out), to_hex(bytes));
  const auto reply = hex("0001 0800 06 04 0002 020000000002 0a4d0002 020000000001 0a4d0001");
  emit_arp(*parse_arp(reply), out);
  EXPECT_EQ(to_hex(out), to_hex(reply));
}

}  // namespace
}  // namespace conker
