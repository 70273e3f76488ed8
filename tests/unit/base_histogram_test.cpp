#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "stack/base/histogram.hpp"
#include "tests/support/random.hpp"

namespace conker {
namespace {

TEST(HistogramTest, EmptyHasZeroQuantiles) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.quantile(500), 0us);
  EXPECT_EQ(histogram.max(), 0us);
}

TEST(HistogramTest, OneValueIsEveryQuantile) {
  for (const Duration value : {0us, 1us, 15us, 16us, 17us, 1000us, 123456789us}) {
    Histogram histogram;
    histogram.add(value);
    for (const std::uint32_t q : {0u, 1u, 500u, 999u, 1000u})
      EXPECT_EQ(histogram.quantile(q), value);
  }
}

TEST(HistogramTest, DurationsOutOfRangeCountInTheOuterBuckets) {
  Histogram histogram;
  histogram.add(-5us);
  EXPECT_EQ(histogram.max(), 0us);
  histogram.add(5000s);
  EXPECT_EQ(histogram.max(), Duration(0xffffffff));
  EXPECT_EQ(histogram.quantile(1000), Duration(0xffffffff));
  EXPECT_EQ(histogram.quantile(500), 0us);
  histogram.clear();
  EXPECT_EQ(histogram.count(), 0u);
}

TEST(HistogramTest, QuantilesAreWithinASixteenth) {
  test::Random random(1);
  for (int round = 0; round < 50; ++round) {
    Histogram histogram;
    std::vector<std::int64_t> values;
    for (int i = 0; i < 2000; ++i) {
      values.push_back(random() >> (random.below(32)));
      histogram.add(Duration(values.back()));
    }
    std::sort(values.begin(), values.end());
    for (const std::uint32_t q : {1u, 10u, 500u, 900u, 990u, 999u, 1000u}) {
      const std::int64_t exact = values[(values.size() * q + 999) / 1000 - 1];
      const std::int64_t got = histogram.quantile(q).count();
      EXPECT_GE(got, exact);
      EXPECT_LE(got, exact + exact / 16) << "the upper edge of its bucket";
    }
    EXPECT_EQ(histogram.max().count(), values.back());
    EXPECT_EQ(histogram.count(), values.size());
  }
}

}  // namespace
}  // namespace conker
