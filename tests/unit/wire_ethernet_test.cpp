#include <gtest/gtest.h>

#include <string>

#include "stack/wire/ethernet.hpp"
#include "tests/support/frames.hpp"

namespace conker {
namespace {

using test::hex;
using test::to_hex;

constexpr MacAddress kTo{{0x02, 0, 0, 0, 0, 0x02}}, kFrom{{0x02, 0, 0, 0, 0, 0x01}};

TEST(WireEthernet, Parses) {
  const auto bytes = hex("020000000002 020000000001 0800 aabb");
  const auto frame = parse_ethernet(bytes);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->destination, kTo);
  EXPECT_EQ(frame->source, kFrom);
  EXPECT_EQ(frame->type, kEtherTypeIpv4);
  EXPECT_EQ(to_hex(frame->payload), "aa bb");
}

TEST(WireEthernet, RefusesRunts) {
  const auto bytes = hex("020000000002 020000000001 0806");
  EXPECT_TRUE(parse_ethernet(bytes)) << "a header alone is a frame";
  for (std::size_t n = 0; n < bytes.size(); ++n)
    EXPECT_FALSE(parse_ethernet(std::span(bytes).first(n))) << n;
}

// IEEE 802.1Q, 6.9.1: a tag of VLAN 0 carries a priority only.
TEST(WireEthernet, SkipsTagsOfVlanZero) {
  for (const char* tags : {"8100 a000", "88a8 0000", "88a8 e000 8100 f000"}) {
    const auto bytes = hex("020000000002 020000000001 " + std::string(tags) + " 0800 aabb");
    const auto frame = parse_ethernet(bytes);
    ASSERT_TRUE(frame) << tags;
    EXPECT_EQ(frame->type, kEtherTypeIpv4) << tags;
    EXPECT_EQ(to_hex(frame->payload), "aa bb") << tags;
    for (std::size_t n = 0; n < bytes.size() - 2; ++n)
      EXPECT_FALSE(parse_ethernet(std::span(bytes).first(n))) << tags << ", cut to " << n;
  }
}

TEST(WireEthernet, ReportsTheTagTypeOfOtherVlansAndTooManyTags) {
  for (const char* tags :
       {"8100 a00a", "8100 0fff", "8100 0000 8100 0001", "8100 0000 8100 0000 8100 0000"}) {
    const auto frame =
        parse_ethernet(hex("020000000002 020000000001 " + std::string(tags) + " 0800 aabb"));
    ASSERT_TRUE(frame) << tags;
    EXPECT_EQ(frame->type, 0x8100) << tags;
  }
}

TEST(WireEthernet, Emits) {
  std::array<std::byte, kEthernetHeader> out;
  emit_ethernet({kTo, kFrom, kEtherTypeArp, {}}, out);
  EXPECT_EQ(to_hex(out), "02 00 00 00 00 02 02 00 00 00 00 01 08 06");
}

}  // namespace
}  // namespace conker
