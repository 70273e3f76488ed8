// Opening: active, passive, simultaneous, refused, unanswered (RFC 9293, 3.5 and 3.10.7.2 to 3.10.7.4).
#include <vector>

#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

// ---- Active ----

TEST(TcpOpenTest, ActiveOpen) {
  Script s;
  const auto id = s.connect(80);
  s.expect_state(id, State::kSynSent);
  s.expect(Syn().seq(0).mss(1460).win(65535));
  s.inject(SynAck().mss(1000));
  s.expect(Ack().seq(1).ack(1));
  s.expect_nothing();
  s.expect_events(id, Event::kConnected);
  s.expect_state(id, State::kEstablished);
  EXPECT_EQ(s.info(id).mss, 1000);
  EXPECT_EQ(s.count(Count::opened_active), 1u);
  s.expect_nothing_for(1h);
}

TEST(TcpOpenTest, WithoutMssOptionThePeerGets536) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn());
  s.inject(SynAck());
  s.expect(Ack());
  EXPECT_EQ(s.info(id).mss, 536) << "RFC 9293, 3.7.1";
}

TEST(TcpOpenTest, Refused) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn());
  s.inject(RstAck().seq(0).ack(1));
  s.expect_ended(id, CloseReason::kRefused);
  s.expect_nothing_for(10s);
  EXPECT_EQ(s.count(Count::ended_refused), 1u);
}

TEST(TcpOpenTest, ResetsThatAnswerSomethingElseAreIgnored) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn());
  s.inject(RstAck().seq(0).ack(0));
  s.inject(RstAck().seq(0).ack(2));
  s.inject(Rst().seq(0));
  s.expect_state(id, State::kSynSent);
  s.expect_nothing();
  s.inject(SynAck());
  s.expect(Ack());
  s.expect_events(id, Event::kConnected);
}

TEST(TcpOpenTest, AnAckOfWhatWasNotSentIsReset) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn());
  s.inject(SynAck().seq(0).ack(7));
  s.expect(Rst().seq(7));
  s.inject(Ack().seq(0).ack(0));
  s.expect(Rst().seq(0));
  s.expect_state(id, State::kSynSent);
  s.inject(Ack().seq(0).ack(1));  // acceptable, but neither SYN nor RST
  s.expect_nothing();
  s.expect_state(id, State::kSynSent);
  s.inject(SynAck());
  s.expect(Ack());
}

TEST(TcpOpenTest, SynIsSentAgainUntilTheTimeIsUp) {
  Script s;
  const auto id = s.connect(80);  // 75 s by default
  s.expect(Syn().seq(0));
  for (const Duration gap : {1s, 2s, 4s, 8s, 16s, 32s}) s.expect_after(gap, Syn().seq(0).mss(1460));
  s.expect_state(id, State::kSynSent);
  s.expect_nothing_for(75s - 63s + 10ms);
  s.expect_ended(id, CloseReason::kTimedOut);
  EXPECT_EQ(s.count(Count::ended_timed_out), 1u);
  s.expect_nothing_for(200s);
}

TEST(TcpOpenTest, EachConnectionHasATimeoutOfItsOwn) {
  Script s;
  const auto impatient = s.connect(80, 500ms);
  s.expect(Syn());
  const auto patient = s.connect(81, 5s);
  s.expect(Syn());
  s.expect_nothing_for(510ms);
  s.expect_ended(impatient, CloseReason::kTimedOut);
  s.expect_state(patient, State::kSynSent);
  s.expect_after(490ms, Syn());
  s.expect_after(2s, Syn());
  s.expect_nothing_for(2010ms);
  s.expect_ended(patient, CloseReason::kTimedOut);
}

TEST(TcpOpenTest, TheTimeoutEndsWithTheHandshake) {
  Script s;
  const auto id = s.connect(80, 2s);
  s.expect(Syn());
  s.advance(900ms);
  s.inject(SynAck());
  s.expect(Ack());
  s.expect_nothing_for(10s);
  s.expect_state(id, State::kEstablished);
}

TEST(TcpOpenTest, NothingWaitsForANeighbourThatDoesNotAnswerLongerThanItsTimeout) {
  Script s;
  s.link().busy = true;  // not even ARP gets out
  const auto id = s.connect(80, 3s);
  s.advance(3010ms);
  s.expect_ended(id, CloseReason::kTimedOut);
  s.link().busy = false;
  s.advance(1s);
  s.skip();
}

TEST(TcpOpenTest, Unreachable) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn());
  s.inject_unreachable(3);
  s.expect_ended(id, CloseReason::kUnreachable);
  EXPECT_EQ(s.count(Count::ended_other), 1u);
  s.expect_nothing_for(10s);
}

TEST(TcpOpenTest, UnreachableEndsNoEstablishedConnection) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.expect(Data("x"));
  s.inject_unreachable(3);
  s.expect_state(id, State::kEstablished);
  s.inject(Ack());
}

