// The congestion control algorithms alone.
#include <gtest/gtest.h>

#include <cmath>

#include "stack/tcp/cubic.hpp"

namespace conker {
namespace {

constexpr std::uint16_t kMss = 1000;
constexpr Instant kStart{100s};

TEST(NewRenoTest, SlowStartGrowsByAcknowledgedBytesUpToTwoSegments) {  // RFC 3465, 2.2
  Congestion c;
  c.cwnd = 10 * kMss;
  NewReno().on_ack(c, 500, kMss, 20ms, kStart);
  EXPECT_EQ(c.cwnd, 10'500u);
  NewReno().on_ack(c, 9000, kMss, 20ms, kStart);
  EXPECT_EQ(c.cwnd, 12'500u);
}

TEST(NewRenoTest, CongestionAvoidanceGrowsByASegmentPerWindow) {  // RFC 3465, 2.1; RFC 5681, 3.1
  Congestion c;
  c.cwnd = 10 * kMss;
  c.ssthresh = 5 * kMss;
  for (int i = 0; i < 9; ++i) NewReno().on_ack(c, kMss, kMss, 20ms, kStart);
  EXPECT_EQ(c.cwnd, 10u * kMss);
  NewReno().on_ack(c, kMss, kMss, 20ms, kStart);
  EXPECT_EQ(c.cwnd, 11u * kMss);
}

TEST(NewRenoTest, LossHalvesTheFlightSizeDownToTwoSegments) {  // RFC 5681, (4)
  Congestion c;
  EXPECT_EQ(NewReno().reduce(c, 10 * kMss, kMss, kStart), 5u * kMss);
  EXPECT_EQ(NewReno().reduce(c, kMss, kMss, kStart), 2u * kMss);
}

/// A window of `segments` that has just met a loss, one ACK for each segment, `rtt` a round trip.
class CubicTest : public testing::Test {
 protected:
  void lose(double segments) {
    c.cwnd = static_cast<std::uint32_t>(segments * kMss);
    c.ssthresh = cubic.reduce(c, c.cwnd, kMss, now);
    c.cwnd = c.ssthresh;
  }
  void round_trips(int count, Duration rtt) {
    for (int i = 0; i < count; ++i) {
      const std::uint32_t acks = c.cwnd / kMss;
      for (std::uint32_t ack = 0; ack < acks; ++ack) cubic.on_ack(c, kMss, kMss, rtt, now);
      now += rtt;
    }
  }

  Cubic cubic;
  Congestion c;
  Instant now = kStart;
};

TEST_F(CubicTest, LossReducesToSevenTenths) {  // RFC 9438, 4.6
  lose(100);
  EXPECT_NEAR(c.cwnd, 70 * kMss, kMss);
}

// RFC 9438, 4.2, where the round trip is long enough to leave Reno behind.
TEST_F(CubicTest, FollowsTheCubicFunction) {
  lose(1000);
  const double k = std::cbrt(1000 * 0.3 / 0.4);
  for (const double seconds : {2.0, 5.0, 9.0, 12.0}) {
    while (now < kStart + Duration(static_cast<std::int64_t>(seconds * 1e6))) round_trips(1, 100ms);
    const double t = static_cast<double>((now - kStart).count()) / 1e6;
    const double curve = 0.4 * std::pow(t - k, 3) + 1000;
    EXPECT_NEAR(c.cwnd, curve * kMss, 20 * kMss) << "after " << t << " s";
  }
}

TEST_F(CubicTest, IsNoSlowerThanReno) {  // RFC 9438, 4.3: short round trips, small windows
  lose(20);
  const std::uint32_t begin = c.cwnd;
  round_trips(20, 10ms);
  EXPECT_GE(c.cwnd, begin + 20u * kMss * 9 / 17 - kMss);
}

TEST_F(CubicTest, FastConvergence) {  // RFC 9438, 4.7
  lose(1000);
  lose(800);
  const std::uint32_t begin = c.cwnd;
  // The plateau is at 0.85 of 800, not at 800.
  while (now < kStart + 7s) round_trips(1, 100ms);
  EXPECT_NEAR(c.cwnd, 680 * kMss, 30 * kMss) << "from " << begin;
}

/// A connection in its initial slow start that fills its window, one ACK for each segment.
class HyStartTest : public CubicTest {
 protected:
  HyStartTest() {
    c.cwnd = 10 * kMss;
    nxt = una + c.cwnd;
  }
  void acks(std::uint32_t count, Duration rtt, std::uint32_t segments = 1) {
    for (; count > 0; --count) {
      una += segments * kMss;
      cubic.on_round_trip(c, una, nxt, rtt);
      cubic.on_ack(c, segments * kMss, kMss, rtt, now);
      nxt = max(nxt, una + c.cwnd);
    }
  }
  /// Acknowledges everything in flight, which ends a round.
  void round(Duration rtt) { acks(static_cast<std::uint32_t>(nxt - una) / kMss, rtt); }
  /// Continues up to the first ACK of the next round.
  void end_round(Duration rtt) {
    const std::uint32_t end = c.memory[0];
    for (int i = 0; i < 10'000 && c.memory[0] == end; ++i) acks(1, rtt);
    ASSERT_NE(c.memory[0], end) << "a round without end";
  }
  /// Bytes that the window grows by for one ACK of one segment.
  std::uint32_t growth(Duration rtt) {
    const std::uint32_t before = c.cwnd;
    acks(1, rtt);
    return c.cwnd - before;
  }
  void enter_css() {
    round(50ms);
    acks(7, 60ms);
    ASSERT_EQ(growth(60ms), kMss / 4u);
  }

  Seq una{0xffff8000};
  Seq nxt;
};

TEST_F(HyStartTest, SlowStartContinuesWhileRoundTripsDoNotGrow) {  // RFC 9406, 4.2
  std::uint32_t expected = c.cwnd;
  for (int i = 0; i < 6; ++i) {
    expected += static_cast<std::uint32_t>(nxt - una);
    round(50ms);
    EXPECT_EQ(c.cwnd, expected);
  }
  EXPECT_EQ(c.ssthresh, Congestion::kUnlimited);
}

TEST_F(HyStartTest, AnAckCountsForEightSegmentsAtMost) {  // RFC 9406, 4.3: L
  cubic.on_ack(c, 20 * kMss, kMss, 50ms, now);
  EXPECT_EQ(c.cwnd, 18u * kMss);
}

TEST_F(HyStartTest, AnIncreaseOfRttByAnEighthEntersCss) {  // RFC 9406, 4.2: RttThresh
  struct Case {
    Duration last, bearable, too_much;
  };
  for (const Case& each :
       {Case{80ms, 89'999us, 90ms}, Case{16ms, 19'999us, 20ms},  // MIN_RTT_THRESH
        Case{400ms, 415'999us, 416ms}}) {                        // MAX_RTT_THRESH
    for (const bool too_much : {false, true}) {
      c = {.cwnd = 10 * kMss};
      nxt = una + c.cwnd;
      round(each.last);
      acks(7, too_much ? each.too_much : each.bearable);
      EXPECT_EQ(growth(too_much ? each.too_much : each.bearable), too_much ? kMss / 4u : kMss)
          << each.last.count() << " us";
    }
  }
}

TEST_F(HyStartTest, TheShortestRoundTripOfARoundCounts) {  // RFC 9406, 4.2: currentRoundMinRTT
  round(50ms);
  acks(3, 80ms);
  acks(1, 55ms);
  acks(10, 80ms);
  EXPECT_EQ(growth(80ms), kMss);
}

TEST_F(HyStartTest, SevenSamplesAreTooFew) {  // RFC 9406, 4.3: N_RTT_SAMPLE
  round(50ms);
  acks(7, 90ms);
  EXPECT_EQ(growth(0ms), kMss);  // an ACK that measures nothing
  EXPECT_EQ(growth(90ms), kMss / 4u);
}

TEST_F(HyStartTest, CssReturnsToSlowStartWhenRttShrinks) {  // RFC 9406, 4.2
  enter_css();
  round(60ms);
  EXPECT_EQ(growth(60ms), kMss / 4u) << "no shorter than when CSS began";
  acks(6, 59ms);
  EXPECT_EQ(growth(59ms), kMss);
  EXPECT_EQ(c.ssthresh, Congestion::kUnlimited);
  end_round(59ms);
  end_round(70ms);
  acks(7, 70ms);
  EXPECT_EQ(growth(70ms), kMss / 4u) << "and is watched on";
}

TEST_F(HyStartTest, FiveRoundsOfCssEnterCongestionAvoidance) {  // RFC 9406, 4.2: CSS_ROUNDS
  enter_css();
  for (int i = 0; i < 5; ++i) {  // the first is the remainder of that round
    EXPECT_EQ(c.ssthresh, Congestion::kUnlimited) << "round " << i;
    end_round(60ms);
  }
  EXPECT_LT(c.ssthresh, Congestion::kUnlimited);
  EXPECT_FALSE(c.slow_start());
  const std::uint32_t before = c.cwnd;
  round(60ms);
  EXPECT_LT(c.cwnd, before + 4 * kMss);
}

// RFC 9406, 4.2; RFC 9438, 4.6, 4.7.
TEST_F(HyStartTest, ALossEndsHyStartAndCubicTakesOver) {
  enter_css();
  const std::uint32_t window = c.cwnd;
  c.ssthresh = cubic.reduce(c, window, kMss, now);
  EXPECT_EQ(c.ssthresh, window / 10 * 7);
  EXPECT_EQ(c.memory, (std::array<std::uint32_t, 5>{window, 0, 0, 0, window}));
  c.cwnd = 2 * kMss;
  EXPECT_EQ(growth(90ms), kMss) << "a later slow start is the usual one";
}

// RFC 9406, 4.2, whatever the sequence numbers did meanwhile.
TEST_F(HyStartTest, ARoundEndsWhateverThePause) {
  round(50ms);
  for (const std::uint32_t far : {0x40000000u, 0x7fffffffu, 0xc0000000u}) {
    c.cwnd = 10 * kMss;
    una += far;
    nxt = una + c.cwnd;
    acks(1, 50ms);
    EXPECT_EQ(c.memory[0], (una - kMss + 10 * kMss).value());
  }
}

}  // namespace
}  // namespace conker
