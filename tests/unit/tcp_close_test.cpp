// Closing: the close matrix (RFC 9293, 3.6 and 3.10.4).
#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

/// The next FIN of a connection's peer.
WireSegment wire_of_fin(Script& s, ConnectionId id) {
  const ConnectionInfo info = s.info(id);
  WireSegment fin;
  fin.source = kPeerAddress;
  fin.destination = kStackAddress;
  fin.source_port = info.tuple.remote_port.value;
  fin.destination_port = info.tuple.local_port.value;
  fin.seq = info.rcv_nxt.value();
  fin.ack = info.snd_nxt.value();
  fin.flags = kFin | kAck;
  fin.window = 65535;
  return fin;
}

TEST(TcpCloseTest, ActiveClose) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.close(id), Error::kOk);
  s.expect(Fin().seq(1).ack(1));
  s.expect_state(id, State::kFinWait1);
  s.inject(Ack());
  s.expect_state(id, State::kFinWait2);
  s.inject(Fin());
  s.expect(Ack().seq(2).ack(2));
  s.expect_ended(id, CloseReason::kClosed);
  EXPECT_EQ(s.audit().time_wait, 1u);
  EXPECT_EQ(s.audit().live, 0u) << "the connection itself is gone; only the record waits";
  s.expect_nothing_for(61s);
  EXPECT_EQ(s.audit().time_wait, 0u);
}

TEST(TcpCloseTest, ActiveCloseAnsweredByFinAckInOneSegment) {
  Script s;
  const auto id = s.established();
  (void)s.close(id);
  s.expect(Fin().seq(1));
  s.inject(Fin());
  s.expect(Ack().seq(2).ack(2));
  s.expect_ended(id, CloseReason::kClosed);
  EXPECT_EQ(s.audit().time_wait, 1u);
}

TEST(TcpCloseTest, PassiveClose) {
  Script s;
  const auto id = s.established();
  s.inject(Fin());
  s.expect(Ack().seq(1).ack(2));
  s.expect_events(id, Event::kPeerClosed);
  s.expect_state(id, State::kCloseWait);
  s.expect_nothing_for(1h);
  EXPECT_EQ(s.close(id), Error::kOk);
  s.expect(Fin().seq(1).ack(2));
  s.expect_state(id, State::kLastAck);
  s.inject(Ack());
  s.expect_ended(id, CloseReason::kClosed);
  EXPECT_EQ(s.audit().time_wait, 0u) << "who closes last does not wait";
}

// Events from before close() are not reported after it.
TEST(TcpCloseTest, CloseDiscardsEventsNotYetDrained) {
  Script s;
  const auto first = s.established(80);
  const auto second = s.established(81);
  int empty = 0;
  s.on_event = [&](const Event& event) {
    empty += event.mask == 0 ? 1 : 0;
    if (event.connection == first) (void)s.stack().close(second);
  };
  s.inject_frames({encode(wire_of_fin(s, first), kPeerMac, kStackMac),
                   encode(wire_of_fin(s, second), kPeerMac, kStackMac)});
  EXPECT_EQ(empty, 0);
  s.expect_state(second, State::kLastAck);
  s.forget();
}

TEST(TcpCloseTest, SimultaneousClose) {
  Script s;
  const auto id = s.established();
  (void)s.close(id);
  s.expect(Fin().seq(1).ack(1));
  s.inject(Fin().ack(1));  // sent before the stack's FIN arrived
  s.expect(Ack().seq(2).ack(2));
  s.expect_state(id, State::kClosing);
  s.inject(Ack().ack(2));
  s.expect_ended(id, CloseReason::kClosed);
  EXPECT_EQ(s.audit().time_wait, 1u);
}

TEST(TcpCloseTest, SimultaneousCloseWithALostFin) {
  Script s;
  const auto id = s.established();
  (void)s.close(id);
  s.expect(Fin());
  s.inject(Fin().ack(1));
  s.expect(Ack());
  s.expect_after(1s, Fin().seq(1).ack(2));
  s.inject(Ack().ack(2));
  s.expect_ended(id, CloseReason::kClosed);
}

TEST(TcpCloseTest, HalfCloseByTheApplication) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.shutdown(id), Error::kOk);
  s.expect(Fin().seq(1).ack(1));
  s.inject(Ack());
  s.expect_nothing_for(1h);  // a half-closed connection may last: no FIN-WAIT-2 timeout
  s.expect_state(id, State::kFinWait2);
  EXPECT_EQ(s.stack().send(id, {}).error(), Error::kClosing);
  s.inject(Data("go on, "));
  s.expect(Ack().ack(8));
  s.inject(Fin().carrying("I listen"));
  s.expect(Ack().seq(2).ack(17));
  EXPECT_EQ(s.receive(id), "go on, I listen") << "bytes not yet read keep it alive";
  EXPECT_EQ(s.audit().time_wait, 1u) << "the record does not wait for the application";
  EXPECT_EQ(s.close(id), Error::kOk);
  s.expect_ended(id, CloseReason::kClosed);
  s.expect_nothing();
}

