#include <gtest/gtest.h>

#include "stack/wire/icmp4.hpp"
#include "tests/support/frames.hpp"

namespace conker {
namespace {

using test::hex;
using test::to_hex;

TEST(WireIcmp4, Parses) {
  const auto bytes = hex("08 00 5c61 1234 0001 6869 21");
  const auto message = parse_icmp4(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->type, Icmp4Message::kEchoRequest);
  EXPECT_EQ(message->code, 0);
  EXPECT_EQ(message->upper, 0x1234);
  EXPECT_EQ(message->lower, 1);
  EXPECT_EQ(to_hex(message->payload), "68 69 21");
}

TEST(WireIcmp4, RefusesTruncatedMessages) {
  const auto bytes = hex("08 00 e5ca 1234 0001");
  EXPECT_TRUE(parse_icmp4(bytes));
  for (std::size_t n = 0; n < bytes.size(); ++n)
    EXPECT_FALSE(parse_icmp4(std::span(bytes).first(n))) << n;
}

TEST(WireIcmp4, Verifies) {
  EXPECT_TRUE(verify_icmp4_checksum(hex("08 00 e5ca 1234 0001")));
  EXPECT_FALSE(verify_icmp4_checksum(hex("08 00 e5ca 1234 0002")));
}

TEST(WireIcmp4, EmitsWithTheChecksumOverThePayload) {
  const auto payload = hex("68 69 21");
  std::array<std::byte, kIcmp4Header> out;
  emit_icmp4({Icmp4Message::kEchoReply, 0, 0x1234, 1, payload}, out);
  std::vector<std::byte> whole(out.begin(), out.end());
  whole.insert(whole.end(), payload.begin(), payload.end());
  EXPECT_TRUE(verify_icmp4_checksum(whole));
  EXPECT_EQ(to_hex(std::span(out).first(2)), "00 00");
  EXPECT_EQ(to_hex(std::span(out).subspan(4)), "12 34 00 01");
}

}  // namespace
}  // namespace conker
