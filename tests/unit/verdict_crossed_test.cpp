// What a peer owes whose SYN is crossed by one of ours: here B is us, and A the peer that is
// judged.
#include <gtest/gtest.h>

#include "tests/unit/verdict_exchanges_scene.hpp"

namespace conker {
namespace {

using verdict::Rule;
using verdict::Segment;

class VerdictCrossedTest : public ::testing::Test, protected test::VerdictExchangesScene {
 protected:
  VerdictCrossedTest() : VerdictExchangesScene(64, verdict::Opener::kPeer) {}

  Segment our_syn() {
    Segment segment = syn_ack();
    segment.flags = kSyn;
    segment.ack = Seq();
    return segment;
  }
  Segment their_syn_ack() {
    Segment segment = syn();
    segment.flags = kSyn | kAck;
    segment.ack = kIssB + 1;
    return segment;
  }
  Segment moved(Segment segment) const {
    (segment.source.address == kA.address ? segment.source : segment.destination).port = port_;
    return segment;
  }
  void they(Duration at, const Segment& segment, std::optional<Rule> rule = {}) {
    if (segment.opens()) (void)exchanges_.on_opened(moved(segment), start_ + at);
    expect(at, moved(segment), rule);
  }
  /// The rule that is broken by silence before a segment of ours.
  std::optional<Rule> we(Duration at, const Segment& segment) {
    const auto broken = exchanges_.on_sent(moved(segment), start_ + at).broken;
    return broken ? std::optional(broken->rule) : std::nullopt;
  }
  void another() { port_ = Port{static_cast<std::uint16_t>(port_.value + 1)}; }
  void crossing() {
    they(0ms, syn());
    EXPECT_FALSE(we(1ms, our_syn()));
  }

  Port port_ = kA.port;
};

TEST_F(VerdictCrossedTest, TheConnectionGoesOn) {
  crossing();
  they(2ms, their_syn_ack());
  we(2ms, b(kAck, 1, 1));
  they(2s, a(kAck, 1, 1, 50));
  we(2s, b(kAck | kFin, 1, 51));
  they(2s, a(kAck | kFin, 51, 2));
  EXPECT_EQ(exchanges_.closed_first(), 0u);
}

TEST_F(VerdictCrossedTest, ItAnswersLate) {
  crossing();
  they(300ms, their_syn_ack(), Rule::kAnsweredLate);
}

TEST_F(VerdictCrossedTest, WhatIsWrongAfterwardsIsFound) {
  crossing();
  they(2ms, their_syn_ack());
  we(2ms, b(kAck, 1, 1));
  they(11ms, a(kRst, 5000, 0), Rule::kResetSequence);
}

TEST_F(VerdictCrossedTest, AProvocationByASynIsNone) {
  crossing();
  they(2ms, their_syn_ack());
  we(2ms, b(kAck, 1, 1));
  they(3ms, a(kAck, 1, 1, 50));
  we(3ms, b(kAck, 1, 51, 10));
  they(4ms, a(kAck, 51, 11));
  we(5ms, b(kSyn, 100, 0));
  they(6ms, a(kRst | kAck, 0, 101), Rule::kSynObeyed);
}

TEST_F(VerdictCrossedTest, NoneIsCarriedThrough) {
  for (int n = 1; n < 16; ++n, another()) {
    crossing();
    they(2ms, a(kRst | kAck, 0, 1));
  }
  crossing();
  they(2ms, a(kRst | kAck, 0, 1), Rule::kSimultaneousOpenRefused);
  another();
  crossing();
  they(2ms, a(kRst | kAck, 0, 1));
}

TEST_F(VerdictCrossedTest, NoneIsAnsweredBeforeItComesAgain) {
  for (int n = 1; n <= 16; ++n, another()) {
    crossing();
    they(1000ms, syn());
    EXPECT_EQ(we(1001ms, our_syn()),
              n == 16 ? std::optional(Rule::kSimultaneousOpenRefused) : std::nullopt);
    we(1001ms, syn_ack());
    they(1002ms, a(kAck, 1, 1));
  }
}

TEST_F(VerdictCrossedTest, WhereOneWasAnsweredOthersMayHaveBeenLost) {
  crossing();
  they(2ms, their_syn_ack());
  for (int n = 1; n <= 100; ++n) {
    another();
    crossing();
    EXPECT_FALSE(we(1001ms, our_syn()));
    they(1002ms, their_syn_ack());
  }
}

}  // namespace
}  // namespace conker
