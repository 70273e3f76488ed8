// Passive opens: listeners, half-open handshakes, the accept queue (RFC 9293, 3.10.7.2
// and 3.10.7.4).
#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

TEST(TcpListenTest, PassiveOpen) {
  Script s;
  const auto listener = s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn().mss(900));
  s.expect(SynAck().seq(0).ack(1).mss(1460).win(65535));
  EXPECT_EQ(s.audit().half_open, 1u);
  EXPECT_EQ(s.audit().live, 0u) << "half-open handshakes are no connections";
  s.inject(Ack());
  s.expect_nothing();
  EXPECT_TRUE(s.acceptable(listener));
  const auto id = s.accept(listener);
  s.expect_state(id, State::kEstablished);
  EXPECT_EQ(s.info(id).mss, 900);
  EXPECT_TRUE(s.info(id).passive);
  EXPECT_EQ(s.audit().half_open, 0u);
  EXPECT_EQ(s.count(Count::opened_passive), 1u);
  EXPECT_EQ(s.stack().accept(listener).error(), Error::kNoSuchId);
}

TEST(TcpListenTest, DataAndFinMayComeWithTheFinalAck) {
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

TEST(TcpListenTest, ARetransmittedSynGetsTheSameSynAck) {
  Script s;
  (void)s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn());
  s.expect(SynAck());
  const auto iss = s.flow().iss;
  s.inject(Syn().seq(0));
  s.expect(SynAck().seq(0).ack(1));
  EXPECT_EQ(s.flow().iss, iss);
  EXPECT_EQ(s.audit().half_open, 1u);
}

TEST(TcpListenTest, TheSynAckIsRetransmittedAndThenTheRecordEnds) {
  Script s;
  (void)s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn());
  s.expect(SynAck());
  for (const Duration gap : {1s, 2s, 4s, 8s, 16s}) s.expect_after(gap, SynAck().seq(0).ack(1));
  EXPECT_EQ(s.audit().half_open, 1u);
  s.expect_nothing_for(33s);
  EXPECT_EQ(s.audit().half_open, 0u);
  EXPECT_EQ(s.count(Count::half_open_timed_out), 1u);
  s.inject(Ack());
  s.expect(Rst().seq(1));
}

TEST(TcpListenTest, AFullHalfOpenTableDropsSynsOnly) {
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

TEST(TcpListenTest, AFullAcceptQueueDropsTheFinalAckUntilThereIsRoom) {
  Script s;
  const auto listener = s.listen(7, 1);
  s.handshake(40000, 7);
  s.peer(40001, 7);
  s.inject(Syn());
  s.expect(SynAck());
  s.inject(Ack());
  s.expect_nothing();
  EXPECT_EQ(s.count(Count::drop_segment_accept_queue), 1u);
  EXPECT_EQ(s.audit().half_open, 1u);
  (void)s.accept(listener);
  EXPECT_EQ(s.stack().accept(listener).error(), Error::kNoSuchId);
  s.expect_after(1s, SynAck().seq(0).ack(1));
  s.inject(Ack());
  (void)s.accept(listener);
}

TEST(TcpListenTest, ResetOfAHalfOpenHandshake) {
  Script s;
  const auto listener = s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn());
  s.expect(SynAck());
  s.inject(Rst().seq(1));
  s.expect_nothing_for(70s);
  EXPECT_EQ(s.audit().half_open, 0u);
  EXPECT_EQ(s.count(Count::half_open_reset), 1u);
  EXPECT_FALSE(s.acceptable(listener));
}

TEST(TcpListenTest, AResetOutsideOfTheWindowOfAHalfOpenRecordIsIgnored) {
  Script s;
  (void)s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn());
  s.expect(SynAck());
  s.inject(Rst().seq(0xfffffff0));
  s.inject(Rst().seq(100000));
  s.expect_nothing();
  EXPECT_EQ(s.audit().half_open, 1u);
}

TEST(TcpListenTest, TheChallengeAckOfAHalfOpenRecordHasTimestamps) {  // RFC 7323, 3.2
  Settings settings = plain_settings();
  settings.timestamps = true;
  Script s(small_capacities(), settings);
  (void)s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn().ts(1000, 0));
  s.expect(SynAck());
  s.inject(Ack().seq(200000).ack(1).ts(1001, 0));
  const auto challenge = s.take_all();
  ASSERT_EQ(challenge.size(), 1u);
  EXPECT_EQ(challenge[0].flags, kAck);
  ASSERT_TRUE(challenge[0].options.timestamps);
  EXPECT_EQ(challenge[0].options.timestamps->second, 1000u);
}

TEST(TcpListenTest, ABadAckToAHalfOpenHandshakeIsReset) {
  Script s;
  const auto listener = s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn());
  s.expect(SynAck());
  s.inject(Ack().ack(5));
  s.expect(Rst().seq(5));
  EXPECT_EQ(s.audit().half_open, 1u);
  s.inject(Ack().ack(1));
  EXPECT_TRUE(s.acceptable(listener));
}

TEST(TcpListenTest, SegmentsOtherThanSynToAListener) {
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
  EXPECT_EQ(s.audit().half_open, 0u);
}

TEST(TcpListenTest, ListenOnAPortInUse) {
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
