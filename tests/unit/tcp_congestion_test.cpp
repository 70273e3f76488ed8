// The algorithms that move the congestion window, by themselves.
#include <gtest/gtest.h>

#include <cmath>

#include "stack/tcp/cubic.hpp"

namespace conker {
namespace {

constexpr std::uint16_t kMss = 1000;
constexpr Instant kStart{100s};

TEST(NewRenoTest, SlowStartCountsBytesAtMostTwoSegmentsAnAck) {  // RFC 3465, 2.2
  Congestion c;
  c.cwnd = 10 * kMss;
  NewReno().on_ack(c, 500, kMss, 20ms, kStart);
  EXPECT_EQ(c.cwnd, 10'500u);
  NewReno().on_ack(c, 9000, kMss, 20ms, kStart);
  EXPECT_EQ(c.cwnd, 12'500u);
}

TEST(NewRenoTest, AvoidanceAddsOneSegmentAWindow) {  // RFC 3465, 2.1; RFC 5681, 3.1
  Congestion c;
  c.cwnd = 10 * kMss;
  c.ssthresh = 5 * kMss;
  for (int i = 0; i < 9; ++i) NewReno().on_ack(c, kMss, kMss, 20ms, kStart);
  EXPECT_EQ(c.cwnd, 10u * kMss);
  NewReno().on_ack(c, kMss, kMss, 20ms, kStart);
  EXPECT_EQ(c.cwnd, 11u * kMss);
}

TEST(NewRenoTest, ReducesToHalfTheFlightButTwoSegments) {  // RFC 5681, (4)
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

TEST_F(CubicTest, ReducesToSevenTenths) {  // RFC 9438, 4.6
  lose(100);
  EXPECT_NEAR(c.cwnd, 70 * kMss, kMss);
}

TEST_F(CubicTest,
       FollowsTheCurve) {  // RFC 9438, 4.2, where the round trip is long enough to leave Reno behind
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

TEST_F(CubicTest, MakesRoomWhenItHasLessThanLastTime) {  // RFC 9438, 4.7
  lose(1000);
  lose(800);
  const std::uint32_t begin = c.cwnd;
  // The plateau is at 0.85 of 800, not at 800.
  while (now < kStart + 7s) round_trips(1, 100ms);
  EXPECT_NEAR(c.cwnd, 680 * kMss, 30 * kMss) << "from " << begin;
}

}  // namespace
}  // namespace conker
