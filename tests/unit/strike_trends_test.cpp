// What the rows and histograms of a strike tell: each trend seen where it is, with its figures, and
// none where there is none.
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "stack/strike/trends.hpp"

namespace conker {
namespace {

using Row = StrikeHistory::Row;

/// A row for each number of cycles completed, and a last one that is cut short.
std::vector<Row> rows(const std::vector<std::uint64_t>& completed) {
  std::vector<Row> made;
  for (const std::uint64_t n : completed) {
    Row row;
    row.begun = row.completed = n;
    made.push_back(row);
  }
  made.emplace_back();
  return made;
}

std::vector<Trend> of(const std::vector<std::uint64_t>& completed) {
  return trends_of(rows(completed), 1s);
}

TEST(StrikeTrendsTest, ASteadyRateHasNone) {
  EXPECT_TRUE(of({1000, 1040, 980, 1010, 990, 1030, 1000, 1020, 970, 1000}).empty());
  EXPECT_TRUE(of({}).empty());
  EXPECT_TRUE(of({1000}).empty());
}

TEST(StrikeTrendsTest, AFallIsToldWithItsPlaceAndFigures) {
  const auto found = of({1000, 1010, 990, 1000, 1000, 400, 410, 390, 400});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kind, Trend::Kind::kFalls);
  EXPECT_EQ(found[0].at, 5s);
  EXPECT_EQ(found[0].lasted, 4s);
  EXPECT_EQ(found[0].cycles, 5000u);
  EXPECT_EQ(found[0].before, 1000u);
  EXPECT_EQ(found[0].after, 400u);
  EXPECT_EQ(found[0].per_mille, 400u);
}

TEST(StrikeTrendsTest, ASmallOrShortOrUnsureFallIsNone) {
  EXPECT_TRUE(of({1000, 1000, 1000, 1000, 800, 800, 800, 800}).empty()) << "to 80 %";
  EXPECT_TRUE(of({1000, 1000, 1000, 1000, 1000, 300, 300, 300}).empty()) << "for 3 s";
  EXPECT_TRUE(of({1000, 300, 900, 500, 1200, 450, 600, 350, 700, 380}).empty()) << "noise";
  EXPECT_TRUE(of({400, 400, 400, 400, 1000, 1000, 1000, 1000}).empty()) << "a rise";
}

TEST(StrikeTrendsTest, ARateThatAlternatesIsToldOnce) {
  const auto found = of({5303, 193, 5300, 190, 5310, 200, 5290, 195, 5305, 193});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kind, Trend::Kind::kAlternates);
  EXPECT_EQ(found[0].at, 1s);
  EXPECT_EQ(found[0].before, 5303u);
  EXPECT_EQ(found[0].after, 193u);
}

TEST(StrikeTrendsTest, SecondsInWhichNothingCompletes) {
  const auto found = of({1000, 1000, 0, 1000, 0, 0, 1000, 1000, 1000, 1000});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kind, Trend::Kind::kHalts);
  EXPECT_EQ(found[0].at, 4s);
  EXPECT_EQ(found[0].lasted, 2s);
  EXPECT_EQ(found[0].cycles, 3000u);
}

TEST(StrikeTrendsTest, ToTheEnd) {
  const auto found = of({1000, 1000, 1000, 1000, 0, 0, 0, 0});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].kind, Trend::Kind::kFalls);
  EXPECT_EQ(found[1].kind, Trend::Kind::kHalts);
  EXPECT_EQ(found[1].at, 4s);
}

TEST(StrikeTrendsTest, FewCyclesComeAndGoByChance) {
  EXPECT_TRUE(of({5, 0, 4, 0, 0, 6, 5, 0, 1, 0}).empty());
}

// ---- Humps ----

struct Hump {
  Duration at;
  int count;
};

std::optional<Trend> humps(const std::vector<Hump>& wanted) {
  Histogram histogram;
  for (const Hump& hump : wanted)
    for (int i = 0; i < hump.count; ++i) histogram.add(hump.at + hump.at * (i % 10) / 100);
  std::vector<Trend> trends;
  add_humps(histogram, Trend::Kind::kConnectHumps, trends);
  EXPECT_LE(trends.size(), 1u);
  return trends.empty() ? std::nullopt : std::optional(trends[0]);
}

TEST(StrikeTrendsTest, TwoHumps) {
  const auto found = humps({{1ms, 9800}, {200ms, 200}});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Trend::Kind::kConnectHumps);
  EXPECT_EQ(found->per_mille, 20u);
  EXPECT_NEAR(static_cast<double>(found->before), 1090, 1090 / 16);
  EXPECT_NEAR(static_cast<double>(found->after), 200'000, 200'000 / 16);
}

TEST(StrikeTrendsTest, AFewBetweenThemDoNotMatter) {
  EXPECT_TRUE(humps({{1ms, 9800}, {30ms, 8}, {200ms, 200}}));
}

TEST(StrikeTrendsTest, OneHumpOrLooseOrNearOnesAreNone) {
  EXPECT_FALSE(humps({}));
  EXPECT_FALSE(humps({{1ms, 10'000}}));
  EXPECT_FALSE(humps({{1ms, 100'000}, {200ms, 9}})) << "nine of a hundred thousand";
  EXPECT_FALSE(humps({{1ms, 9}, {200ms, 100'000}})) << "nine others";
  EXPECT_FALSE(humps({{1ms, 5000}, {3ms, 5000}})) << "2 ms apart";
  EXPECT_FALSE(humps({{100ms, 5000}, {200ms, 5000}})) << "twice as late";
  EXPECT_FALSE(humps({{1ms, 5000}, {3ms, 2000}, {9ms, 1500}, {27ms, 900}, {81ms, 600}}))
      << "a long tail";
}

}  // namespace
}  // namespace conker
