// A strike over time: first failure, runs of failures, and rows of seconds that stay bounded.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <numeric>
#include <string>

#include "protocol/text.hpp"
#include "stack/strike/history.hpp"
#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

class StrikeHistoryTest : public ::testing::Test {
 protected:
  /// One cycle, which is connected after `took` and ends at `at`.
  void cycle(Duration at, std::optional<StrikeFailure> failure = std::nullopt, Duration took = 1ms,
             std::optional<Duration> late = std::nullopt) {
    const Instant now = kBegan + at;
    history_->on_begin(WayToClose::kFin, 3, 2, now - took);
    history_->on_connected(ConnectionId(), took, late, now);
    history_->on_end({{}, ++number_, WayToClose::kFin, failure, now - took, now});
  }

  static constexpr Instant kBegan{7s};
  Script s_;
  std::unique_ptr<StrikeHistory> history_ = std::make_unique<StrikeHistory>(s_.stack(), kBegan);
  std::uint64_t number_ = 0;
};

TEST_F(StrikeHistoryTest, FirstFailureAndRuns) {
  cycle(100ms);
  EXPECT_FALSE(history_->first_failure());
  for (int i = 0; i < 5; ++i) cycle(200ms + i * 10ms, StrikeFailure::kFinUnanswered);
  cycle(300ms);
  cycle(400ms, StrikeFailure::kSynReset);
  cycle(450ms, StrikeFailure::kSynReset);
  const auto& first = history_->first_failure();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->cycle, 2u);
  EXPECT_EQ(first->at, 200ms);
  EXPECT_EQ(first->failure, StrikeFailure::kFinUnanswered);
  EXPECT_EQ(history_->longest_run().cycles, 5u);
  EXPECT_EQ(history_->longest_run().at, 200ms);
  EXPECT_EQ(history_->longest_run().lasted, 40ms);
  EXPECT_EQ(history_->last_run().cycles, 2u);
  EXPECT_EQ(history_->last_run().at, 400ms);
  EXPECT_TRUE(history_->run_lasts());
  cycle(500ms);
  EXPECT_FALSE(history_->run_lasts());
  EXPECT_EQ(history_->last_run().cycles, 2u);
  EXPECT_EQ(history_->most_in_flight(), 3u);
  EXPECT_EQ(history_->most_opening(), 2u);
  EXPECT_EQ(history_->in_flight(), 10ms);
  const StrikeHistory::Way& way = history_->ways()[0];
  EXPECT_EQ(way.begun, 10u);
  EXPECT_EQ(way.completed, 3u);
  EXPECT_EQ(way.failures[static_cast<std::size_t>(StrikeFailure::kSynReset)], 2u);
}

