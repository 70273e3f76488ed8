#include <gtest/gtest.h>

#include "stack/verdict/segment.hpp"
#include "tests/support/frames.hpp"
#include "tests/support/segment.hpp"

namespace conker {
namespace {

using verdict::Parsed;
using verdict::Segment;

constexpr std::size_t kIp = 14, kTcp = 34;

class VerdictSegmentTest : public ::testing::Test {
 protected:
  test::Bytes frame() const {
    return test::encode(wire_, MacAddress{{2, 0, 0, 0, 0, 1}}, MacAddress{{2, 0, 0, 0, 0, 2}});
  }
  Parsed parse(const test::Bytes& bytes) { return verdict::parse(bytes, segment_); }

  test::WireSegment wire_ = [] {
    test::WireSegment wire;
    wire.source = IpAddress::v4(10, 0, 0, 1);
    wire.destination = IpAddress::v4(10, 0, 0, 2);
    wire.source_port = 1000;
    wire.destination_port = 80;
    wire.seq = 0xfffffffe;
    wire.ack = 7;
    wire.flags = test::kAck | test::kFin;
    wire.window = 512;
    wire.data = "text";
    return wire;
  }();
  Segment segment_;
};

/// Recomputes the IPv4 header's checksum.
void finish_ip(test::Bytes& bytes, std::size_t header) {
  bytes[kIp + 10] = bytes[kIp + 11] = std::byte{0};
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < header; i += 2)
    sum += std::to_integer<std::uint32_t>(bytes[kIp + i]) << 8 |
           std::to_integer<std::uint32_t>(bytes[kIp + i + 1]);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  bytes[kIp + 10] = static_cast<std::byte>(~sum >> 8 & 0xff);
  bytes[kIp + 11] = static_cast<std::byte>(~sum & 0xff);
}

TEST_F(VerdictSegmentTest, ParsesAHeader) {
  const auto bytes = frame();
  ASSERT_EQ(parse(bytes), Parsed::kTcp);
  const FourTuple of_sender{wire_.source, wire_.destination, Port{1000}, Port{80}};
  EXPECT_EQ(segment_.of_sender(), of_sender);
  const FourTuple of_receiver{wire_.destination, wire_.source, Port{80}, Port{1000}};
  EXPECT_EQ(segment_.of_receiver(), of_receiver);
  EXPECT_EQ(segment_.seq, Seq(0xfffffffe));
  EXPECT_EQ(segment_.ack, Seq(7));
  EXPECT_EQ(segment_.window, 512);
  EXPECT_EQ(segment_.data.size(), 4u);
  EXPECT_EQ(segment_.length(), 5u);
  EXPECT_EQ(segment_.end(), Seq(3));
  EXPECT_FALSE(segment_.opens());
  EXPECT_FALSE(segment_.timestamps || segment_.sack_permitted);
  EXPECT_EQ(segment_.scale, Segment::kNoScale);
}

TEST_F(VerdictSegmentTest, ParsesOptions) {
  wire_.flags = test::kSyn;
  wire_.data = {};
  wire_.mss = 1460;
  wire_.options.window_scale = 255;
  wire_.options.sack_permitted = true;
  wire_.options.timestamps = {17, 4};
  ASSERT_EQ(parse(frame()), Parsed::kTcp);
  EXPECT_TRUE(segment_.opens() && segment_.sack_permitted && segment_.timestamps);
  EXPECT_EQ(segment_.mss, 1460);
  EXPECT_EQ(segment_.scale, 14) << "RFC 7323, 2.3: more counts as 14";
  EXPECT_EQ(segment_.timestamp, 17u);
}

TEST_F(VerdictSegmentTest, ParsesSackBlocks) {
  wire_.options.sack = {{10, 20}, {30, 40}};
  ASSERT_EQ(parse(frame()), Parsed::kTcp);
  ASSERT_EQ(segment_.block_count, 2);
  EXPECT_EQ(segment_.blocks[1].left, Seq(30));
  EXPECT_EQ(segment_.blocks[1].right, Seq(40));
  wire_.options.sack.clear();
  ASSERT_EQ(parse(frame()), Parsed::kTcp);
  EXPECT_EQ(segment_.block_count, 0) << "of the segment before";
}

TEST_F(VerdictSegmentTest, DetectsEachFlippedBitOfIpAndTcp) {
  const auto good = frame();
  for (std::size_t bit = kIp * 8; bit < good.size() * 8; ++bit) {
    auto bytes = good;
    bytes[bit / 8] ^= std::byte{1} << bit % 8;
    EXPECT_TRUE(malformed(parse(bytes))) << "bit " << bit;
  }
}

TEST_F(VerdictSegmentTest, DetectsATruncatedFrame) {
  const auto good = frame();
  for (std::size_t size = 0; size < good.size(); ++size) {
    const test::Bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_TRUE(malformed(parse(cut))) << size << " bytes";
  }
}

TEST_F(VerdictSegmentTest, SkipsPaddingAndIpOptions) {
  auto bytes = frame();
  bytes.insert(bytes.end(), 9, std::byte{0xee});
  EXPECT_EQ(parse(bytes), Parsed::kTcp);
  EXPECT_EQ(segment_.data.size(), 4u);
  bytes = frame();
  bytes.insert(bytes.begin() + kTcp, 4, std::byte{1});
  bytes[kIp] = std::byte{0x46};
  bytes[kIp + 3] = static_cast<std::byte>(bytes.size() - kIp);
  finish_ip(bytes, 24);
  EXPECT_EQ(parse(bytes), Parsed::kTcp);
  EXPECT_EQ(segment_.data.size(), 4u);
}

TEST_F(VerdictSegmentTest, IgnoresOtherPackets) {
  auto bytes = frame();
  bytes[kIp + 6] |= std::byte{0x20};
  finish_ip(bytes, 20);
  EXPECT_EQ(parse(bytes), Parsed::kOther) << "a fragment";
  bytes = frame();
  bytes[kIp + 9] = std::byte{17};
  finish_ip(bytes, 20);
  EXPECT_EQ(parse(bytes), Parsed::kOther) << "UDP";
  bytes[13] = std::byte{6};
  EXPECT_EQ(parse(bytes), Parsed::kOther) << "ARP";
}

// ---- IPv6 ----

/// The segment of the frame over IPv6, with `chain` between its header and TCP's; `first` is the
/// type of the first header in it.
test::Bytes over_v6(std::uint8_t first, std::string_view chain, std::string_view padding = {}) {
  const auto between = test::hex(chain);
  // Ports 1000 and 80, seq fffffffe, ack 7, FIN and ACK, window 512, "text".
  auto tcp = test::hex("03e8 0050 fffffffe 00000007 50 11 0200 0000 0000 74657874");
  const test::Bytes source = test::hex("20010db8 00000000 00000000 00000001");
  const test::Bytes destination = test::hex("fe800000 00000000 00000000 00000002");
  std::uint32_t sum = 6 + static_cast<std::uint32_t>(tcp.size());
  for (const auto& piece : {source, destination, tcp}) {
    for (std::size_t i = 0; i < piece.size(); ++i)
      sum += std::to_integer<std::uint32_t>(piece[i]) << (i % 2 == 0 ? 8 : 0);
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  tcp[16] = static_cast<std::byte>(~sum >> 8 & 0xff);
  tcp[17] = static_cast<std::byte>(~sum & 0xff);
  auto bytes = test::hex("020000000002 020000000001 86dd 60000000 0000 00 40");
  bytes[19] = static_cast<std::byte>(between.size() + tcp.size());
  bytes[20] = std::byte{first};
  for (const auto& piece : {source, destination, between, tcp, test::hex(padding)})
    bytes.insert(bytes.end(), piece.begin(), piece.end());
  return bytes;
}

TEST_F(VerdictSegmentTest, ParsesIpv6) {
  const auto bytes = over_v6(6, "");
  ASSERT_EQ(parse(bytes), Parsed::kTcp);
  EXPECT_EQ(segment_.source, (Endpoint{*IpAddress::parse("2001:db8::1"), Port{1000}}));
  EXPECT_EQ(segment_.destination, (Endpoint{*IpAddress::parse("fe80::2"), Port{80}}));
  EXPECT_EQ(segment_.seq, Seq(0xfffffffe));
  EXPECT_EQ(segment_.window, 512);
  EXPECT_EQ(segment_.data.size(), 4u);
  EXPECT_EQ(segment_.ip_id, 0);
}

TEST_F(VerdictSegmentTest, PassesExtensionHeaders) {
  for (const auto& [first, chain] : std::initializer_list<std::pair<std::uint8_t, const char*>>{
           {0, "3c00 0104 00000000 2b00 0104 00000000 0600 0000 00000000"},
           {44, "0600 0000 12345678"},
           {60, "0601 010c 0000000000000000 00000000"}}) {
    ASSERT_EQ(parse(over_v6(first, chain)), Parsed::kTcp) << chain;
    EXPECT_EQ(segment_.data.size(), 4u);
    EXPECT_EQ(segment_.source.port, Port{1000});
  }
  EXPECT_EQ(parse(over_v6(44, "0600 0001 12345678")), Parsed::kOther) << "a fragment";
  EXPECT_EQ(parse(over_v6(17, "")), Parsed::kOther) << "UDP";
  EXPECT_TRUE(malformed(parse(over_v6(60, "06ff 0104 00000000"))));
}

TEST_F(VerdictSegmentTest, DetectsEachFlippedBitOfTcpOverIpv6) {
  constexpr std::size_t kAddresses = 22;
  const auto good = over_v6(6, "");
  for (std::size_t bit = kAddresses * 8; bit < good.size() * 8; ++bit) {
    auto bytes = good;
    bytes[bit / 8] ^= std::byte{1} << bit % 8;
    EXPECT_TRUE(malformed(parse(bytes))) << "bit " << bit;
  }
}

TEST_F(VerdictSegmentTest, DetectsATruncatedFrameOfIpv6) {
  const auto good = over_v6(60, "0600 0104 00000000");
  for (std::size_t size = 0; size < good.size(); ++size) {
    const test::Bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_TRUE(malformed(parse(cut))) << size << " bytes";
  }
}

TEST_F(VerdictSegmentTest, SeesPaddingBehindIpv6) {
  EXPECT_EQ(parse(over_v6(6, "", "0000")), Parsed::kTcp);
  EXPECT_FALSE(segment_.padding_leak);
  EXPECT_EQ(parse(over_v6(6, "", "0001")), Parsed::kTcp);
  EXPECT_TRUE(segment_.padding_leak);
  EXPECT_EQ(segment_.data.size(), 4u);
}

}  // namespace
}  // namespace conker
