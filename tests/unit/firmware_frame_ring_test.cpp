// The ring between the firmware's receive interrupt and its main loop.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <deque>
#include <vector>

#include "firmware/chip/frame_ring.hpp"
#include "tests/support/random.hpp"

namespace conker::chip {
namespace {

class FrameRingTest : public testing::Test {
 protected:
  /// Writes as the receiver does: the length of frame and CRC, the frame, four bytes of CRC.
  bool write(std::uint32_t length) {
    std::uint32_t* room = ring_.room();
    if (room == nullptr) return false;
    std::vector<std::byte> frame(length);
    for (std::byte& byte : frame) byte = static_cast<std::byte>(next_++);
    auto* at = reinterpret_cast<std::byte*>(room);
    const auto total = static_cast<std::uint16_t>(length + FrameRing::kOverhead);
    std::memcpy(at, &total, sizeof total);
    std::memcpy(at + sizeof total, frame.data(), frame.size());
    ring_.push();
    expected_.push_back(std::move(frame));
    return true;
  }

  /// Reads up to `most` frames, which must be the oldest ones.
  std::size_t read(std::size_t most) {
    std::array<FrameIn, 8> batch;
    ring_.release();
    const std::size_t count = ring_.peek(std::span(batch).first(most));
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_FALSE(expected_.empty());
      if (expected_.empty()) return count;
      EXPECT_TRUE(std::equal(batch[i].bytes.begin(), batch[i].bytes.end(),
                             expected_.front().begin(), expected_.front().end()));
      expected_.pop_front();
    }
    return count;
  }

  std::array<std::uint32_t, 1200> words_{};
  FrameRing ring_{words_};
  std::deque<std::vector<std::byte>> expected_;
  std::uint32_t next_ = 0;
};

TEST_F(FrameRingTest, EmptyGivesNothing) {
  EXPECT_TRUE(ring_.empty());
  EXPECT_EQ(read(8), 0u);
}

TEST_F(FrameRingTest, TheIpHeaderIsAligned) {
  ASSERT_TRUE(write(60));
  std::array<FrameIn, 1> batch;
  ASSERT_EQ(ring_.peek(batch), 1u);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(batch[0].bytes.data() + 14) % 4, 0u);
}

TEST_F(FrameRingTest, HasNoRoomUntilFramesAreReleased) {
  while (write(FrameRing::kMaxFrame)) {
  }
  const std::size_t written = expected_.size();
  EXPECT_EQ(written, 3u);
  std::array<FrameIn, 8> batch;
  ring_.release();
  EXPECT_EQ(ring_.peek(batch), written);
  EXPECT_EQ(ring_.room(), nullptr);
  ring_.release();
  EXPECT_TRUE(ring_.empty());
  EXPECT_NE(ring_.room(), nullptr);
}

TEST_F(FrameRingTest, NothingIsLostOrSwapped) {
  test::Random random(3);
  std::uint64_t written = 0, refused = 0;
  for (int step = 0; step < 200'000; ++step) {
    if (random.below(2) == 0) {
      const std::uint32_t length =
          random.below(2) == 0 ? 14 + random.below(80) : 14 + random.below(1501);
      ++(write(length) ? written : refused);
    } else {
      read(1 + random.below(8));
    }
    ASSERT_FALSE(HasFailure()) << "step " << step;
  }
  while (read(8) != 0) {
  }
  EXPECT_TRUE(expected_.empty());
  EXPECT_GT(written, 50'000u);
  EXPECT_GT(refused, 100u);
}

}  // namespace
}  // namespace conker::chip
