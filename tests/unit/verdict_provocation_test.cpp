// What a peer makes of a provocation: each rule broken, and what looks like it and is none.
#include <gtest/gtest.h>

#include "stack/verdict/exchanges.hpp"
#include "tests/unit/verdict_exchanges_scene.hpp"

namespace conker {
namespace {

using verdict::Exchanges;
using verdict::Rule;
using verdict::Segment;

/// A is us, B the peer that is judged. B has acknowledged 10 bytes of ours, and nothing is in
/// flight.
class VerdictProvocationTest : public ::testing::Test, protected test::VerdictExchangesScene {
 protected:
  VerdictProvocationTest() : VerdictExchangesScene(64) {
    open(0);
    send(1ms, a(kAck, 1, 1, 10));
    fine(2ms, b(kAck, 1, 11));
  }
  /// A connection of ours from another port, up to the ACK of its handshake.
  void open(std::uint16_t port) {
    port_ = port;
    send(0ms, syn());
    fine(1ms, syn_ack());
    send(1ms, a(kAck, 1, 1));
  }
  void send(Duration at, Segment segment) {
    segment.source.port.value += port_;
    VerdictExchangesScene::send(at, segment);
  }
  void expect(Duration at, Segment segment, std::optional<Rule> rule) {
    segment.destination.port.value += port_;
    VerdictExchangesScene::expect(at, segment, rule);
  }
  void fine(Duration at, const Segment& segment) { expect(at, segment, {}); }
  void probe(Duration at) { send(at, a(kAck, 10, 1)); }

  Segment reset_inside() { return a(kRst, 11 + 500, 0); }
  Segment reset_before() { return a(kRst, 9, 0); }
  Segment reset_behind() { return a(kRst, 11 + 65536, 0); }
  Segment syn_inside() { return a(kSyn, 11 + 500, 0); }
  Segment ack_beyond() { return a(kAck, 11, 1002); }
  /// A RST of a host that has no such connection, for the probe.
  Segment gone() { return b(kRst, 1, 0); }