TEST(TcpCloseTest, UnreadBytesOutliveTimeWait) {
  Script s;
  const auto id = s.established();
  (void)s.shutdown(id);
  s.expect(Fin());
  s.inject(Fin().carrying("late reader"));
  s.expect(Ack());
  s.expect_nothing_for(2h);
  EXPECT_EQ(s.audit().time_wait, 0u);
  EXPECT_EQ(s.receive(id), "late reader");
  EXPECT_EQ(s.close(id), Error::kOk);
  s.expect_ended(id, CloseReason::kClosed);
}

TEST(TcpCloseTest, HalfCloseByThePeer) {
  Script s;
  const auto id = s.established();
  s.inject(Fin());
  s.expect(Ack().ack(2));
  EXPECT_EQ(s.send(id, "I still speak"), 13u);
  s.expect(Data("I still speak").seq(1).ack(2));
  s.inject(Ack());
  EXPECT_EQ(s.send(id, "and last"), 8u);
  s.expect(Data("and last").seq(14));
  (void)s.shutdown(id);
  s.expect(Fin().seq(22).ack(2));
  s.expect_state(id, State::kLastAck);
  s.inject(Ack());
  (void)s.close(id);
  s.expect_ended(id, CloseReason::kClosed);
}

TEST(TcpCloseTest, ASecondShutdownHasNoEffectAndCloseMayFollow) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.shutdown(id), Error::kOk);
  s.expect(Fin());
  (void)s.shutdown(id);
  s.expect_nothing();
  EXPECT_EQ(s.close(id), Error::kOk);
  s.expect_nothing();
  EXPECT_EQ(s.close(id), Error::kClosing);
  s.inject(Fin());
  s.expect(Ack());
  s.expect_ended(id, CloseReason::kClosed);
}

TEST(TcpCloseTest, QueuedDataPrecedesTheFin) {
  Script s;
  const auto id = s.established(80, 1460, 5);
  EXPECT_EQ(s.send(id, "helloworld"), 10u);
  s.expect(Data("hello").seq(1));
  (void)s.close(id);
  s.expect_nothing();
  s.expect_state(id, State::kFinWait1);
  s.inject(Ack().win(100));
  s.expect(Fin().seq(6).carrying("world"));
  s.inject(Fin());
  s.expect(Ack().seq(12).ack(2));
  s.expect_ended(id, CloseReason::kClosed);
}

TEST(TcpCloseTest, CloseWithUnreadDataResets) {
  Script s;
  const auto id = s.established();
  s.inject(Data("read me"));
  s.expect(Ack());
  EXPECT_EQ(s.close(id), Error::kOk);
  s.expect(RstAck().seq(1).ack(8));
  s.expect_ended(id, CloseReason::kAborted);
  EXPECT_EQ(s.audit().time_wait, 0u);
}

TEST(TcpCloseTest, CloseWithOutOfOrderDataResets) {
  Script s;
  const auto id = s.established();
  s.inject(Data("b").seq(2));
  s.expect(Ack().ack(1));
  EXPECT_EQ(s.close(id), Error::kOk);
  s.expect(RstAck().seq(1).ack(1));
}

TEST(TcpCloseTest, DataAfterCloseIsReset) {
  Script s;
  const auto id = s.established();
  (void)s.close(id);
  s.expect(Fin());
  s.inject(Ack());
  s.inject(Data("nobody reads this"));
  const auto answer = s.take_all();
  ASSERT_EQ(answer.size(), 1u);
  EXPECT_TRUE(answer[0].flags & kRst) << "RFC 1122, 4.2.2.13";
  s.expect_ended(id, CloseReason::kAborted);
}

TEST(TcpCloseTest, TheFinIsRetransmittedInFinWait1) {
  Script s;
  const auto id = s.established();
  (void)s.close(id);
  s.expect(Fin().seq(1).ack(1));
  for (const Duration gap : {1s, 2s, 4s, 8s}) s.expect_after(gap, Fin().seq(1).ack(1));
  s.inject(Ack());
  s.expect_nothing_for(30s);
  s.expect_state(id, State::kFinWait2);
}

TEST(TcpCloseTest, TheFinIsRetransmittedInLastAck) {
  Script s;
  const auto id = s.established();
  s.inject(Fin());
  s.expect(Ack());
  (void)s.close(id);
  s.expect(Fin().seq(1).ack(2));
  s.expect_after(1s, Fin().seq(1).ack(2));
  s.inject(Fin().seq(1));  // the peer's FIN again: the ACK of it was lost
  s.expect_state(id, State::kLastAck);
  s.skip();
  s.inject(Ack().ack(2));
  s.expect_ended(id, CloseReason::kClosed);
}

