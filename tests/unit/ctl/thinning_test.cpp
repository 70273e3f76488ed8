// Charts of long strikes: fewer points, and no spike lost.
#include "ctl/thinning.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace conker::ctl {
namespace {

std::vector<ChartPoint> flat(std::size_t number) {
  std::vector<ChartPoint> points;
  for (std::size_t i = 0; i < number; ++i) points.push_back({static_cast<double>(i), 5});
  return points;
}

TEST(Thinning, FewPointsStayAsTheyAre) {
  EXPECT_EQ(thinned({}, 10).size(), 0u);
  EXPECT_EQ(thinned(flat(10), 10), flat(10));
}

TEST(Thinning, ADayKeepsTheSecondThatStandsOut) {
  std::vector<ChartPoint> points = flat(86'400);
  points[40'000].y = 900;
  points[40'001].y = 0;
  points[86'399].y = 7;
  const auto kept = thinned(points, 1'000);
  EXPECT_LE(kept.size(), 1'000u);
  EXPECT_GE(kept.size(), 500u);
  EXPECT_TRUE(std::ranges::is_sorted(kept, {}, &ChartPoint::x));
  for (const std::size_t of : {40'000u, 40'001u, 86'399u})
    EXPECT_EQ(std::ranges::count(kept, points[of]), 1) << of;
}

TEST(Thinning, WhateverTheNumbersAre) {
  for (std::size_t number = 0; number < 60; ++number) {
    for (std::size_t most = 2; most < 40; ++most) {
      const auto kept = thinned(flat(number), most);
      EXPECT_LE(kept.size(), std::max(most, std::size_t{1}));
      EXPECT_EQ(kept.empty(), number == 0);
    }
  }
}

}  // namespace
}  // namespace conker::ctl
