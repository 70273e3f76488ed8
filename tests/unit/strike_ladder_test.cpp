// The ladder of concurrency, fed with ends of cycles and times.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <functional>
#include <optional>

#include "stack/strike/ladder.hpp"

namespace conker::test {
namespace {

using Failures = std::optional<StrikeFailure>;

class LadderTest : public ::testing::Test {
 protected:
  static constexpr Instant kBegan{7s};

  void learn_up_to(std::uint32_t most) {
    ladder_.emplace(most, now_);
    begun_ = 0;
  }
  std::uint64_t begin() {
    ladder_->on_begin();
    return ++begun_;
  }
  /// `count` cycles, begun and ended now.
  void cycles(std::uint64_t count, Failures failure = std::nullopt) {
    for (; count != 0; --count) ladder_->on_end(begin(), failure, now_);
  }
  void step(Duration time) {
    now_ += time;
    ladder_->step(now_);
  }
  /// Lets a second pass at each rung; `rate` says how many complete at a concurrency.
  void climb(const std::function<std::uint64_t(std::uint32_t)>& rate) {
    for (int i = 0; i < 40 && ladder_->learning(); ++i) {
      cycles(rate(ladder_->limit()));
      step(Ladder::kLongest);
    }
    EXPECT_FALSE(ladder_->learning());
  }

