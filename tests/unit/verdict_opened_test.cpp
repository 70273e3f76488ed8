// What a peer owes in connections that it opens itself: here B is us, and A the peer that is
// judged.
#include <gtest/gtest.h>

#include "stack/verdict/exchanges.hpp"
#include "tests/unit/verdict_exchanges_scene.hpp"

namespace conker {
namespace {

using verdict::Exchanges;
using verdict::Rule;
using verdict::Segment;

class VerdictOpenedTest : public ::testing::Test, protected test::VerdictExchangesScene {
 protected:
  VerdictOpenedTest() : VerdictExchangesScene(2, verdict::Opener::kPeer) {}
  std::optional<Exchanges::Opened> opened(Duration at, const Segment& segment) {
    return exchanges_.on_opened(segment, start_ + at);
  }
  /// A handshake that ends at 2 ms.
  void handshake() {
    EXPECT_TRUE(opened(0ms, syn()));
    fine(0ms, syn());
    send(1ms, syn_ack());
    fine(2ms, a(kAck, 1, 1));
  }
};

TEST_F(VerdictOpenedTest, AConnectionInOrder) {
  handshake();
  fine(3ms, a(kAck, 1, 1, 50));
  send(4ms, b(kAck, 1, 51));
  send(5ms, b(kAck | kFin, 1, 51));
  fine(6ms, a(kAck, 51, 2));
  fine(2s, a(kAck | kFin, 51, 2));
  send(2s, b(kAck, 2, 52));
  EXPECT_EQ(exchanges_.number(kA), 1u);
}

TEST_F(VerdictOpenedTest, ASynThatIsSentAgainOpensNothing) {
  EXPECT_TRUE(opened(0ms, syn()));
  EXPECT_FALSE(opened(1000ms, syn()));
  fine(1000ms, syn());
  send(1001ms, syn_ack());
  EXPECT_FALSE(opened(1001ms, syn())) << "it crossed our SYN-ACK";
  fine(1001ms, syn());
  fine(1002ms, a(kAck, 1, 1));
}

TEST_F(VerdictOpenedTest, ASynAckIsAnsweredOnlyWhenSentAgain) {
  opened(0ms, syn());
  send(1ms, syn_ack());
  send(1001ms, syn_ack());
  expect(1002ms, a(kAck, 1, 1), Rule::kSynUnanswered);
}

TEST_F(VerdictOpenedTest, ASynAckIsAnsweredLate) {
  opened(0ms, syn());
  send(1ms, syn_ack());
  expect(252ms, a(kAck, 1, 1), Rule::kAnsweredLate);
}

TEST_F(VerdictOpenedTest, AFinIsAnsweredOnlyWhenSentAgain) {
  handshake();
  send(10ms, b(kAck | kFin, 1, 1));
  send(400ms, b(kAck | kFin, 1, 1));
  expect(401ms, a(kAck, 1, 2), Rule::kFinUnanswered);
}

TEST_F(VerdictOpenedTest, AFinIsAnsweredByAReset) {
  handshake();
  send(10ms, b(kAck | kFin, 1, 1));
  expect(11ms, a(kRst, 1, 0), Rule::kResetOfFin);
}

TEST_F(VerdictOpenedTest, AResetThatIsBlind) {
  handshake();
  expect(11ms, a(kRst, 5000, 0), Rule::kResetSequence);
}

TEST_F(VerdictOpenedTest, WhatItSaysAfterItsReset) {
  handshake();
  fine(11ms, a(kRst, 1, 0));
  fine(12ms, a(kAck, 1, 1));
  expect(400ms, a(kAck, 1, 1), Rule::kSaysMoreAfterReset);
}

TEST_F(VerdictOpenedTest, DataThatIsSentAgainThoughItWasAcknowledged) {
  handshake();
  fine(3ms, a(kAck, 1, 1, 50));
  send(4ms, b(kAck, 1, 51));
  expect(400ms, a(kAck, 1, 1, 50), Rule::kSentAcknowledged);
}

TEST_F(VerdictOpenedTest, TheSamePortOpensAnotherOne) {
  handshake();
  Segment another = syn();
  another.seq = kIssA + 5000;
  // The peer has lost the connection: our challenge ACK is of the one before, and it resets that.
  const auto again = opened(1s, another);
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->fresh);
  EXPECT_EQ(exchanges_.number(kA), 2u);
  send(1s, b(kAck, 1, 1));
  fine(1s, a(kRst, 1, 0));
  EXPECT_FALSE(opened(2s, another));
  Segment answer = syn_ack();
  answer.ack = another.end();
  send(2s, answer);
  fine(2s, a(kAck, 5001, 1));
}

}  // namespace
}  // namespace conker