TEST_F(StrikeHistoryTest, ARowForEachSecond) {
  cycle(500ms, std::nullopt, 2ms);
  cycle(1500ms, StrikeFailure::kReset, 4ms);
  cycle(3500ms, std::nullopt, 8ms);
  history_->finish(kBegan + 3900ms);
  const auto rows = history_->rows();
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].completed, 1u);
  EXPECT_EQ(rows[0].connect_p50, 2'000u);
  EXPECT_EQ(rows[1].failed, 1u);
  EXPECT_EQ(rows[1].connect_p99, 4'000u);
  EXPECT_EQ(rows[2].begun, 0u);
  EXPECT_EQ(rows[2].connect_p99, 0u);
  EXPECT_EQ(rows[3].connect_p50, 8'000u);
}

TEST_F(StrikeHistoryTest, ARowHasClosesFailuresByPhaseAndWhatWasInFlight) {
  const auto begin = [&](std::uint32_t in_flight, std::uint32_t opening, Duration at) {
    history_->on_begin(WayToClose::kFin, in_flight, opening, kBegan + at);
  };
  const auto connected = [&](Duration at) {
    history_->on_connected(ConnectionId(), 1ms, std::nullopt, kBegan + at);
  };
  const auto end = [&](Duration at, std::optional<StrikeFailure> failure, bool connecting,
                       std::optional<Duration> closing = std::nullopt) {
    history_->on_end(
        {{}, ++number_, WayToClose::kFin, failure, kBegan, kBegan + at, connecting, closing});
  };
  begin(1, 1, 100ms);
  begin(2, 2, 200ms);
  begin(3, 3, 300ms);
  connected(400ms);
  end(500ms, std::nullopt, false, 30ms);
  // Two are in SYN-SENT for two seconds, in which nothing else happens.
  end(2500ms, StrikeFailure::kSynUnanswered, true);
  connected(3400ms);
  end(3500ms, StrikeFailure::kReset, false);
  history_->finish(kBegan + 4500ms);
  const auto rows = history_->rows();
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_EQ(rows[0].close_p50, 30'000u);
  EXPECT_EQ(rows[1].close_p99, 0u);
  const auto in_flight = [&](std::size_t row) {
    return std::pair(rows[row].most_in_flight, rows[row].most_opening);
  };
  EXPECT_EQ(in_flight(0), std::pair(3u, 3u));
  EXPECT_EQ(in_flight(1), std::pair(2u, 2u));
  EXPECT_EQ(in_flight(3), std::pair(1u, 1u));
  EXPECT_EQ(in_flight(4), std::pair(0u, 0u));
  EXPECT_EQ(rows[2].failed_in, (std::array<std::uint64_t, 3>{1, 0, 0}));
  EXPECT_EQ(rows[3].failed_in, (std::array<std::uint64_t, 3>{0, 1, 0}));
}

TEST_F(StrikeHistoryTest, RowsAreMergedWhenThereAreTooMany) {
  constexpr int kHours = 5;
  for (int i = 0; i < kHours * 3600; ++i) cycle(i * 1s + 500ms, std::nullopt, (i % 7 + 1) * 1ms);
  history_->finish(kBegan + kHours * 1h);
  EXPECT_EQ(history_->row_width(), 8s);
  const auto rows = history_->rows();
  EXPECT_LE(rows.size(), StrikeHistory::kMaxRows);
  EXPECT_EQ(std::accumulate(rows.begin(), rows.end(), std::uint64_t{0},
                            [](std::uint64_t sum, const auto& row) { return sum + row.completed; }),
            number_);
  EXPECT_EQ(rows[0].completed, 8u);
  EXPECT_EQ(rows[0].connect_p99, 7'000u);
}

TEST(Mix, IsWrittenAsItIsRead) {
  const auto read = [](std::string_view text) {
    Mix mix;
    return from_string(text, mix) ? to_string(mix) : "wrong";
  };
  EXPECT_EQ(read("fin"), "fin");
  EXPECT_EQ(read("rst=5"), "rst");
  EXPECT_EQ(read("rst=5,fin"), "fin=1,rst=5");
  EXPECT_EQ(read("half-close=10000,unsent=1"), "half-close=10000,unsent=1");
  for (const char* text : {"", ",", "fin,", "fin=", "fin=0", "fin=-1", "fin=10001", "fin=1x",
                           "fin=1,fin=2", "gently", "=3", "fin =1"}) {
    EXPECT_EQ(read(text), "wrong") << text;
  }
}

TEST(Mix, SharesBelongToWaysInProportion) {
  Mix mix;
  ASSERT_TRUE(from_string("fin=2,rst-late=3", mix));
  ASSERT_EQ(mix.total(), 5u);
  EXPECT_EQ(mix.at(0), WayToClose::kFin);
  EXPECT_EQ(mix.at(1), WayToClose::kFin);
  EXPECT_EQ(mix.at(2), WayToClose::kResetLate);
  EXPECT_EQ(mix.at(4), WayToClose::kResetLate);
  EXPECT_FALSE(mix.sole());
}

}  // namespace
}  // namespace conker::test
