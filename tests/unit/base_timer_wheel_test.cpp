#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "stack/base/timer_wheel.hpp"
#include "tests/support/random.hpp"

namespace conker {
namespace {

class TimerWheelTest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kTimers = 500;

  TimerWheelTest() : storage_(64 * kTimers) {}

  /// Advances to `now` and returns the timers that expired.
  std::vector<std::uint32_t> fire(Tick now) {
    std::vector<std::uint32_t> fired;
    std::uint32_t timer = 0;
    while (wheel_.pop_due(now, timer)) fired.push_back(timer);
    return fired;
  }

  std::vector<std::byte> storage_;
  Arena arena_{storage_};
  TimerWheel wheel_{arena_, kTimers};
};

TEST_F(TimerWheelTest, ATimerExpiresAtItsTickAndNotBefore) {
  for (const std::uint32_t distance :
       {1u, 2u, 63u, 64u, 65u, 127u, 128u, 4095u, 4096u, 4097u, 262143u, 262144u, 1000000u}) {
    for (const std::uint32_t start : {0u, 1u, 63u, 64u, 4095u, 4096u, 0xffffff00u}) {
      std::vector<std::byte> storage(64 * kTimers);
      Arena arena(storage);
      TimerWheel wheel(arena, kTimers);
      wheel.start(Tick(start));
      wheel.arm(7, Tick(start + distance));
      std::uint32_t timer = 0;
      EXPECT_FALSE(wheel.pop_due(Tick(start + distance - 1), timer)) << start << " + " << distance;
      EXPECT_TRUE(wheel.armed(7));
      EXPECT_TRUE(wheel.pop_due(Tick(start + distance), timer)) << start << " + " << distance;
      EXPECT_EQ(timer, 7u);
      EXPECT_FALSE(wheel.armed(7));
    }
  }
}

TEST_F(TimerWheelTest, ADeadlineInThePastExpiresAtTheNextTurn) {
  wheel_.start(Tick(1000));
  wheel_.arm(1, Tick(1000));
  wheel_.arm(2, Tick(10));
  EXPECT_EQ(wheel_.next(), Tick(1000));
  EXPECT_EQ(fire(Tick(1000)).size(), 2u);
  EXPECT_EQ(wheel_.next(), std::nullopt);
}

TEST_F(TimerWheelTest, ArmingAgainMovesAndCancelRemoves) {
  wheel_.arm(1, Tick(10));
  wheel_.arm(1, Tick(100));
  wheel_.arm(2, Tick(50));
  wheel_.cancel(2);
  wheel_.cancel(2);
  EXPECT_EQ(wheel_.armed_count(), 1u);
  EXPECT_TRUE(fire(Tick(99)).empty());
  EXPECT_EQ(fire(Tick(100)), std::vector{1u});
}

TEST_F(TimerWheelTest, ADeadlineBeyondTheTopLevelGoesRoundAgain) {
  const Tick far(3u << 24);
  wheel_.arm(1, far);
  for (Tick now(0); now < far; now = now + 999'983) ASSERT_TRUE(fire(now).empty());
  EXPECT_EQ(wheel_.deadline(1), far);
  EXPECT_EQ(fire(far), std::vector{1u});
}

TEST_F(TimerWheelTest, BehavesLikeANaiveModel) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    test::Random random(seed);
    std::vector<std::byte> storage(64 * kTimers);
    Arena arena(storage);
    TimerWheel wheel(arena, kTimers);
    std::map<std::uint32_t, Tick> model;
    Tick now(seed * 0x1fffffffu);  // some of the seeds run over the wrap
    wheel.start(now);

    for (int step = 0; step < 5000; ++step) {
      const std::uint32_t timer = random.below(kTimers);
      const std::uint32_t dice = random.below(10);
      if (dice < 5) {
        const std::uint32_t reach = 1u << (random.below(23));
        const Tick at = now + random.below(reach);
        wheel.arm(timer, at);
        model[timer] = at;
      } else if (dice < 7) {
        wheel.cancel(timer);
        model.erase(timer);
      } else {
        std::optional<Tick> first;
        for (const auto& [t, at] : model) first = first && *first < at ? first : at;
        const auto next = wheel.next();
        ASSERT_EQ(next.has_value(), first.has_value());
        if (next) {
          ASSERT_LE(*next - *first, std::max(0, now - *first)) << "it would sleep too long";
        }
        now = now + random.below(1u << random.below(14));
        std::uint32_t fired = 0;
        while (wheel.pop_due(now, fired)) {
          ASSERT_TRUE(model.contains(fired)) << "fired, but not armed";
          ASSERT_LE(model[fired] - now, 0) << "fired early";
          model.erase(fired);
        }
        for (const auto& [t, at] : model) ASSERT_GT(at - now, 0) << "due, but not fired";
      }
      ASSERT_EQ(wheel.armed(timer), model.contains(timer));
    }
    ASSERT_EQ(wheel.armed_count(), model.size());
  }
}

