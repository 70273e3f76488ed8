// The strike against a peer that a script speaks for.
#include <array>
#include <string>
#include <vector>

#include "stack/strike/strike.hpp"
#include "tests/unit/strike_scene.hpp"

namespace conker::test {
namespace {

constexpr std::array<std::byte, 100'000> kZeros{};

class StrikeScriptTest : public StrikeScene {
 protected:
  StrikeScriptTest() { strike_.emplace(s_.stack(), slots_, kStriker); }

  /// Begins a strike of one cycle, up to its SYN.
  void begin(Close way, std::uint32_t payload = 1) {
    StrikeRequest request = one_cycle(way);
    request.payload = std::span(kZeros).first(payload);
    request.filling = kZeros;
    StrikeScene::begin(request);
  }
  /// Begins it, up to the last ACK of the handshake.
  void established(Close way, std::uint32_t payload = 1) {
    begin(way, payload);
    s_.inject(SynAck());
    s_.expect(Ack().seq(1).ack(1));
  }

  StrikeFailure failure() {
    const StrikeReport report = end();
    EXPECT_EQ(report.failed(), 1u);
    for (std::size_t i = 0; i < kStrikeFailures; ++i)
      if (report.failures[i] != 0) return static_cast<StrikeFailure>(i);
    return StrikeFailure::kOther;
  }
};

// ---- What each way puts on the wire ----

TEST_F(StrikeScriptTest, FinLeavesInTheTurnAfterTheAckOfTheHandshake) {
  established(Close::kFin);
  EXPECT_LE(strike_->next_deadline(), s_.now());
  turn();
  turn();
  s_.expect(Fin().seq(1).ack(1));
  s_.inject(Fin());
  s_.expect(Ack().ack(2));
  EXPECT_EQ(end().closed, 1u);
}

TEST_F(StrikeScriptTest, FinWithAckRidesOnTheAckOfTheHandshake) {
  begin(Close::kFinWithAck);
  s_.inject(SynAck());
  s_.expect(Fin().seq(1).ack(1));
  s_.inject(Fin());
  s_.expect(Ack().ack(2));
  EXPECT_EQ(end().closed, 1u);
}

TEST_F(StrikeScriptTest, DataWithTheHandshakeIsReadBeforeTheClose) {
  begin(Close::kFinWithAck);
  s_.inject({SynAck(), Data("220 hello")});
  s_.expect(Fin().seq(1).ack(10));
  s_.inject(Fin());
  s_.expect(Ack().ack(11));
  EXPECT_EQ(end().completed(), 1u);
}

TEST_F(StrikeScriptTest, LateWaysHoldTheConnection) {
  for (const Close way : {Close::kFinLate, Close::kResetLate}) {
    established(way);
    turn();
    turn();
    s_.expect_nothing();
    EXPECT_EQ(strike_->next_deadline(), s_.now() + 50ms);
    s_.advance(50ms);
    turn();
    if (way == Close::kResetLate) {
      s_.expect(RstAck().seq(1));
      EXPECT_EQ(end().aborted, 1u);
    } else {
      s_.expect(Fin().seq(1).ack(1));
      s_.inject(Fin());
      s_.expect(Ack().ack(2));
      EXPECT_EQ(end().closed, 1u);
    }
  }
}

TEST_F(StrikeScriptTest, AStoppedStrikeHoldsNothing) {
  established(Close::kFinLate);
  strike_->stop();
  EXPECT_LE(strike_->next_deadline(), s_.now());
  turn();
  s_.expect(Fin().seq(1).ack(1));
  s_.inject(Fin());
  s_.expect(Ack().ack(2));
  EXPECT_EQ(end().closed, 1u);
}

TEST_F(StrikeScriptTest, PeerFirstWaitsForThePeersFin) {
  established(Close::kPeerFirst);
  turn();
  turn();
  s_.expect_nothing();
  s_.inject(Fin());
  s_.expect(Fin().seq(1).ack(2));
  s_.inject(Ack());
  EXPECT_EQ(end().closed, 1u);
}

TEST_F(StrikeScriptTest, DataToClosedIsSentAfterThePeersFin) {
  established(Close::kDataToClosed);
  turn();
  s_.expect_nothing();
  s_.inject(Fin());
  s_.expect(Data(std::string(1, '\0')).seq(1).ack(2));
  s_.inject(Rst().seq(2));
  EXPECT_EQ(end().aborted, 1u) << "a RST is the right answer";
}

TEST_F(StrikeScriptTest, DataToClosedEndsWhereThePeerReadsOn) {
  established(Close::kDataToClosed);
  s_.inject(Fin());
  s_.skip();
  s_.inject(Ack());
  s_.advance(49ms);
  turn();
  s_.expect_nothing();
  s_.advance(1ms);
  turn();
  s_.expect(RstAck());
  EXPECT_EQ(end().aborted, 1u);
}

TEST_F(StrikeScriptTest, DataToClosedIsResetBeforeThePeersFin) {
  established(Close::kDataToClosed);
  s_.inject(Rst());
  EXPECT_EQ(failure(), StrikeFailure::kReset);
}

TEST_F(StrikeScriptTest, DataToAPeerThatDoesNotClose) {
  established(Close::kDataToClosed);
  s_.advance(5s);
  turn();
  s_.skip();
  EXPECT_EQ(failure(), StrikeFailure::kPeerSilent);
}

TEST_F(StrikeScriptTest, AbortConnectingLeavesTheSynBehind) {
  begin(Close::kAbortConnecting);
  turn();
  turn();
  s_.expect_nothing();
  const StrikeReport report = end();
  EXPECT_EQ(report.aborted, 1u);
  EXPECT_EQ(report.connect.count(), 0u);
}

TEST_F(StrikeScriptTest, AbortConnectingResetsWhatWasEstablishedMeanwhile) {
  begin(Close::kAbortConnecting);
  s_.inject(SynAck());
  s_.expect(Ack().seq(1).ack(1));
  turn();
  turn();
  s_.expect(RstAck().seq(1));
  EXPECT_EQ(end().aborted, 1u);
}

TEST_F(StrikeScriptTest, HalfCloseReadsUntilThePeersFin) {
  established(Close::kHalfClose);
  turn();
  turn();
  s_.expect(Fin().seq(1).ack(1));
  s_.inject(Data("more"));
  s_.expect(Ack().seq(2).ack(5));
  s_.inject(Fin());
  s_.expect(Ack().ack(6));
  EXPECT_EQ(end().closed, 1u);
}

TEST_F(StrikeScriptTest, HalfCloseAfterThePeersFin) {
  established(Close::kHalfClose);
  s_.inject(Fin());
  s_.expect(Ack().seq(1).ack(2));
  turn();
  turn();
  s_.expect(Fin().seq(1).ack(2));
  s_.inject(Ack());
  EXPECT_EQ(end().closed, 1u);
}

TEST_F(StrikeScriptTest, DataFinSendsBothInOneSegment) {
  established(Close::kDataFin, 200);
  turn();
  turn();
  s_.expect(Fin().seq(1).ack(1).carrying(std::string(200, 0)));
  s_.inject(Data("echo"));
  s_.expect(Ack().seq(202).ack(5));
  s_.inject(Fin());
  s_.expect(Ack().ack(6));
  EXPECT_EQ(end().closed, 1u);
}

TEST_F(StrikeScriptTest, UnsentIsResetAfterItsBound) {
  established(Close::kUnsent);
  turn();
  turn();
  s_.skip();
  s_.advance(60ms);
  turn();
  s_.skip();
  const StrikeReport report = end();
  EXPECT_EQ(report.aborted, 1u);
  EXPECT_EQ(report.failed(), 0u);
}

TEST_F(StrikeScriptTest, ResetUnreadWaitsForDataAndLeavesIt) {
  established(Close::kResetUnread);
  turn();
  turn();
  s_.expect(Data(std::string(1, 0)).seq(1).ack(1));
  s_.inject(Data("x"));
  s_.expect(Ack().seq(2).ack(2));
  s_.expect(RstAck().seq(2));
  EXPECT_EQ(end().aborted, 1u);
}

// ---- Failures, by phase ----

TEST_F(StrikeScriptTest, ConnectedAndResetInOneTurn) {
  begin(Close::kFin);
  s_.inject({SynAck(), Rst()});
  s_.skip();
  const StrikeReport report = end();
  EXPECT_EQ(report.reset(), 1u);
  EXPECT_EQ(report.connect.count(), 1u);
  EXPECT_EQ(report.close.count(), 0u);
}

TEST_F(StrikeScriptTest, Unreachable) {
  begin(Close::kFin);
  s_.inject_unreachable(3);
  const StrikeReport report = end();
  EXPECT_EQ(report.other(), 1u);
  EXPECT_EQ(report.other(), 1u);
}

TEST_F(StrikeScriptTest, ACloseWithoutAnAnswerTimesOut) {
  begin(Close::kFinWithAck);
  s_.inject(SynAck());
  s_.expect(Fin());
  EXPECT_EQ(strike_->next_deadline(), s_.now() + 5s);
  s_.advance(5s);
  s_.skip();
  s_.stack();
  strike_->step();
  EXPECT_LE(strike_->next_deadline(), s_.now()) << "the last event waits to be fetched";
  EXPECT_TRUE(strike_->report().balanced());
  EXPECT_EQ(strike_->report().live, 1u);
  s_.turn();
  s_.skip();
  const StrikeReport report = end();
  EXPECT_EQ(report.count(StrikeFailure::kFinUnanswered), 1u);
  EXPECT_EQ(report.timed_out(), 1u);
  EXPECT_EQ(report.reset(), 0u) << "our own reset is not the peer's";
}

TEST_F(StrikeScriptTest, SynReset) {
  begin(Close::kFin);
  s_.inject(RstAck().seq(0).ack(1));
  EXPECT_EQ(failure(), StrikeFailure::kSynReset);
}

TEST_F(StrikeScriptTest, SynUnanswered) {
  begin(Close::kFin);
  s_.advance(5100ms);
  s_.skip();
  EXPECT_EQ(failure(), StrikeFailure::kSynUnanswered);
}

TEST_F(StrikeScriptTest, ResetWhileHeld) {
  established(Close::kFinLate);
  s_.inject(Rst());
  EXPECT_EQ(failure(), StrikeFailure::kReset);
}

TEST_F(StrikeScriptTest, APeerThatDoesNotCloseFirst) {
  established(Close::kPeerFirst);
  s_.advance(5s);
  turn();
  s_.skip();
  EXPECT_EQ(failure(), StrikeFailure::kPeerSilent);
}

TEST_F(StrikeScriptTest, ResetForTheFin) {
  begin(Close::kFinWithAck);
  s_.inject(SynAck());
  s_.expect(Fin());
  s_.inject(Rst());
  EXPECT_EQ(failure(), StrikeFailure::kFinReset);
}

TEST_F(StrikeScriptTest, FinAcknowledgedAndThenReset) {
  begin(Close::kFinWithAck);
  s_.inject(SynAck());
  s_.expect(Fin());
  s_.inject(Ack());
  s_.inject(Rst());
  EXPECT_EQ(failure(), StrikeFailure::kResetAfterFin);
}

TEST_F(StrikeScriptTest, FinAcknowledgedAndNoneFollows) {
  begin(Close::kFinWithAck);
  s_.inject(SynAck());
  s_.expect(Fin());
  s_.inject(Ack());
  s_.advance(5s);
  turn();
  s_.skip();
  EXPECT_EQ(failure(), StrikeFailure::kNoFin);
}

TEST_F(StrikeScriptTest, DataAfterOurClose) {
  begin(Close::kFinWithAck);
  s_.inject(SynAck());
  s_.expect(Fin());
  s_.inject(Data("late"));
  s_.skip();
  EXPECT_EQ(failure(), StrikeFailure::kDataAfterClose);
}

}  // namespace
}  // namespace conker::test