 private:
  std::uint16_t port_ = 0;
};

TEST_F(VerdictProvocationTest, APeerThatHasTheConnectionAnswersTheProbe) {
  for (const Segment& provocation :
       {reset_before(), reset_behind(), reset_inside(), syn_inside(), ack_beyond()}) {
    send(10ms, provocation);
    probe(60ms);
    fine(61ms, b(kAck, 1, 11));
  }
  send(70ms, a(kAck | kFin, 11, 1));
  fine(71ms, b(kAck | kFin, 1, 12));
}

TEST_F(VerdictProvocationTest, AResetBeforeTheWindowEndsTheConnection) {
  send(10ms, reset_before());
  probe(60ms);
  expect(61ms, gone(), Rule::kResetOutsideObeyed);
}

TEST_F(VerdictProvocationTest, AResetBehindTheWindowEndsTheConnection) {
  send(10ms, reset_behind());
  probe(60ms);
  expect(61ms, gone(), Rule::kResetOutsideObeyed);
}

TEST_F(VerdictProvocationTest, AResetWithinTheWindowEndsTheConnection) {
  send(10ms, reset_inside());
  probe(60ms);
  // As lwIP answers: it acknowledges the probe.
  expect(61ms, b(kRst | kAck, 1, 10), Rule::kResetInsideObeyed);
}

TEST_F(VerdictProvocationTest, ARstOfTheApplicationIsNoAnswer) {
  send(10ms, reset_inside());
  probe(60ms);
  fine(61ms, b(kRst | kAck, 1, 11));
}

TEST_F(VerdictProvocationTest, ARstBeforeTheProbeIsNoAnswer) {
  send(10ms, reset_behind());
  fine(11ms, b(kRst, 1, 0));
}

TEST_F(VerdictProvocationTest, WhatFollowsOurFinIsNoAnswer) {
  send(10ms, reset_inside());
  probe(60ms);
  send(60ms, a(kAck | kFin, 11, 1));
  fine(61ms, gone());
}

TEST_F(VerdictProvocationTest, APeerThatHasSentItsFinIsNotJudged) {
  send(10ms, reset_inside());
  fine(11ms, b(kAck | kFin, 1, 11));
  probe(60ms);
  fine(61ms, b(kRst, 2, 0));
}

TEST_F(VerdictProvocationTest, APeerThatMayBeInSynReceivedIsNotJudged) {
  open(1);
  send(10ms, a(kRst, 500, 0));
  send(60ms, a(kAck, 0, 1));
  fine(61ms, gone());
}

TEST_F(VerdictProvocationTest, ASynEndsTheConnection) {
  send(10ms, syn_inside());
  expect(11ms, b(kRst, 1, 0), Rule::kSynObeyed);
}

TEST_F(VerdictProvocationTest, ASynBeginsTheConnectionAnew) {
  send(10ms, syn_inside());
  Segment anew = syn_ack();
  anew.seq += 7777;
  anew.ack = kIssA + 512;
  expect(11ms, anew, Rule::kSynObeyed);
}

TEST_F(VerdictProvocationTest, AnAckOfTheUnsentIsTaken) {
  send(10ms, ack_beyond());
  expect(11ms, b(kAck, 1002, 11), Rule::kUnsentAckTaken);
}

TEST_F(VerdictProvocationTest, AnAckOfTheUnsentIsAnsweredByAReset) {
  send(10ms, ack_beyond());
  expect(11ms, b(kRst, 1002, 0), Rule::kUnsentAckTaken);
}

TEST_F(VerdictProvocationTest, AnAckThatDataHasOvertakenIsNone) {
  send(10ms, ack_beyond());
  fine(11ms, b(kAck, 1, 11, 1001));
  fine(12ms, b(kAck, 1002, 11, 50));
}

// ---- Challenge ACKs ----

TEST_F(VerdictProvocationTest, SixteenThatNoChallengeAckAnswers) {
  for (std::uint16_t n = 1; n <= 17; ++n) {
    open(n);
    send(1ms, a(kAck, 1, 1, 10));
    fine(2ms, b(kAck, 1, 11));
    send(10ms, reset_inside());
    probe(60ms);
    expect(61ms, b(kAck, 1, 11), n == 16 ? std::optional(Rule::kResetUnchallenged) : std::nullopt);
  }
}

TEST_F(VerdictProvocationTest, OneChallengeAckIsEnoughForAll) {
  for (std::uint16_t n = 1; n <= 40; ++n) {
    open(n);
    send(1ms, a(kAck, 1, 1, 10));
    fine(2ms, b(kAck, 1, 11));
    send(10ms, syn_inside());
    if (n == 5) fine(11ms, b(kAck, 1, 11));
    probe(60ms);
    fine(61ms, b(kAck, 1, 11));
  }
}

TEST_F(VerdictProvocationTest, WhereTheProbeIsTooCloseNothingIsKnown) {
  for (std::uint16_t n = 1; n <= 40; ++n) {
    open(n);
    send(1ms, a(kAck, 1, 1, 10));
    fine(2ms, b(kAck, 1, 11));
    send(10ms, reset_inside());
    probe(20ms);
    fine(21ms, b(kAck, 1, 11));
  }
}

// ---- What is sent out of order ----

TEST_F(VerdictProvocationTest, WhatFillsAGapIsNotSentAgain) {
  send(10ms, a(kAck | kFin, 16, 1, 5));
  fine(11ms, b(kAck, 1, 11));
  send(60ms, a(kAck, 11, 1, 5));
  send(60ms, a(kAck | kFin, 11, 1, 10));
  fine(61ms, b(kAck | kFin, 1, 22));
}

TEST_F(VerdictProvocationTest, WhatIsSentAgainLaterIs) {
  send(10ms, a(kAck | kFin, 16, 1, 5));
  send(60ms, a(kAck, 11, 1, 5));
  send(260ms, a(kAck | kFin, 11, 1, 10));
  expect(600ms, b(kAck | kFin, 1, 22), Rule::kAnsweredLate);
}

}  // namespace
}  // namespace conker