TEST_F(TimerWheelTest, SleepingUntilNextMissesNoDeadline) {
  test::Random random(3);
  Tick now(0);
  for (std::uint32_t t = 0; t < kTimers; ++t) wheel_.arm(t, Tick(random.below(2'000'000)));
  std::uint32_t fired = 0, wakes = 0;
  while (const auto next = wheel_.next()) {
    ASSERT_GE(*next, now);
    now = *next;
    for (const std::uint32_t timer : fire(now)) {
      (void)timer;
      ++fired;
    }
    ++wakes;
  }
  EXPECT_EQ(fired, kTimers);
  EXPECT_LE(wakes, kTimers * 4) << "each timer falls through three wheels at most";
}

// ---- Weeks ----

constexpr Duration kWrap = Tick::duration(0xffffffff) + Tick::duration(1);

TEST_F(TimerWheelTest, DeadlinesWithinALeapAreDue) {
  for (const int days : {1, 26, 50, 75, 125, 400}) {
    const Instant then(1h), now = then + days * 24h, week = then + 7 * 24h;
    wheel_.start(Tick::floor(then));
    wheel_.arm(1, Tick::ceil(then + 1s));
    wheel_.arm(2, Tick::ceil(week));
    wheel_.leap(then, now);
    EXPECT_EQ(wheel_.next(), Tick::floor(now)) << days;
    EXPECT_EQ(fire(Tick::floor(now)).size(), now < week ? 1u : 2u) << days;
    if (now >= week) continue;
    EXPECT_TRUE(fire(Tick::floor(week - 10ms)).empty());
    EXPECT_EQ(fire(Tick::ceil(week)), std::vector{2u});
  }
  EXPECT_EQ(wheel_.armed_count(), 0u);
}

TEST(MarkTest, AgeNeverDecreases) {
  Mark never;
  EXPECT_TRUE(never.never());
  EXPECT_GT(never.age(Instant(5s)), Mark::kOldest);
  never.keep(Instant(5s), Instant(10s));
  EXPECT_TRUE(never.never());
  EXPECT_FALSE(Mark(Tick(0)).never()) << "the first tick after a wrap";
  for (const Instant begin : {Instant(1h), Instant(kWrap - 1s), Instant(3 * kWrap - 30 * 24h)}) {
    for (const Duration step :
         {Duration(1h), Duration(13 * 24h), Duration(26 * 24h), kWrap, Duration(400 * 24h)}) {
      Mark mark(Tick::floor(begin));
      Instant then = begin, kept = begin;
      Duration last(0);
      while (then < begin + 500 * 24h) {
        const Instant now = then + step;
        if (now - kept >= Mark::kKeepEvery) {
          mark.keep(then, now);
          kept = now;
        }
        const Duration true_age = now - begin, age = mark.age(now);
        if (true_age <= Mark::kOldest) {
          ASSERT_NEAR(static_cast<double>((true_age - age).count()), 0, 2048);
        } else {
          ASSERT_GE(age + 3ms, Mark::kOldest);
          ASSERT_LE(age, Mark::kOldest + Mark::kKeepEvery + 3ms);
        }
        ASSERT_GE(age + 3ms, std::min(last, Duration(Mark::kOldest)));
        last = age;
        then = now;
      }
    }
  }
}

}  // namespace
}  // namespace conker