TEST(TcpCloseTest, AnUnacknowledgedFinIsGivenUp) {
  Settings settings = plain_settings();
  settings.retransmits = 3;
  Script s(small_capacities(), settings);
  const auto id = s.established();
  (void)s.close(id);
  s.expect(Fin());
  for (const Duration gap : {1s, 2s, 4s}) s.expect_after(gap, Fin().seq(1));
  s.advance(8010ms);
  s.skip();
  s.expect_ended(id, CloseReason::kTimedOut);
  EXPECT_EQ(s.audit().live, 0u);
}

TEST(TcpCloseTest, FinWait2TimesOut) {
  Script s;
  const auto id = s.established();
  (void)s.close(id);
  s.expect(Fin());
  s.inject(Ack());
  s.advance(59s);
  s.expect_state(id, State::kFinWait2);
  s.advance(1100ms);
  s.skip();
  s.expect_ended(id, CloseReason::kTimedOut);
  EXPECT_EQ(s.count(Count::ended_timed_out), 1u);
}

TEST(TcpCloseTest, CloseAfterHalfCloseStartsTheFinWait2Timer) {
  Script s;
  const auto id = s.established();
  (void)s.shutdown(id);
  s.expect(Fin());
  s.inject(Ack());
  s.expect_nothing_for(10min);
  (void)s.close(id);
  s.advance(59s);
  s.expect_state(id, State::kFinWait2);
  s.advance(1100ms);
  s.skip();
  s.expect_ended(id, CloseReason::kTimedOut);
}

TEST(TcpCloseTest, FinWithData) {
  Script s;
  const auto id = s.established();
  s.inject(Fin().carrying("bye"));
  s.expect(Ack().ack(5));
  s.expect_events(id, Event::kReadable | Event::kPeerClosed);
  EXPECT_EQ(s.receive(id), "bye");
}

TEST(TcpCloseTest, AnOutOfOrderFinCountsOnceTheHoleIsFilled) {
  Script s;
  const auto id = s.established();
  s.inject(Fin().seq(5).carrying("after"));
  s.expect(Ack().ack(1));
  s.expect_state(id, State::kEstablished);
  s.expect_events(id, 0);
  s.inject(Data("hole").seq(1));
  s.expect(Ack().ack(11));
  s.expect_state(id, State::kCloseWait);
  EXPECT_EQ(s.receive(id), "holeafter");
}

TEST(TcpCloseTest, AFinTwiceIsAcknowledgedTwice) {
  Script s;
  const auto id = s.established();
  s.inject(Fin().seq(1));
  s.expect(Ack().ack(2));
  s.inject(Fin().seq(1));
  s.expect(Ack().ack(2));
  s.expect_state(id, State::kCloseWait);
  s.expect_events(id, Event::kPeerClosed);
}

TEST(TcpCloseTest, DataBeyondTheFinIsDropped) {
  Script s;
  const auto id = s.established();
  s.inject(Fin().carrying("end"));
  s.expect(Ack().ack(5));
  s.inject(Data("more").seq(5));
  s.skip();
  EXPECT_EQ(s.receive(id), "end");
  EXPECT_EQ(s.receive(id), "");
}

TEST(TcpCloseTest, CloseInSynReceivedSendsTheFinAfterTheHandshake) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn());
  s.inject(Syn());
  s.expect(SynAck());
  EXPECT_EQ(s.close(id), Error::kOk);
  s.skip();  // at once, or with the handshake
  s.flow().seen = 1;
  s.inject(Ack().ack(1));
  s.expect(Fin().seq(1).ack(1));
  s.inject(Fin().ack(2));
  s.expect(Ack().seq(2).ack(2));
  s.expect_ended(id, CloseReason::kClosed);
}

TEST(TcpCloseTest, SendAndReceiveAfterTheFins) {
  Script s;
  const auto id = s.established();
  (void)s.close(id);
  s.expect(Fin());
  const auto text = std::as_bytes(std::span("x", 1));
  EXPECT_EQ(s.stack().send(id, text).error(), Error::kClosing);
  EXPECT_EQ(s.stack().shutdown(id), Error::kClosing);
  s.inject(Fin());
  s.expect(Ack());
  EXPECT_EQ(s.stack().send(id, text).error(), Error::kNoSuchId);
  EXPECT_EQ(s.stack().close(id), Error::kNoSuchId);
  EXPECT_EQ(s.stack().abort(id), Error::kNoSuchId);
  EXPECT_EQ(s.stack().consume(id, 0), Error::kNoSuchId);
  EXPECT_EQ(s.stack().set_token(id, Token(1)), Error::kNoSuchId);
}

}  // namespace
}  // namespace conker::test