TEST(TcpOpenTest, CloseWhileConnectingIsSilent) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn());
  EXPECT_EQ(s.close(id), Error::kOk);
  s.expect_ended(id, CloseReason::kAborted);
  s.expect_nothing_for(10s);
}

TEST(TcpOpenTest, WhatCannotWorkFailsAtOnce) {
  Script s;
  const auto attempt = [&](IpAddress to, std::uint16_t port, IpAddress from = {}) {
    ConnectRequest request;
    request.remote = {to, Port{port}};
    request.local = from;
    return s.stack().connect(request).error();
  };
  EXPECT_EQ(attempt(kPeerAddress, 0), Error::kInvalidArgument);
  EXPECT_EQ(attempt(IpAddress::v4(224, 0, 0, 1), 80), Error::kInvalidArgument);
  EXPECT_EQ(attempt(IpAddress::v4(0), 80), Error::kInvalidArgument);
  EXPECT_EQ(attempt(IpAddress::v4(8, 8, 8, 8), 80), Error::kNoRoute);
  EXPECT_EQ(attempt(kPeerAddress, 80, IpAddress::v4(10, 0, 0, 77)), Error::kNoSuchAddress);
  EXPECT_EQ(s.books().opened, 0u);
}

TEST(TcpOpenTest, TheSameFourTupleTwiceIsInUse) {
  Script s;
  ConnectRequest request;
  request.remote = {kPeerAddress, Port{80}};
  request.local_port = Port{5000};
  (void)s.connect(request);
  s.expect(Syn());
  EXPECT_EQ(s.stack().connect(request).error(), Error::kAddressInUse);
  request.remote.port = Port{81};
  EXPECT_TRUE(s.stack().connect(request)) << "the same port towards another is another four-tuple";
  s.turn();
  s.speak_for(s.peer(81, 5000));
  s.expect(Syn());
}

TEST(TcpOpenTest, SimultaneousOpen) {
  for (const bool with_syn_ack : {true, false}) {
    Script s;
    const auto id = s.connect(80);
    s.expect(Syn().seq(0));
    s.inject(Syn().mss(1460));
    s.expect(SynAck().seq(0).ack(1).mss(1460));
    s.expect_state(id, State::kSynReceived);
    // RFC 9293, figure 7: the peer answers our SYN in the same way; or it already had our SYN, and only acknowledges.
    s.inject(with_syn_ack ? SynAck().seq(0).ack(1) : Ack());
    s.skip();
    s.expect_state(id, State::kEstablished);
    s.expect_events(id, Event::kConnected);
    EXPECT_EQ(s.send(id, "x"), 1u);
    s.expect(Data("x").seq(1).ack(1));
    s.inject(Ack());
    s.expect_nothing_for(10s);
  }
}

TEST(TcpOpenTest, SimultaneousOpenSendsItsSynAckAgain) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn());
  s.inject(Syn());
  s.expect(SynAck());
  s.expect_after(1s, SynAck().seq(0).ack(1));
  s.inject(Ack());
  s.expect_events(id, Event::kConnected);
}

// ---- Passive ----

TEST(TcpOpenTest, PassiveOpen) {
  Script s;
  const auto listener = s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn().mss(900));
  s.expect(SynAck().seq(0).ack(1).mss(1460).win(65535));
  EXPECT_EQ(s.books().half_open, 1u);
  EXPECT_EQ(s.books().live, 0u) << "half-open handshakes are no connections";
  s.inject(Ack());
  s.expect_nothing();
  EXPECT_TRUE(s.acceptable(listener));
  const auto id = s.accept(listener);
  s.expect_state(id, State::kEstablished);
  EXPECT_EQ(s.info(id).mss, 900);
  EXPECT_TRUE(s.info(id).passive);
  EXPECT_EQ(s.books().half_open, 0u);
  EXPECT_EQ(s.count(Count::opened_passive), 1u);
  EXPECT_EQ(s.stack().accept(listener).error(), Error::kNoSuchId);
}

TEST(TcpOpenTest, DataAndFinMayComeWithTheFinalAck) {
  Script s;
  const auto listener = s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn());
  s.expect(SynAck());
  s.inject(Fin().carrying("all I have to say"));
  s.expect(Ack().seq(1).ack(19));
  const auto id = s.accept(listener);
  s.expect_state(id, State::kCloseWait);
  EXPECT_EQ(s.receive(id), "all I have to say");
}

TEST(TcpOpenTest, ARepeatedSynGetsTheSameAnswer) {
  Script s;
  (void)s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn());
  s.expect(SynAck());
  const auto iss = s.flow().iss;
  s.inject(Syn().seq(0));
  s.expect(SynAck().seq(0).ack(1));
  EXPECT_EQ(s.flow().iss, iss);
  EXPECT_EQ(s.books().half_open, 1u);
}

