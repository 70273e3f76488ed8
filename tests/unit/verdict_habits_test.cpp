// What a peer does of its own accord, or again and again: timeouts, keepalive probes, what it
// keeps, and how many segments it acknowledges at once.
#include "tests/unit/verdict_exchanges_scene.hpp"

namespace conker {
namespace {

using verdict::Rule;

class VerdictHabitsTest : public ::testing::Test, protected test::VerdictExchangesScene {
 protected:
  VerdictHabitsTest() : VerdictExchangesScene(4) {}

  void handshake() {
    send(0ms, syn());
    fine(1ms, syn_ack());
    send(1ms, a(kAck, 1, 1));
  }
};

// ---- Keepalive ----

TEST_F(VerdictHabitsTest, AKeepaliveProbeBeforeTwoHours) {
  handshake();
  fine(2ms, b(kAck, 1, 1, 50));
  send(3ms, a(kAck, 1, 51));
  fine(4ms, b(kAck, 50, 1));  // overtaken
  expect(10s, b(kAck, 50, 1), Rule::kKeepaliveEarly);
  fine(3h, b(kAck, 50, 1));
}

TEST_F(VerdictHabitsTest, AProbeOfAClosedWindowIsNoKeepalive) {
  handshake();
  fine(2ms, b(kAck, 1, 1, kWindow));
  Segment shut = a(kAck, 1, 1 + kWindow);
  shut.window = 0;
  send(3ms, shut);
  fine(10s, b(kAck, kWindow, 1));
}

// ---- What nobody acknowledges ----

TEST_F(VerdictHabitsTest, TimeoutsThatDouble) {
  handshake();
  fine(2ms, b(kAck, 1, 1, 50));
  for (const Duration at : {202ms, 402ms, 802ms, 1602ms, 3202ms, 9602ms, 22402ms})
    fine(at, b(kAck, 1, 1, 50));  // the first one is a probe, and the last but one was lost
}

TEST_F(VerdictHabitsTest, TimeoutsThatDoNotGrow) {
  handshake();
  fine(2ms, b(kAck, 1, 1, 50));
  for (const Duration at : {202ms, 402ms, 602ms}) fine(at, b(kAck, 1, 1, 50));
  expect(802ms, b(kAck, 1, 1, 50), Rule::kRtoNotBackedOff);
}

TEST_F(VerdictHabitsTest, ATimeoutIsNewBehindAnAck) {
  handshake();
  fine(2ms, b(kAck, 1, 1, 50));
  for (const Duration at : {202ms, 402ms, 602ms}) fine(at, b(kAck, 1, 1, 50));
  send(603ms, a(kAck, 1, 51));
  fine(604ms, b(kAck, 51, 1, 50));
  fine(804ms, b(kAck, 51, 1, 50));
}

TEST_F(VerdictHabitsTest, SynAcksThatDoNotWaitLonger) {
  send(0ms, syn());
  for (const Duration at : {1ms, 1001ms, 2001ms, 3001ms}) fine(at, syn_ack());
  expect(4001ms, syn_ack(), Rule::kRtoNotBackedOff);
}

TEST_F(VerdictHabitsTest, SegmentsAtATimeout) {
  handshake();
  for (const std::uint32_t at : {1u, 101u, 201u}) fine(2ms, b(kAck, at, 1, kMss));
  fine(302ms, b(kAck, 1, 1, kMss));
  expect(302ms, b(kAck, 101, 1, kMss), Rule::kSegmentsAtTimeout);
}

TEST_F(VerdictHabitsTest, SegmentsThatAnAckOfOursCallsFor) {
  handshake();
  for (const std::uint32_t at : {1u, 101u, 201u}) fine(2ms, b(kAck, at, 1, kMss));
  send(250ms, a(kAck, 1, 1));
  fine(302ms, b(kAck, 1, 1, kMss));
  fine(302ms, b(kAck, 101, 1, kMss));
}

TEST_F(VerdictHabitsTest, TextAheadOfAGapThatIsNeverKept) {
  handshake();
  const std::uint32_t most = verdict::Patience().dropped;
  for (std::uint32_t i = 0; i < most; ++i) {
    const std::uint32_t at = 1 + i * 10;
    const Duration begin = 10ms * (i + 1);
    send(begin, a(kAck, at + 5, 1, 5));
    fine(begin + 1ms, b(kAck, 1, at));
    send(begin + 2ms, a(kAck, at, 1, 5));
    const auto rule = i + 1 == most ? std::optional(Rule::kAboveSequenceDropped) : std::nullopt;
    expect(begin + 3ms, b(kAck, 1, at + 5), rule);
    send(begin + 4ms, a(kAck, at + 5, 1, 5));
    fine(begin + 5ms, b(kAck, 1, at + 10));
  }
}

TEST_F(VerdictHabitsTest, TextAheadOfAGapThatIsKeptOnce) {
  handshake();
  for (std::uint32_t i = 0; i < 3 * verdict::Patience().dropped; ++i) {
    const std::uint32_t at = 1 + i * 10;
    const Duration begin = 10ms * (i + 1);
    send(begin, a(kAck, at + 5, 1, 5));
    send(begin + 2ms, a(kAck, at, 1, 5));
    if (i != 0) fine(begin + 3ms, b(kAck, 1, at + 5));
    send(begin + 4ms, a(kAck, at + 5, 1, 5));
    fine(begin + 5ms, b(kAck, 1, at + 10));
  }
}

TEST_F(VerdictHabitsTest, AcksOfManySegments) {
  handshake();
  const std::uint32_t most = verdict::Patience().stretched;
  std::uint32_t at = 1;
  for (std::uint32_t i = 0; i < most; ++i) {
    const Duration begin = 10ms * (i + 1);
    for (std::uint32_t part = 0; part < 4; ++part) send(begin, a(kAck, at + part * kMss, 1, kMss));
    at += 4 * kMss;
    expect(begin + 1ms, b(kAck, 1, at),
           i + 1 == most ? std::optional(Rule::kStretchAcks) : std::nullopt);
  }
}

TEST_F(VerdictHabitsTest, AcksOfTwoSegmentsNowAndThen) {
  handshake();
  std::uint32_t at = 1;
  for (std::uint32_t i = 0; i < 2 * verdict::Patience().stretched; ++i) {
    const Duration begin = 10ms * (i + 1);
    for (std::uint32_t part = 0; part < 4; ++part) send(begin, a(kAck, at + part * kMss, 1, kMss));
    if (i == 0) fine(begin + 1ms, b(kAck, 1, at + 2 * kMss));
    at += 4 * kMss;
    fine(begin + 2ms, b(kAck, 1, at));
  }
}

}  // namespace
}  // namespace conker
