// The ways that tell small windows: what is told in which segment, and the checksum.
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <vector>

#include "stack/strike/narrow_windows.hpp"
#include "stack/verdict/segment.hpp"
#include "tests/unit/outgoing_frame.hpp"

namespace conker {
namespace {

constexpr std::uint8_t kAck = TcpFlags::kAck, kSyn = TcpFlags::kSyn, kRst = TcpFlags::kRst;
const FourTuple kTuple{IpAddress::v4(10, 0, 0, 2), IpAddress::v4(10, 0, 0, 1), Port{5000}, Port{7}};
constexpr std::uint32_t kWindow = NarrowWindows::kWindow;

class NarrowWindowsTest : public ::testing::Test {
 protected:
  /// The window that a segment with this one tells; the frame must be right after it, too.
  std::uint32_t told(std::uint8_t flags, std::uint32_t ack, std::uint16_t window = 40'000,
                     const FourTuple& tuple = kTuple) {
    const auto head = test::headers_of(
        tuple, {.acknowledgment = Seq(ack), .flags = flags, .window = window}, text_);
    const std::array<std::span<const std::byte>, 2> parts{head, text_};
    const FrameOut edited = narrow_.edit({.parts = parts});
    std::vector<std::byte> whole;
    for (const auto part : edited.parts) whole.insert(whole.end(), part.begin(), part.end());
    verdict::Segment seen;
    EXPECT_EQ(verdict::parse(whole, seen), verdict::Parsed::kTcp);
    return seen.window;
  }

  NarrowWindows narrow_;
  std::array<std::byte, 5> text_{std::byte{1}, std::byte{2}, std::byte{3}};
};

TEST_F(NarrowWindowsTest, ASmallOneFollowsWhatHasCome) {
  narrow_.open(kTuple);
  EXPECT_EQ(told(kSyn, 0), kWindow);
  EXPECT_EQ(told(kSyn, 0), kWindow) << "sent again";
  narrow_.established(kTuple, 0, false);
  for (const std::uint32_t ack : {1u, 65u, 66u, 100u}) EXPECT_EQ(told(kAck, ack), kWindow);
}

TEST_F(NarrowWindowsTest, OneThatIsShutStaysWhereItIs) {
  narrow_.open(kTuple);
  EXPECT_EQ(told(kSyn, 0), kWindow);
  narrow_.established(kTuple, 0, true);
  EXPECT_EQ(told(kAck, 0xfffffff0), kWindow);
  EXPECT_EQ(told(kAck, 0xfffffffa), kWindow - 10);
  EXPECT_EQ(told(kAck, 0xfffffff0 + kWindow), 0u);
  EXPECT_EQ(told(kAck, 0xfffffff1 + kWindow), 0u) << "a probe came";
  narrow_.release(kTuple);
  EXPECT_EQ(told(kAck, 0xfffffff1 + kWindow), 40'000u);
}

TEST_F(NarrowWindowsTest, TheEdgeDoesNotGoBackWhereWindowsAreScaled) {
  narrow_.open(kTuple);
  narrow_.established(kTuple, 6, true);
  EXPECT_EQ(told(kAck, 1), 1u);
  EXPECT_EQ(told(kAck, 2), 1u) << "a window of 0 would take 63 bytes back";
  EXPECT_EQ(told(kAck, 65), 0u);
  narrow_.established(kTuple, 8, false);
  EXPECT_EQ(told(kAck, 66), 1u) << "of 256 bytes, the least that there is";
}

TEST_F(NarrowWindowsTest, NeverMoreThanThereIs) {
  narrow_.open(kTuple);
  narrow_.established(kTuple, 0, false);
  EXPECT_EQ(told(kAck, 1, 10), 10u);
  EXPECT_EQ(told(kAck, 1, 0), 0u);
}

TEST_F(NarrowWindowsTest, OthersAreToldAsTheyAre) {
  FourTuple other = kTuple;
  EXPECT_EQ(told(kSyn, 0), 40'000u);
  narrow_.open(kTuple);
  other.remote_port = Port{8};
  EXPECT_EQ(told(kSyn, 0, 40'000, other), 40'000u);
  narrow_.established(kTuple, 0, false);
  EXPECT_EQ(told(kRst, 1), 40'000u);
  EXPECT_EQ(told(kSyn, 0), 40'000u) << "the next connection with this four-tuple";
  EXPECT_EQ(told(kAck, 1), 40'000u);
}

TEST_F(NarrowWindowsTest, WhoComesLaterTakesThePlace) {
  FourTuple tuple = kTuple;
  for (std::uint16_t n = 0; n <= NarrowWindows::kMost; ++n) {
    tuple.local_port = Port{static_cast<std::uint16_t>(1000 + n)};
    narrow_.open(tuple);
  }
  EXPECT_EQ(told(kSyn, 0, 40'000, tuple), kWindow);
  tuple.local_port = Port{1001};
  EXPECT_EQ(told(kSyn, 0, 40'000, tuple), kWindow);
  tuple.local_port = Port{1000};
  EXPECT_EQ(told(kSyn, 0, 40'000, tuple), 40'000u);
}

}  // namespace
}  // namespace conker
