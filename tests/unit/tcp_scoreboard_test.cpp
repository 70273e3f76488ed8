// The scoreboard of segments in flight, compared with a model.
#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "stack/tcp/scoreboard.hpp"
#include "tests/support/random.hpp"

namespace conker {
namespace {

class ScoreboardTest : public testing::TestWithParam<std::uint32_t> {
 protected:
  ScoreboardTest() : storage_(1 << 16), arena_(bytes()), pool_(arena_, kChunks, GetParam()) {
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

struct Known {
  Seq begin, end;
  std::uint32_t sent_at = 0;
  bool sacked = false, lost = false;
};

TEST_P(ScoreboardTest, BehavesLikeAModelAndFreesItsChunks) {
  test::Random random(1);
  std::uint32_t next = 0xffff0000u;
  const std::uint32_t handle = Scoreboard::open(pool_, Seq(next));
  ASSERT_NE(handle, 0u);
  Scoreboard scoreboard(pool_, handle);
  std::deque<Known> model;
  bool merged = false;
  for (std::uint32_t step = 0; step < 20000; ++step) {
    const auto any = [&] { return random.below(static_cast<std::uint32_t>(model.size())); };
    const auto number = [&](std::uint32_t i) {
      return static_cast<Scoreboard::Number>(scoreboard.first() + i);
    };
    if (random.below(100) < (step % 4000 < 2000 ? 60u : 40u)) {
      const auto past = scoreboard.past();
      scoreboard.push(Seq(next + 100), step);
      if (scoreboard.past() == past) {  // no room: it was joined to the last record
        merged = true;
        model.back() = {model.back().begin, Seq(next + 100), step};
      } else {
        model.push_back({Seq(next), Seq(next + 100), step});
      }
      next += 100;
    } else if (!model.empty()) {
      scoreboard.pop_front();
      model.pop_front();
    }
    if (!model.empty()) {
      const std::uint32_t i = any();
      const bool lump = scoreboard.flight().lump && i + 1 == model.size();
      if (random.below(2) == 0) {
        if (!model[i].sacked && !lump) {
          scoreboard.mark_sacked(number(i));
          model[i].sacked = true;
          model[i].lost = false;
        }
      } else if (!model[i].sacked && !model[i].lost) {
        scoreboard.mark_lost(number(i));
        model[i].lost = true;
      } else if (model[i].lost) {
        scoreboard.put_out(number(i), step);
        scoreboard[number(i)].flags |= SentSegment::kResent;
        model[i].lost = false;
        model[i].sent_at = step;
      }
      const std::uint32_t from = any();
      std::uint32_t unsacked = from;
      while (unsacked < model.size() && model[unsacked].sacked) ++unsacked;
      ASSERT_EQ(scoreboard.skip_sacked(number(from)), number(unsacked));
      ASSERT_EQ(scoreboard.find(model[from].begin), number(from));
      ASSERT_EQ(scoreboard.find(model[from].begin + 1), number(from + 1));
      ASSERT_EQ(scoreboard.flight().end, model.back().end);
    }
    std::uint32_t pipe = 0, sacked = 0, lost = 0;
    std::size_t i = 0;
    scoreboard.for_each([&](const SentSegment& s, Seq end) {
      if (testing::Test::HasFailure()) return;
      const Known& known = model.at(i++);
      EXPECT_EQ(s.begin, known.begin);
      EXPECT_EQ(end, known.end);
      EXPECT_EQ(s.sent_at, known.sent_at);
      EXPECT_EQ(s.sacked(), known.sacked);
      EXPECT_EQ(s.lost(), known.lost);
      const auto length = static_cast<std::uint32_t>(end - s.begin);
      if (s.in_pipe()) pipe += length;
      if (s.sacked()) sacked += length;
      if (s.lost()) ++lost;
    });
    ASSERT_FALSE(testing::Test::HasFailure()) << "step " << step;
    const Flight& f = scoreboard.flight();
    ASSERT_EQ(i, model.size());
    ASSERT_EQ(f.pipe, pipe);
    ASSERT_EQ(f.sacked, sacked);
    ASSERT_EQ(f.lost, lost);
    if (random.below(4) == 0) {
      std::uint32_t lowest = 0;
      while (lowest < model.size() && !model[lowest].lost) ++lowest;
      ASSERT_EQ(scoreboard.first_lost(), number(lowest));
    }
    Scoreboard::Number at = f.waiting.head;
    for (std::uint32_t n = 1; n < f.waiting.count; ++n) {
      ASSERT_TRUE(scoreboard[at].in_pipe());
      ASSERT_LE(scoreboard[at].sent_at, scoreboard[scoreboard[at].next].sent_at)
          << "not in the order they were sent";
      at = scoreboard[at].next;
    }
    ASSERT_EQ(Scoreboard::chunks(pool_, handle), kChunks - pool_.free());
  }
  EXPECT_EQ(merged, GetParam() < 8192) << "only the small pools run out";
  Scoreboard::close(pool_, handle);
  EXPECT_EQ(pool_.free(), kChunks);
}

INSTANTIATE_TEST_SUITE_P(ChunkBytes, ScoreboardTest, testing::Values(256u, 512u, 8192u));

}  // namespace
}  // namespace conker
