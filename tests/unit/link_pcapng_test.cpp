// The blocks of a pcapng file, byte by byte (draft-ietf-opsawg-pcapng).
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "stack/link/pcapng.hpp"
#include "tests/support/frames.hpp"

namespace conker {
namespace {

class PcapngTest : public ::testing::Test, public CaptureSink {
 protected:
  bool write(std::span<const std::byte> bytes) override {
    if (written.size() + bytes.size() > room) return false;
    written.insert(written.end(), bytes.begin(), bytes.end());
    return true;
  }
  void expect(std::string_view block) {
    EXPECT_EQ(test::to_hex(written), test::to_hex(test::hex(block)));
  }

  std::size_t room = std::size_t{1} << 20;
  std::vector<std::byte> written;
  Pcapng file{*this};
};

TEST_F(PcapngTest, SectionHeader) {
  ASSERT_TRUE(file.section({"chip", "", "conker", "{}"}));
  expect(
      "0a0d0d0a 3c000000 4d3c2b1a 0100 0000 ffffffffffffffff"
      "0200 0400 63686970"
      "0400 0600 636f6e6b6572 0000"
      "0100 0200 7b7d 0000"
      "0000 0000 3c000000");
}

TEST_F(PcapngTest, InterfaceWithTimesInMicroseconds) {
  ASSERT_TRUE(file.interface("lan", "tap0!"));
  expect(
      "01000000 34000000 0100 0000 00000400"
      "0200 0300 6c616e 00"
      "0300 0500 7461703021 000000"
      "0900 0100 06 000000"
      "0000 0000 34000000");
}

TEST_F(PcapngTest, PacketInPartsWithItsDirection) {
  const auto front = test::bytes_of("ou"), back = test::bytes_of("tgo");
  const std::array<std::span<const std::byte>, 2> parts{front, back};
  ASSERT_TRUE(file.packet({.at_us = 0x5'0000'0007, .direction = Direction::kOut}, parts));
  expect(
      "06000000 34000000 00000000 05000000 07000000 05000000 05000000"
      "6f7574676f 000000"
      "0200 0400 02000000"
      "0000 0000 34000000");
}

TEST_F(PcapngTest, PacketWithComments) {
  const auto bytes = test::bytes_of("data");
  const std::array<std::span<const std::byte>, 1> parts{bytes};
  const std::array<std::string_view, 2> comments{"late", "wrong"};
  ASSERT_TRUE(file.packet({.comments = comments}, parts));
  expect(
      "06000000 44000000 00000000 00000000 00000000 04000000 04000000 64617461"
      "0100 0400 6c617465"
      "0100 0500 77726f6e67 000000"
      "0200 0400 01000000"
      "0000 0000 44000000");
}

TEST_F(PcapngTest, LongFrameIsCutAtTheSnapshotLength) {
  const std::vector<std::byte> bytes(Pcapng::kSnapshotLength + 5);
  const std::array<std::span<const std::byte>, 1> parts{bytes};
  ASSERT_TRUE(file.packet({}, parts));
  EXPECT_EQ(test::to_hex(std::span(written).subspan(20, 8)), "00 00 04 00 05 00 04 00");
  EXPECT_EQ(written.size(), 28 + Pcapng::kSnapshotLength + 12 + 4);
}

TEST_F(PcapngTest, Statistics) {
  ASSERT_TRUE(
      file.statistics({.at_us = 1, .begin_us = 2, .end_us = 3, .received = 4, .delivered = 5}));
  expect(
      "05000000 4c000000 00000000 00000000 01000000"
      "0200 0800 00000000 02000000"
      "0300 0800 00000000 03000000"
      "0400 0800 0400000000000000"
      "0800 0800 0500000000000000"
      "0000 0000 4c000000");
}

TEST_F(PcapngTest, LongTextIsCut) {
  ASSERT_TRUE(file.section({.comment = std::string(70'000, 'x')}));
  EXPECT_EQ(written.size(), 28u + 4 + 65'536 + 4);
}

TEST_F(PcapngTest, SinkThatIsFull) {
  room = 30;
  EXPECT_FALSE(file.section({"chip", "", "conker", "{}"}));
}

}  // namespace
}  // namespace conker