TEST(TcpOpenTest, SynAckIsSentAgainAndThenTheRecordGoes) {
  Script s;
  (void)s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn());
  s.expect(SynAck());
  for (const Duration gap : {1s, 2s, 4s, 8s, 16s}) s.expect_after(gap, SynAck().seq(0).ack(1));
  EXPECT_EQ(s.books().half_open, 1u);
  s.expect_nothing_for(33s);
  EXPECT_EQ(s.books().half_open, 0u);
  EXPECT_EQ(s.count(Count::half_open_timed_out), 1u);
  s.inject(Ack());
  s.expect(Rst().seq(1));
}

TEST(TcpOpenTest, HandshakesThatAreNeverFinishedUseUpNothingForEver) {
  Script s;
  const auto listener = s.listen(7, 128, 2);
  for (std::uint16_t round = 0; round < 5; ++round) {
    for (std::uint16_t i = 0; i < 2; ++i) {
      s.peer(static_cast<std::uint16_t>(40000 + round * 2 + i), 7);
      s.inject(Syn());
      s.expect(SynAck());
    }
    s.peer(50000, 7);
    s.inject(Syn());
    s.expect_nothing();
    s.advance(70s);
    s.forget();  // SYN-ACKs, again and again
  }
  EXPECT_EQ(s.count(Count::drop_segment_syn_backlog), 5u);
  EXPECT_EQ(s.count(Count::half_open_timed_out), 10u);
  s.handshake(60000, 7);
  EXPECT_TRUE(s.acceptable(listener));
}

TEST(TcpOpenTest, TheWholeHalfOpenTableFullDropsSynsOnly) {
  Script s;
  const auto listener = s.listen(7);
  for (std::uint16_t i = 0; i < 8; ++i) {
    s.peer(static_cast<std::uint16_t>(40000 + i), 7);
    s.inject(Syn());
    s.expect(SynAck());
  }
  const std::size_t eighth = s.speaking_for();
  s.peer(50000, 7);
  s.inject(Syn());
  s.expect_nothing();
  EXPECT_EQ(s.count(Count::drop_segment_syn_backlog), 1u);
  s.speak_for(eighth);
  s.inject(Ack());
  EXPECT_TRUE(s.acceptable(listener));
  s.peer(50000, 7);
  s.inject(Syn());
  s.expect(SynAck());
}

TEST(TcpOpenTest, AFullAcceptQueueDropsTheFinalAckUntilThereIsRoom) {
  Script s;
  const auto listener = s.listen(7, 1);
  s.handshake(40000, 7);
  s.peer(40001, 7);
  s.inject(Syn());
  s.expect(SynAck());
  s.inject(Ack());
  s.expect_nothing();
  EXPECT_EQ(s.count(Count::drop_segment_accept_queue), 1u);
  EXPECT_EQ(s.books().half_open, 1u);
  (void)s.accept(listener);
  EXPECT_EQ(s.stack().accept(listener).error(), Error::kNoSuchId);
  s.expect_after(1s, SynAck().seq(0).ack(1));
  s.inject(Ack());
  (void)s.accept(listener);
}

TEST(TcpOpenTest, AFullConnectionTableDropsTheFinalAck) {
  Capacities capacities = small_capacities();
  capacities.connections = 1;
  Script s(capacities);
  const auto listener = s.listen(7);
  const auto id = s.accepted(listener, 40000, 7);
  const std::size_t first = s.speaking_for();
  s.peer(40001, 7);
  s.inject(Syn());
  s.expect(SynAck());
  s.inject(Ack());
  s.expect_nothing();
  EXPECT_EQ(s.count(Count::drop_segment_no_slot), 1u);
  s.expect_state(id, State::kEstablished);
  const std::size_t second = s.speaking_for();
  s.speak_for(first);
  EXPECT_EQ(s.abort(id), Error::kOk);
  s.skip();
  s.expect_ended(id, CloseReason::kAborted);
  s.speak_for(second);
  s.expect_after(1s, SynAck());
  s.inject(Ack());
  (void)s.accept(listener);
}

TEST(TcpOpenTest, ResetOfAHalfOpenHandshake) {
  Script s;
  const auto listener = s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn());
  s.expect(SynAck());
  s.inject(Rst().seq(1));
  s.expect_nothing_for(70s);
  EXPECT_EQ(s.books().half_open, 0u);
  EXPECT_EQ(s.count(Count::half_open_reset), 1u);
  EXPECT_FALSE(s.acceptable(listener));
}

TEST(TcpOpenTest, AResetOutsideOfTheWindowOfAHalfOpenHandshakeIsNotBelieved) {
  Script s;
  (void)s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn());
  s.expect(SynAck());
  s.inject(Rst().seq(0xfffffff0));
  s.inject(Rst().seq(100000));
  s.expect_nothing();
  EXPECT_EQ(s.books().half_open, 1u);
}

