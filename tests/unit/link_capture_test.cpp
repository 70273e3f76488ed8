#include <gtest/gtest.h>

#include "stack/link/capture.hpp"
#include "stack/link/observed.hpp"
#include "tests/support/frames.hpp"

namespace conker {
namespace {

using test::bytes_of;
using test::hex;
using test::TestLink;
using test::to_hex;

class MemorySink final : public CaptureSink {
 public:
  bool write(std::span<const std::byte> bytes) override {
    if (file.size() + bytes.size() > room) return false;
    file.insert(file.end(), bytes.begin(), bytes.end());
    return true;
  }
  std::size_t room = 1 << 20;
  std::vector<std::byte> file;
};

constexpr std::string_view kFileHeader =
    "d4 c3 b2 a1 02 00 04 00 00 00 00 00 00 00 00 00 00 00 04 00 01 00 00 00";

class CaptureTest : public ::testing::Test {
 protected:
  CaptureTest() { observed_.observers().add(capture_); }

  std::string rest(std::size_t from) { return to_hex(std::span(sink_.file).subspan(from)); }
  std::size_t receive(Instant now) {
    std::array<FrameIn, 4> batch;
    return observed_.receive(batch, now);
  }
  bool send(std::span<const std::span<const std::byte>> parts, Instant now) {
    return observed_.send(FrameOut{parts}, now);
  }

  TestLink link_;
  MemorySink sink_;
  ObservedLink observed_{link_};
  Capture capture_;
};

TEST_F(CaptureTest, BeginsWithTheFileHeader) {
  ASSERT_TRUE(capture_.start(sink_, 0));
  EXPECT_EQ(rest(0), kFileHeader);
}

TEST_F(CaptureTest, WritesBothDirectionsWithTheirTimes) {
  ASSERT_TRUE(capture_.start(sink_, 1'700'000'000'000'000));
  link_.arriving.push_back({bytes_of("in")});
  EXPECT_EQ(receive(Instant(1s + 5us)), 1u);
  const auto front = bytes_of("ou");
  const auto back = bytes_of("t");
  const std::array<std::span<const std::byte>, 2> parts{front, back};
  EXPECT_TRUE(send(parts, Instant(2s)));
  EXPECT_EQ(capture_.frames(), 2u);
  EXPECT_EQ(rest(24), to_hex(hex("01f15365 05000000 02000000 02000000 696e"
                                 "02f15365 00000000 03000000 03000000 6f7574")));
  observed_.flush(Instant(2s));
  EXPECT_EQ(to_hex(link_.take()), to_hex(bytes_of("out"))) << "what is captured also passes";
}

TEST_F(CaptureTest, DoesNotWriteWhatTheLinkRefused) {
  ASSERT_TRUE(capture_.start(sink_, 0));
  link_.busy = true;
  const auto bytes = bytes_of("out");
  const std::array<std::span<const std::byte>, 1> parts{bytes};
  EXPECT_FALSE(send(parts, Instant(2s)));
  EXPECT_EQ(capture_.frames(), 0u);
  EXPECT_EQ(sink_.file.size(), 24u);
}

TEST_F(CaptureTest, EndsWhenTheSinkIsFull) {
  sink_.room = 50;
  ASSERT_TRUE(capture_.start(sink_, 0));
  for (int i = 0; i < 2; ++i) link_.arriving.push_back({bytes_of("0123456789")});
  EXPECT_EQ(receive(Instant(1s)), 2u) << "the frames still arrive";
  EXPECT_FALSE(capture_.active());
  EXPECT_EQ(capture_.frames(), 1u);
}

TEST_F(CaptureTest, DoesNotStartOnASinkThatFails) {
  sink_.room = 3;
  EXPECT_FALSE(capture_.start(sink_, 0));
  EXPECT_FALSE(capture_.active());
}

TEST_F(CaptureTest, WritesNothingWhenStopped) {
  ASSERT_TRUE(capture_.start(sink_, 0));
  capture_.stop();
  link_.arriving.push_back({bytes_of("in")});
  EXPECT_EQ(receive(Instant(1s)), 1u);
  EXPECT_EQ(sink_.file.size(), 24u);
}

TEST_F(CaptureTest, CutsFramesLongerThanTheSnapshotLength) {
  ASSERT_TRUE(capture_.start(sink_, 0));
  const std::vector<std::byte> half(200000);
  const std::array<std::span<const std::byte>, 2> parts{half, half};
  EXPECT_TRUE(send(parts, Instant(0s)));
  EXPECT_EQ(sink_.file.size(), 24u + 16 + 262144);
  EXPECT_EQ(to_hex(std::span(sink_.file).subspan(32, 8)), "00 00 04 00 80 1a 06 00");
}

}  // namespace
}  // namespace conker
