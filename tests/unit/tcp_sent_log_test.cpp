// The log of what is out, against a model.
#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "stack/tcp/sent_log.hpp"
#include "tests/support/random.hpp"

namespace conker {
namespace {

class SentLogTest : public testing::TestWithParam<std::uint32_t> {
 protected:
  SentLogTest() : storage_(1 << 16), arena_(bytes()), pool_(arena_, kChunks, GetParam()) {
    pool_.open(Use::kScoreboard, 0, kChunks);
  }

  std::span<std::byte> bytes() {
    auto all = std::as_writable_bytes(std::span(storage_));
    return all.subspan(16 - reinterpret_cast<std::uintptr_t>(all.data()) % 16);
  }

  static constexpr std::uint32_t kChunks = 6;
  std::vector<std::uint64_t> storage_;
  Arena arena_;
  ChunkPool pool_;
};

TEST_P(SentLogTest, IsAQueueThatGivesItsChunksBack) {
  test::Random random(1);
  const std::uint32_t name = SentLog::open(pool_, Seq(0));
  ASSERT_NE(name, 0u);
  SentLog log(pool_, name);
  std::deque<SentSegment> model;
  std::uint32_t next = 0xffff0000u;
  bool merged = false;
  for (int step = 0; step < 20000; ++step) {
    if (random.below(100) < (step % 4000 < 2000 ? 60u : 40u)) {
      SentSegment s{.begin = Seq(next), .end = Seq(next + 100), .sent_at = static_cast<std::uint32_t>(step)};
      next += 100;
      log.push(s);
      if (log.back()->begin != s.begin) {  // no room: it was added to the last
        merged = true;
        model.back().end = s.end;
        model.back().sent_at = s.sent_at;
      } else {
        model.push_back(s);
      }
    } else if (!model.empty()) {
      ASSERT_NE(log.front(), nullptr);
      ASSERT_EQ(log.front()->begin, model.front().begin);
      log.pop_front();
      model.pop_front();
    }
    ASSERT_EQ(log.front() == nullptr, model.empty());
    std::size_t i = 0;
    log.for_each([&](const SentSegment& s) {
      EXPECT_EQ(s.begin, model[i].begin);
      EXPECT_EQ(s.end, model[i].end);
      EXPECT_EQ(s.sent_at, model[i].sent_at);
      ++i;
      return !testing::Test::HasFailure();
    });
    ASSERT_EQ(i, model.size());
    if (!model.empty()) {
      ASSERT_EQ(log.back()->end, model.back().end);
    }
    ASSERT_EQ(SentLog::chunks(pool_, name), kChunks - pool_.free());
  }
  EXPECT_EQ(merged, GetParam() == 256) << "only the small pool runs out";
  SentLog::close(pool_, name);
  EXPECT_EQ(pool_.free(), kChunks);
}

INSTANTIATE_TEST_SUITE_P(ChunkBytes, SentLogTest, testing::Values(256u, 8192u));

}  // namespace
}  // namespace conker
