// Paced strikes: when cycles are due, and what it costs to be late.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "stack/strike/history.hpp"
#include "stack/strike/pace.hpp"
#include "tests/unit/strike_fixture.hpp"

namespace conker::test {
namespace {

using StrikePaceTest = StrikeTest;

TEST_F(StrikePaceTest, TheRateIsExact) {
  for (const std::uint32_t rate : {7u, 1'000u, 3'333u, 30'000u}) {
    build();
    listen(7);
    StrikeRequest request = at(7, 0, 256);
    request.rate = rate;
    request.duration = 1s;
    wire_->audit_every = 5'000;
    std::map<std::int64_t, std::uint32_t> per_turn;
    std::uint64_t before = 0;
    left().on_turn = [&] {
      strike_->step();
      check();
      const std::uint64_t begun = strike_->report().begun;
      per_turn[wire_->now().time_since_epoch().count()] +=
          static_cast<std::uint32_t>(begun - before);
      before = begun;
    };
    const StrikeReport report = strike(request);
    EXPECT_EQ(report.begun, rate) << rate;
    EXPECT_EQ(report.completed(), rate) << rate;
    for (const auto& [when, count] : per_turn) EXPECT_LE(count, 2u) << "a burst at " << when;
    EXPECT_GE(report.elapsed, 1s - 1s / rate);
    EXPECT_LE(report.elapsed, 1001ms);
  }
}

TEST_F(StrikePaceTest, WhatIsMissedIsReportedAndNotMadeUpFor) {
  build();
  listen(7);
  StrikeRequest request = at(7, 0, 1024);
  request.rate = 1'000;
  request.duration = 1s;
  ASSERT_EQ(strike_->start(request), Error::kOk);
  Stack& stack = left().stack();
  const Instant start = stack.now();
  const auto turn_at = [&](Duration when) {
    stack.begin(start + when);
    do strike_->step();
    while (strike_->next_deadline() <= stack.now());
  };
  turn_at(0ms);
  EXPECT_EQ(strike_->report().begun, 1u);
  turn_at(50ms);
  EXPECT_EQ(strike_->report().begun, 3u) << "of 49 and 50 ms";
  EXPECT_EQ(strike_->report().missed, 48u);
  turn_at(51ms);
  EXPECT_EQ(strike_->report().begun, 4u);
  stack.begin(start + 1500ms);
  strike_->step();
  EXPECT_EQ(strike_->report().begun, 4u);
  EXPECT_EQ(strike_->report().missed, 996u) << "a thousand were asked for";
}

TEST_F(StrikePaceTest, WithoutAFreeSlotTheRateIsMissed) {
  build();
  StrikeRequest request = at(7, 0, 2);
  request.target.address = IpAddress::v4(10, 0, 0, 99);
  request.rate = 100;
  request.duration = 10s;
  request.connect_timeout = 2s;
  const StrikeReport report = strike(request);
  EXPECT_EQ(report.begun + report.missed, 1'000u);
  EXPECT_EQ(report.begun, 10u) << "two at a time, of two seconds each";
}

TEST(Pace, SlotsAreExactAndDoNotDrift) {
  for (const std::uint32_t rate : {1u, 3u, 7u, 1'000u, 333'333u, 10'000'000u}) {
    Pace pace(rate, Instant(5s));
    for (std::uint32_t n = 0; n < std::min(rate, 1'000u) * 3; ++n) {
      const auto due = static_cast<std::int64_t>(std::uint64_t{n} * 1'000'000 / rate);
      ASSERT_EQ(pace.due(), Instant(5s) + Duration(due)) << rate << " " << n;
      pace.next();
    }
    Pace passed(rate, Instant(5s));
    EXPECT_EQ(passed.pass(Instant(4s)), 0u);
    EXPECT_EQ(passed.pass(Instant(5s) + 24h * 1'000), std::uint64_t{86'400'000} * rate);
    EXPECT_EQ(passed.due(), Instant(5s) + 24h * 1'000);
  }
}

TEST(Pace, ARampGrowsInProportionToTheTimeUpToTheRate) {
  for (const std::uint32_t rate : {1u, 7u, 1'000u, 333'333u, 10'000'000u}) {
    for (const Duration ramp : {Duration(1ms), Duration(10s), Duration(Pace::kMaxRamp)}) {
      const Pace pace(rate, Instant(5s), ramp);
      // In double precision: slot n is due at ramp * sqrt(n / (rate * ramp / 2)).
      const double end = static_cast<double>(rate) * static_cast<double>(ramp.count()) / 2e6;
      std::vector<std::uint64_t> slots{0, 1, 2, 3, 10, 1'000};
      for (double part = 0.1; part < 2; part += 0.1)
        slots.push_back(static_cast<std::uint64_t>(end * part));
      for (const std::uint64_t slot : slots) {
        const double n = static_cast<double>(slot);
        const double us = n < end ? static_cast<double>(ramp.count()) * std::sqrt(n / end)
                                  : static_cast<double>(ramp.count()) + (n - end) * 1e6 / rate;
        const Instant due = pace.due_of(slot);
        ASSERT_NEAR(static_cast<double>((due - Instant(5s)).count()), us, 1.5)
            << rate << " " << slot;
        for (const Instant time : {due, due + 1us}) {
          const std::uint64_t first = pace.slot_at(time);
          ASSERT_GE(pace.due_of(first), time) << rate << " " << slot;
          ASSERT_TRUE(first == 0 || pace.due_of(first - 1) < time) << rate << " " << slot;
        }
      }
    }
  }
}

TEST_F(StrikePaceTest, ARampBeginsHalfAsManyAsTheRateAndWithoutBursts) {
  build();
  listen(7);
  StrikeRequest request = at(7, 0, 256);
  request.rate = 10'000;
  request.ramp = 1s;
  request.duration = 2s;
  wire_->audit_every = 5'000;
  std::vector<std::uint64_t> begun(20);
  std::uint64_t before = 0, most = 0;
  const Instant start = wire_->now();
  left().on_turn = [&] {
    strike_->step();
    const std::uint64_t now = strike_->report().begun;
    most = std::max(most, now - before);
    const auto tenth = static_cast<std::size_t>((wire_->now() - start) / 100ms);
    if (tenth < begun.size()) begun[tenth] += now - before;
    before = now;
  };
  const StrikeReport report = strike(request);
  EXPECT_EQ(report.begun, 15'000u);
  EXPECT_EQ(report.missed, 0u);
  EXPECT_LE(most, 2u) << "a burst";
  for (std::size_t i = 0; i < begun.size(); ++i)
    EXPECT_NEAR(static_cast<double>(begun[i]), i < 10 ? 100.0 * static_cast<double>(i) + 50 : 1000,
                3)
        << i;
}

/// What a rate makes of a stall of ours: the plain times do not show it.
TEST_F(StrikePaceTest, LatencyIsMeasuredFromWhenACycleWasDue) {
  build();
  listen(7);
  const auto history = std::make_unique<StrikeHistory>(left().stack(), wire_->now());
  strike_.emplace(left().stack(), slots_, kUs, history.get());
  StrikeRequest request = at(7, 0, 64);
  request.rate = 1'000;
  request.duration = 1s;
  const Instant start = wire_->now();
  left().on_turn = [&] {
    const Duration time = wire_->now() - start;
    if (time < 500ms || time >= 600ms) strike_->step();
  };
  left().deadline = [&] {
    const Instant next = strike_->next_deadline();
    return next >= start + 500ms && next < start + 600ms ? start + 600ms : next;
  };
  const StrikeReport report = strike(request);
  EXPECT_EQ(report.begun + report.missed, 1'000u);
  EXPECT_NEAR(static_cast<double>(report.missed), 99, 1);
  EXPECT_LT(report.connect.max(), 1ms);
  const Histogram& due = history->connect_from_due();
  EXPECT_EQ(due.count(), 1'000u);
  EXPECT_EQ(due.max(), 100ms);
  EXPECT_NEAR(static_cast<double>(due.quantile(950).count()), 50'000, 3'500);
  EXPECT_LT(due.quantile(900), 2ms);
}

TEST_F(StrikePaceTest, WhatIsMissedToTheEndHasWaitedUntilThen) {
  build();
  const auto history = std::make_unique<StrikeHistory>(left().stack(), wire_->now());
  strike_.emplace(left().stack(), slots_, kUs, history.get());
  StrikeRequest request = at(7, 0, 1);
  request.target.address = IpAddress::v4(10, 0, 0, 99);
  request.rate = 1'000'000;
  request.duration = 1s;
  request.connect_timeout = 2s;
  const StrikeReport report = strike(request);
  EXPECT_EQ(report.begun, 1u);
  EXPECT_EQ(report.missed, 999'999u);
  const Histogram& due = history->connect_from_due();
  EXPECT_EQ(due.count(), 999'999u) << "each once, but for the one that was never connected";
  EXPECT_EQ(due.max(), 999'999us);
  EXPECT_NEAR(static_cast<double>(due.quantile(500).count()), 500'000, 32'000);
  EXPECT_NEAR(static_cast<double>(due.quantile(100).count()), 100'000, 6'500);
}

}  // namespace
}  // namespace conker::test