  std::optional<Ladder> ladder_;
  std::uint64_t begun_ = 0;
  Instant now_ = kBegan;
};

TEST_F(LadderTest, StaysWhereMoreIsNoFaster) {
  learn_up_to(4096);
  climb([](std::uint32_t n) { return std::min(n, 8u) * 100; });
  EXPECT_EQ(ladder_->limit(), 8u);
  ASSERT_EQ(ladder_->rungs().size(), 6u) << "1, 2, 4, 8, and two that are no faster";
  EXPECT_EQ(ladder_->rungs()[3].rate, 800u);
  EXPECT_EQ(ladder_->rungs()[5].concurrency, 32u);
  EXPECT_FALSE(ladder_->failed());
  EXPECT_EQ(ladder_->bears(), 32u);
  EXPECT_EQ(ladder_->next_deadline(), kNever);
}

TEST_F(LadderTest, FivePercentMoreIsNoFaster) {
  learn_up_to(4096);
  climb([](std::uint32_t n) { return n == 1 ? 1'000u : n == 2 ? 1'050u : 1'051u; });
  EXPECT_EQ(ladder_->limit(), 4u) << "more than 5 % faster than one at a time";
  learn_up_to(4096);
  climb([](std::uint32_t n) { return n == 1 ? 1'000u : 1'050u; });
  EXPECT_EQ(ladder_->limit(), 1u);
  EXPECT_EQ(ladder_->rungs().size(), 3u);
}

TEST_F(LadderTest, TriesNoMoreThanItMay) {
  for (const std::uint32_t most : {1u, 5u, 64u}) {
    learn_up_to(most);
    climb([](std::uint32_t n) { return n * 100; });
    EXPECT_EQ(ladder_->limit(), most);
  }
  learn_up_to(UINT32_MAX);
  climb([](std::uint32_t n) { return n < 1'024 ? n * 2 : 1'024 + std::bit_width(n) * 200; });
  EXPECT_LE(ladder_->rungs().size(), Ladder::kMaxRungs);
}

TEST_F(LadderTest, ARungIsOverWhenEnoughHaveCompletedOrTheTimeIsUp) {
  learn_up_to(64);
  EXPECT_EQ(ladder_->next_deadline(), now_ + Ladder::kLongest);
  cycles(Ladder::kEnough - 1);
  step(Ladder::kShortest);
  EXPECT_EQ(ladder_->limit(), 1u);
  cycles(1);
  EXPECT_EQ(ladder_->next_deadline(), kBegan + Ladder::kShortest);
  step(0s);
  EXPECT_EQ(ladder_->limit(), 2u);
  EXPECT_EQ(ladder_->rungs()[0].rate, 2'000u);
  step(Ladder::kLongest - 1us);
  EXPECT_EQ(ladder_->limit(), 2u);
  step(1us);
  EXPECT_EQ(ladder_->limit(), 4u) << "though nothing completed";
}

TEST_F(LadderTest, ARefusalEndsTheLearningBelowIt) {
  learn_up_to(4096);
  for (int i = 0; i < 5; ++i) {
    cycles(100u << i);
    step(Ladder::kLongest);
  }
  ASSERT_EQ(ladder_->limit(), 32u);
  cycles(10);
  cycles(3, StrikeFailure::kSynReset);
  step(10us);
  EXPECT_FALSE(ladder_->learning());
  EXPECT_TRUE(ladder_->failed());
  EXPECT_EQ(ladder_->chosen(), 16u);
  EXPECT_EQ(ladder_->bears(), 16u);
  EXPECT_EQ(ladder_->limit(), 13u) << "three places are backed off";
  EXPECT_EQ(ladder_->excused(), 3u);
  step(Ladder::kBackOff);
  EXPECT_EQ(ladder_->limit(), 16u);
  EXPECT_EQ(ladder_->next_deadline(), kNever);
}

TEST_F(LadderTest, WhatIsRefusedAfterwardsIsNotExcused) {
  learn_up_to(2);
  climb([](std::uint32_t n) { return n * 100; });
  cycles(7, StrikeFailure::kSynReset);
  EXPECT_EQ(ladder_->excused(), 0u);
  EXPECT_EQ(ladder_->limit(), 1u) << "it backs off, but for one place";
  EXPECT_EQ(ladder_->next_deadline(), now_ + Ladder::kBackOff);
}

TEST_F(LadderTest, ACycleCountsForTheRungInWhichItWasBegun) {
  learn_up_to(64);
  cycles(100);
  step(Ladder::kLongest);
  cycles(200);
  step(Ladder::kLongest);  // cycle 301 on are the third's
  cycles(400);
  for (int i = 0; i < 5; ++i) begin();
  ladder_->on_end(300, StrikeFailure::kSynUnanswered, now_);
  step(1us);
  EXPECT_FALSE(ladder_->learning());
  EXPECT_EQ(ladder_->rungs()[1].unanswered, 1u);
  EXPECT_EQ(ladder_->chosen(), 1u) << "two at a time were too many";
  EXPECT_EQ(ladder_->excused(), 1u);
  ladder_->on_end(704, StrikeFailure::kSynUnanswered, now_);
  EXPECT_EQ(ladder_->excused(), 2u) << "begun before it was known";
  EXPECT_TRUE(ladder_->tries_more(101));
  EXPECT_TRUE(ladder_->tries_more(705));
  EXPECT_FALSE(ladder_->tries_more(100)) << "one at a time";
  EXPECT_FALSE(ladder_->tries_more(706)) << "it was known";
  ladder_->on_end(50, StrikeFailure::kReset, now_);
  EXPECT_EQ(ladder_->bears(), 0u);
  EXPECT_EQ(ladder_->limit(), 1u);
}

TEST_F(LadderTest, WhatFailsOneAtATimeOrInAnotherWayIsNotExcused) {
  learn_up_to(64);
  cycles(3, StrikeFailure::kSynReset);
  step(1us);
  EXPECT_EQ(ladder_->excused(), 0u);
  EXPECT_EQ(ladder_->bears(), 0u);
  EXPECT_EQ(ladder_->limit(), 1u);
  learn_up_to(64);
  cycles(100);
  step(Ladder::kLongest);
  cycles(3, StrikeFailure::kFinUnanswered);
  step(1us);
  EXPECT_EQ(ladder_->excused(), 0u);
  EXPECT_EQ(ladder_->chosen(), 1u);
}

TEST_F(LadderTest, TheTimesToConnectAreThoseOfTheRung) {
  learn_up_to(64);
  ladder_->on_connected(90ms);
  cycles(100);
  step(Ladder::kLongest);
  ladder_->on_connected(10us);
  cycles(200);
  step(Ladder::kLongest);
  EXPECT_EQ(ladder_->rungs()[0].connect_p99, 90'000u);
  EXPECT_EQ(ladder_->rungs()[1].connect_p99, 10u);
}

}  // namespace
}  // namespace conker::test