TEST(TcpOpenTest, ABadAckToAHalfOpenHandshakeIsReset) {
  Script s;
  const auto listener = s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn());
  s.expect(SynAck());
  s.inject(Ack().ack(5));
  s.expect(Rst().seq(5));
  EXPECT_EQ(s.books().half_open, 1u);
  s.inject(Ack().ack(1));
  EXPECT_TRUE(s.acceptable(listener));
}

TEST(TcpOpenTest, UnlistenWithChildrenInEveryStage) {
  Script s;
  const auto listener = s.listen(7);
  const auto accepted = s.accepted(listener, 40000, 7);
  const std::size_t first = s.speaking_for();
  s.handshake(40001, 7);
  const std::size_t waiting = s.speaking_for();
  s.peer(40002, 7);
  s.inject(Syn());
  s.expect(SynAck());
  const std::size_t half_open = s.speaking_for();

  s.speak_for(waiting);
  EXPECT_EQ(s.unlisten(listener), Error::kOk);
  EXPECT_EQ(s.take_all().size(), 1u) << "the one that waits for accept() is reset";
  EXPECT_EQ(s.books().listeners, 0u);
  EXPECT_EQ(s.books().half_open, 0u);
  EXPECT_EQ(s.books().live, 1u);
  EXPECT_EQ(s.count(Count::half_open_dropped), 1u);
  EXPECT_EQ(s.unlisten(listener), Error::kNoSuchId);
  EXPECT_EQ(s.stack().accept(listener).error(), Error::kNoSuchId);

  s.speak_for(half_open);
  s.inject(Ack());
  s.expect(Rst().seq(1));
  s.speak_for(first);
  s.inject(Data("still here"));
  s.expect(Ack());
  EXPECT_EQ(s.receive(accepted), "still here");
}

TEST(TcpOpenTest, AConnectionThatDiesInTheAcceptQueueIsStillToldOf) {
  Script s;
  const auto listener = s.listen(7);
  s.handshake(40000, 7);
  s.inject(Rst());
  s.expect_nothing();
  EXPECT_EQ(s.count(Count::ended_reset), 1u);
  EXPECT_EQ(s.stack().accept(listener).error(), Error::kNoSuchId) << "it is gone from the queue";
  s.turn();
  EXPECT_EQ(s.books().live, 0u) << "nobody has its id, so nobody need be told";
}

// ---- Nobody there ----

TEST(TcpOpenTest, SegmentsToAClosedPort) {
  Script s;
  s.peer(40000, 9);
  s.inject(Syn().seq(0));
  s.expect(RstAck().seq(0).ack(1));
  s.inject(Syn().seq(0).carrying("data"));
  s.expect(RstAck().seq(0).ack(5));
  s.inject(Ack().seq(0).ack(77));
  s.expect(Rst().seq(77));
  s.inject(Fin().seq(10).ack(78));
  s.expect(Rst().seq(78));
  s.inject(Rst().seq(0));
  s.inject(RstAck().seq(0).ack(1));
  s.expect_nothing();
  EXPECT_EQ(s.count(Count::drop_segment_no_connection), 4u);
  EXPECT_EQ(s.count(Count::drop_segment_reset), 2u);
}

TEST(TcpOpenTest, SegmentsToAListenerThatOpenNothing) {
  Script s;
  (void)s.listen(7);
  s.peer(40000, 7);
  s.inject(Rst().seq(0));
  s.inject(RstAck().seq(0));
  s.inject(Segment(0).seq(0));
  s.inject(Segment(kFin).seq(0));
  s.expect_nothing();
  s.inject(Ack().seq(0).ack(9));
  s.expect(Rst().seq(9));
  EXPECT_EQ(s.books().half_open, 0u);
}

TEST(TcpOpenTest, ListenWhereSomebodyListens) {
  Script s;
  (void)s.listen(7);
  ListenRequest request;
  request.local.port = Port{7};
  EXPECT_EQ(s.stack().listen(request).error(), Error::kAddressInUse);
  request.local = {kStackAddress, Port{7}};
  EXPECT_TRUE(s.stack().listen(request)) << "one address is closer than any";
  request.local = {IpAddress::v4(10, 0, 0, 77), Port{8}};
  EXPECT_EQ(s.stack().listen(request).error(), Error::kNoSuchAddress);
  request.local = {IpAddress(), Port{0}};
  EXPECT_EQ(s.stack().listen(request).error(), Error::kInvalidArgument);
  (void)s.listen(10);
  (void)s.listen(11);
  request.local.port = Port{12};
  EXPECT_EQ(s.stack().listen(request).error(), Error::kTableFull);
}

}  // namespace
}  // namespace conker::test
