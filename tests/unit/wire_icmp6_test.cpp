#include <gtest/gtest.h>

#include "stack/wire/icmp6.hpp"
#include "tests/support/frames.hpp"

namespace conker {
namespace {

using test::hex;
using test::to_hex;

const IpAddress kOurs = *IpAddress::parse("fe80::1");
const IpAddress kPeer = *IpAddress::parse("fe80::2");

TEST(WireIcmp6, Parses) {
  const auto bytes = hex("80 00 0000 1234 0001 6869 21");
  const auto message = parse_icmp6(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->type, Icmp6Message::kEchoRequest);
  EXPECT_EQ(message->code, 0);
  EXPECT_EQ(message->word, 0x12340001u);
  EXPECT_EQ(message->identifier(), 0x1234);
  EXPECT_EQ(message->sequence(), 1);
  EXPECT_EQ(to_hex(message->payload), "68 69 21");
  for (std::size_t n = 0; n < kIcmp6Header; ++n)
    EXPECT_FALSE(parse_icmp6(std::span(bytes).first(n))) << n;
}

TEST(WireIcmp6, ChecksumCoversThePseudoHeader) {
  // The sum of fe80, 1, fe80, 2, 8 (length), 3a, 8000, 1234, 1 is 28f7a, folded 8f7c.
  const auto bytes = hex("80 00 7083 1234 0001");
  EXPECT_TRUE(verify_icmp6_checksum(bytes, kOurs, kPeer));
  EXPECT_TRUE(verify_icmp6_checksum(bytes, kOurs.with_zone(1), kPeer.with_zone(1)));
  EXPECT_FALSE(verify_icmp6_checksum(bytes, kOurs, kOurs));
  EXPECT_FALSE(verify_icmp6_checksum(hex("80 00 7083 1234 0002"), kOurs, kPeer));
}

TEST(WireIcmp6, EmitsWithTheChecksumOverThePayload) {
  std::array<std::byte, kIcmp6Header> out;
  emit_icmp6({Icmp6Message::kEchoRequest, 0, 0x12340001, {}}, kOurs, kPeer, out);
  EXPECT_EQ(to_hex(out), "80 00 70 83 12 34 00 01");
  const auto payload = hex("68 69 21");
  emit_icmp6({Icmp6Message::kPacketTooBig, 0, 1280, payload}, kOurs, kPeer, out);
  std::vector<std::byte> whole(out.begin(), out.end());
  whole.insert(whole.end(), payload.begin(), payload.end());
  EXPECT_TRUE(verify_icmp6_checksum(whole, kOurs, kPeer));
  EXPECT_EQ(to_hex(std::span(out).subspan(4)), "00 00 05 00");
}

TEST(WireIcmp6, TellsErrorsFromQuestions) {
  for (int type = 0; type < 256; ++type)
    EXPECT_EQ(is_icmp6_error(static_cast<std::uint8_t>(type)), type < 128) << type;
}

}  // namespace
}  // namespace conker
