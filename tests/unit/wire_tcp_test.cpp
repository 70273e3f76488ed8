#include <gtest/gtest.h>

#include "stack/wire/tcp.hpp"
#include "tests/support/frames.hpp"
#include "tests/support/random.hpp"

namespace conker {
namespace {

using test::hex;
using test::to_hex;

constexpr IpAddress kA = IpAddress::v4(10, 77, 0, 1), kB = IpAddress::v4(10, 77, 0, 2);

// A header with this data offset, flags and options.
std::vector<std::byte> segment(std::string_view offset_and_flags, std::string_view behind = "") {
  return hex("c350 0050 00000001 00000002 " + std::string(offset_and_flags) + " faf0 0000 0000" +
             std::string(behind));
}

TEST(WireTcp, Parses) {
  const auto bytes = hex("c350 0050 89abcdef 01234567 5019 faf0 1111 0003 68656c6c6f");
  const auto tcp = parse_tcp(bytes);
  ASSERT_TRUE(tcp);
  EXPECT_EQ(tcp->source, Port{50000});
  EXPECT_EQ(tcp->destination, Port{80});
  EXPECT_EQ(tcp->sequence, Seq(0x89abcdef));
  EXPECT_EQ(tcp->acknowledgment, Seq(0x01234567));
  EXPECT_EQ(tcp->flags, TcpFlags::kAck | TcpFlags::kPsh | TcpFlags::kFin);
  EXPECT_EQ(tcp->window, 64240);
  EXPECT_EQ(tcp->urgent, 3);
  EXPECT_FALSE(tcp->mss);
  EXPECT_EQ(to_hex(tcp->payload), "68 65 6c 6c 6f");
  EXPECT_EQ(tcp->length(), 6u) << "five bytes and the FIN";
  EXPECT_TRUE(tcp->has(TcpFlags::kAck | TcpFlags::kFin));
  EXPECT_FALSE(tcp->has(TcpFlags::kAck | TcpFlags::kSyn)) << "all of them, not any";
}

TEST(WireTcp, RefusesTruncatedSegments) {
  const auto bytes = segment("6002", "02040218");
  for (std::size_t n = 0; n < bytes.size(); ++n)
    EXPECT_FALSE(parse_tcp(std::span(bytes).first(n))) << n;
  EXPECT_TRUE(parse_tcp(bytes));
}

TEST(WireTcp, RefusesBadDataOffsets) {
  EXPECT_FALSE(parse_tcp(segment("0002"))) << "0";
  EXPECT_FALSE(parse_tcp(segment("4002"))) << "below the header";
  EXPECT_FALSE(parse_tcp(segment("f002", "01010101"))) << "past the end";
}

TEST(WireTcp, ParsesTheMss) {
  EXPECT_EQ(parse_tcp(segment("6002", "02040218"))->mss, 536);
  EXPECT_EQ(parse_tcp(segment("7002", "01010101 020405b4"))->mss, 1460) << "behind no-operations";
  EXPECT_EQ(parse_tcp(segment("6002", "02040000"))->mss, 0) << "what a peer wrote is what is read";
  EXPECT_FALSE(parse_tcp(segment("7002", "00000000 020405b4"))->mss) << "behind the end of options";
}

TEST(WireTcp, ParsesTheOptionsOfASynAndSkipsOthers) {
  // Window scale, SACK permitted, timestamps, an undefined option, and the MSS.
  const auto bytes =
      segment("c002", "030307 01 0402 0101 080a 11111111 22222222 fd04 beef 020405b4 0000");
  ASSERT_EQ(bytes.size() % 4, 0u);
  const auto tcp = parse_tcp(bytes);
  ASSERT_TRUE(tcp);
  EXPECT_EQ(tcp->mss, 1460);
  EXPECT_EQ(tcp->window_scale, 7);
  EXPECT_TRUE(tcp->sack_permitted);
  EXPECT_EQ(tcp->timestamps, (TcpTimestamps{0x11111111, 0x22222222}));
}

TEST(WireTcp, AWindowScaleOverFourteenCountsAsFourteen) {  // RFC 7323, 2.3
  EXPECT_EQ(parse_tcp(segment("6002", "0303ff 00"))->window_scale, 14);
}

TEST(WireTcp, ParsesSackBlocks) {
  const auto tcp = parse_tcp(segment("a010", "0101 0512 00000001 00000002 fffffff0 00000010"));
  ASSERT_TRUE(tcp);
  ASSERT_EQ(tcp->sack_blocks().size(), 2u);
  EXPECT_EQ(tcp->sack_blocks()[1], (SackBlock{Seq(0xfffffff0), Seq(0x10)}));
}

TEST(WireTcp, RefusesMalformedOptions) {
  EXPECT_FALSE(parse_tcp(segment("6002", "08000000"))) << "length 0";
  EXPECT_FALSE(parse_tcp(segment("6002", "08010000"))) << "length 1";
  EXPECT_FALSE(parse_tcp(segment("6002", "08050000"))) << "past the header";
  EXPECT_FALSE(parse_tcp(segment("6002", "08050000 00"))) << "past the header, into the data";
  EXPECT_FALSE(parse_tcp(segment("6002", "01010108"))) << "no room for a length";
  EXPECT_FALSE(parse_tcp(segment("6002", "02030500"))) << "an MSS of one byte";
  EXPECT_FALSE(parse_tcp(segment("7002", "02060000 05b40000"))) << "an MSS of four";
  EXPECT_FALSE(parse_tcp(segment("6002", "03040000"))) << "a window scale of two bytes";
  EXPECT_FALSE(parse_tcp(segment("6002", "04030000"))) << "SACK permitted with a value";
  EXPECT_FALSE(parse_tcp(segment("7002", "08080000 00000000"))) << "timestamps cut short";
  EXPECT_FALSE(parse_tcp(segment("6002", "05020000"))) << "SACK without a block";
  EXPECT_FALSE(parse_tcp(segment("7002", "05070000 00000000"))) << "half a SACK block";
  EXPECT_FALSE(parse_tcp(segment("6002", "1c030000"))) << "half a user timeout";
}

TEST(WireTcp, ParsesAnyFlags) {
  for (unsigned flags = 0; flags < 256; ++flags) {
    auto bytes = segment("5000");
    bytes[13] = static_cast<std::byte>(flags);
    ASSERT_TRUE(parse_tcp(bytes));
    EXPECT_EQ(parse_tcp(bytes)->flags, flags);
  }
}

TEST(WireTcp, EmitsWhatItParses) {
  TcpSegment tcp;
  tcp.source = Port{50000};
  tcp.destination = Port{80};
  tcp.sequence = Seq(0x89abcdef);
  tcp.acknowledgment = Seq(0x01234567);
  tcp.flags = TcpFlags::kSyn | TcpFlags::kAck;
  tcp.window = 64240;
  tcp.urgent = 3;
  std::array<std::byte, kTcpHeaderMax> out;
  out.fill(std::byte{0xee});
  EXPECT_EQ(emit_tcp(tcp, out), 20u);
  EXPECT_EQ(to_hex(std::span(out).first(20)),
            to_hex(hex("c350 0050 89abcdef 01234567 5012 faf0 0000 0003")));
  tcp.mss = 1460;
  EXPECT_EQ(emit_tcp(tcp, out), 24u);
  EXPECT_EQ(to_hex(std::span(out).first(25)),
            to_hex(hex("c350 0050 89abcdef 01234567 6012 faf0 0000 0003 020405b4 ee")));
}

TEST(WireTcp, EmitsAllOptionsAndSackBlocksThatFit) {
  TcpSegment syn;
  syn.flags = TcpFlags::kSyn;
  syn.mss = 1460;
  syn.sack_permitted = true;
  syn.timestamps = TcpTimestamps{1, 2};
  syn.window_scale = 7;
  std::array<std::byte, kTcpHeaderMax> out;
  ASSERT_EQ(emit_tcp(syn, out), 40u);
  EXPECT_EQ(to_hex(std::span(out).subspan(20, 20)),
            to_hex(hex("020405b4 0402 080a 00000001 00000002 01 030307")));

  TcpSegment ack;
  ack.timestamps = TcpTimestamps{1, 2};
  ack.sack_count = 4;
  for (std::uint32_t i = 0; i < 4; ++i) ack.sack[i] = SackBlock{Seq(i), Seq(i + 1)};
  ASSERT_EQ(emit_tcp(ack, out), 60u);
  EXPECT_EQ(parse_tcp(out)->sack_blocks().size(), 3u) << "three beside timestamps (RFC 2018, 3)";
  EXPECT_EQ(parse_tcp(out)->timestamps, ack.timestamps);
  ack.timestamps.reset();
  ASSERT_EQ(emit_tcp(ack, out), 56u);
  EXPECT_EQ(parse_tcp(std::span(out).first(56))->sack_blocks().size(), 4u);
}

Checksum sum_of(std::span<const std::byte> header) {
  Checksum sum;
  sum.add(header);
  return sum;
}

TEST(WireTcp, ChecksumsAHeaderWithoutPayload) {
  auto header = hex("1f90 d431 00000000 7b0cd0cb 5014 0000 0000 0000");
  finish_tcp_checksum(header, sum_of(header), kA, kB, {});
  EXPECT_EQ(to_hex(std::span(header).subspan(16, 2)), "5b 9a");
  EXPECT_TRUE(verify_tcp_checksum(header, kA, kB));
}

TEST(WireTcp, ChecksumsPayloadInOddPieces) {
  test::Random random(3);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::byte> payload(random.below(200));
    for (auto& b : payload) b = static_cast<std::byte>(random.below(256));
    const auto cut = static_cast<std::size_t>(random.below(payload.size() + 1));
    const std::array<std::span<const std::byte>, 2> pieces{std::span(payload).first(cut),
                                                           std::span(payload).subspan(cut)};
    auto whole = segment("5018");
    finish_tcp_checksum(whole, sum_of(whole), kA, kB, pieces);
    whole.insert(whole.end(), payload.begin(), payload.end());
    ASSERT_TRUE(verify_tcp_checksum(whole, kA, kB));
    ASSERT_FALSE(verify_tcp_checksum(whole, kA, IpAddress::v4(10, 77, 0, 3)))
        << "meant for another";
    whole[random.below(whole.size())] ^= static_cast<std::byte>(1u << random.below(8));
    ASSERT_FALSE(verify_tcp_checksum(whole, kA, kB)) << "one bit flipped";
  }
}

// For any bytes, the parser reads nothing outside (the sanitizers watch) and the payload lies
// within.
TEST(WireTcp, RandomBytes) {
  test::Random random(4);
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::byte> bytes(random.below(80));
    for (auto& b : bytes) b = static_cast<std::byte>(random.below(256));
    if (const auto tcp = parse_tcp(bytes)) {
      ASSERT_LE(tcp->payload.size(), bytes.size() - kTcpHeaderMin);
    }
  }
}

}  // namespace
}  // namespace conker
