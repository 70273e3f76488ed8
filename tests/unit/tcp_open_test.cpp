// Active opens: answered, simultaneous, refused, without an answer; and what a closed port answers
// (RFC 9293, 3.5, 3.10.7.1 and 3.10.7.3).
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

TEST(TcpOpenTest, ResetsWithAnUnacceptableAckAreIgnored) {
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

TEST(TcpOpenTest, AnAckOfUnsentDataIsReset) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn());
  s.inject(SynAck().seq(0).ack(7));
  s.expect(Rst().seq(7));
  s.expect(Syn().seq(0));  // at once, and once
  s.inject(Ack().seq(0).ack(0));
  s.expect(Rst().seq(0));
  s.expect_state(id, State::kSynSent);
  s.inject(Ack().seq(0).ack(1));  // acceptable, but neither SYN nor RST
  s.expect_nothing();
  s.expect_state(id, State::kSynSent);
  s.inject(SynAck());
  s.expect(Ack());
}

TEST(TcpOpenTest, TheSynIsRetransmittedUntilTheTimeout) {
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

TEST(TcpOpenTest, EachConnectHasItsOwnTimeout) {
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

TEST(TcpOpenTest, AnUnresolvedNeighbourDoesNotOutlastTheTimeout) {
  Script s;
  s.link().busy = true;  // not even ARP can be sent
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

TEST(TcpOpenTest, InvalidRequestsFailAtOnce) {
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
  EXPECT_EQ(s.audit().opened, 0u);
}

TEST(TcpOpenTest, SimultaneousOpen) {
  for (const bool with_syn_ack : {true, false}) {
    Script s;
    const auto id = s.connect(80);
    s.expect(Syn().seq(0));
    s.inject(Syn().mss(1460));
    s.expect(SynAck().seq(0).ack(1).mss(1460));
    s.expect_state(id, State::kSynReceived);
    // RFC 9293, figure 7: the peer answers the SYN by a SYN-ACK; or it had the SYN before, and only
    // acknowledges.
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

TEST(TcpOpenTest, SimultaneousOpenRetransmitsTheSynAck) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn());
  s.inject(Syn());
  s.expect(SynAck());
  s.expect_after(1s, SynAck().seq(0).ack(1));
  s.inject(Ack());
  s.expect_events(id, Event::kConnected);
}

TEST(TcpSimultaneousOpenTest, TheWindowOfTheSynAckIsNotScaled) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn());
  s.inject(Syn().mss(1460).wscale(7).win(1000));
  s.expect(SynAck());
  s.inject(SynAck().seq(0).ack(1).mss(1460).wscale(7).win(1000));
  s.skip();
  EXPECT_EQ(s.info(id).snd_wnd, 1000u) << "RFC 7323, 2.2";
  EXPECT_EQ(s.send(id, std::string(20'000, 'x')), 20'000u);
  std::size_t sent = 0;
  for (const auto& segment : s.take_all()) sent += segment.data.size();
  EXPECT_LE(sent, 1000u);
  s.inject(Ack().win(1000));
  EXPECT_EQ(s.info(id).snd_wnd, 128'000u) << "2.3: all others are";
  s.skip();
}

TEST(TcpSimultaneousOpenTest, MaxSndWndIsThatOfTheSynAck) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn());
  s.inject(Syn().mss(1460).wscale(7).win(1000));
  s.expect(SynAck());
  s.inject(SynAck().seq(0).ack(1).mss(1460).wscale(7).win(1000));
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.skip();
  // RFC 5961, 5.2: not before SND.UNA - MAX.SND.WND.
  s.inject(Data("forged").seq(1).ack(1u - 1001u));
  EXPECT_EQ(s.count(Count::drop_segment_ack), 1u);
  EXPECT_EQ(s.receive(id), "");
  s.skip();
}

TEST(TcpSimultaneousOpenTest, EceInTheSynAckIsNoCongestionEcho) {
  Settings settings = plain_settings();
  settings.ecn = Ecn::kAlways;
  Script s(small_capacities(), settings);
  const auto id = s.connect(80);
  s.expect(Syn().also(kEce | kCwr));
  s.inject(Syn().mss(1460).also(kEce | kCwr));
  s.expect(SynAck().also(kEce));
  s.inject(SynAck().seq(0).ack(1).mss(1460).also(kEce));
  EXPECT_EQ(s.count(Count::ecn_reductions), 0u) << "RFC 3168, 6.1.1: there it only agrees";
  EXPECT_GE(s.info(id).cwnd, 10u * 1448u);
  s.skip();
}

TEST(TcpSimultaneousOpenTest, TextInTheSynIsQueued) {
  for (const bool with_syn_ack : {true, false}) {
    Script s;
    const auto id = s.connect(80);
    s.expect(Syn().seq(0));
    s.inject(Syn().mss(1460).carrying("early"));
    s.expect(SynAck().seq(0));
    s.expect_state(id, State::kSynReceived);
    s.expect_events(id, 0);
    s.inject(with_syn_ack ? SynAck().seq(0).ack(1) : Ack().ack(1));
    s.expect(Ack().ack(6));
    s.expect_events(id, Event::kConnected | Event::kReadable);
    EXPECT_EQ(s.receive(id), "early") << "RFC 9293, 3.10.7.3";
    s.inject(Data(", and later").seq(6));
    s.expect(Ack().ack(17));
    EXPECT_EQ(s.receive(id), ", and later");
  }
}

// Text behind that of the SYN, in the ACK that establishes: all of it is in order, so no SACK block
// is sent.
TEST(TcpSimultaneousOpenTest, TextInTheAckThatEstablishesIsInOrder) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn().seq(0));
  s.inject(Syn().mss(1460).sackok().carrying("early"));
  s.expect(SynAck().seq(0));
  s.inject(Data(", with the ACK").seq(6).ack(1));
  s.expect(Ack().ack(20).sack({}));
  EXPECT_EQ(s.receive(id), "early, with the ACK");
}

TEST(TcpSimultaneousOpenTest, QueuedTextIsChargedToOutOfOrderData) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn().seq(0));
  s.inject(Syn().mss(1460).carrying(std::string(1000, 'x')));
  s.expect(SynAck().seq(0));
  EXPECT_GT(s.stack().chunks().held(Use::kOutOfOrder), 0u);
  s.inject(Ack().ack(1));
  s.expect(Ack().ack(1001));
  EXPECT_EQ(s.stack().chunks().held(Use::kOutOfOrder), 0u);
  EXPECT_EQ(s.receive(id).size(), 1000u);
}

TEST(TcpSimultaneousOpenTest, AFinInTheSynIsQueued) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn().seq(0));
  s.inject(Syn().mss(1460).carrying("all").also(kFin));
  s.expect(SynAck().seq(0));
  s.expect_state(id, State::kSynReceived);
  s.inject(Ack().ack(1));
  s.expect(Ack().ack(5));
  s.expect_state(id, State::kCloseWait);
  EXPECT_EQ(s.receive(id), "all");
}

TEST(TcpSimultaneousOpenTest, ARefusedConnectionFreesQueuedText) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn().seq(0));
  s.inject(Syn().carrying("early"));
  s.expect(SynAck());
  s.inject(Rst().seq(1));
  s.expect_ended(id, CloseReason::kRefused);
  EXPECT_EQ(s.stack().chunks().free(), s.stack().chunks().capacity());
}

// ---- A peer with an old connection answers the SYN by a challenge ACK ----

TEST(TcpOpenTest, AChallengeAckIsResetAndTheSynIsSentAtOnce) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn().seq(0).mss(1460));
  s.advance(5ms);
  s.inject(Ack().seq(0x20000000).ack(7));
  s.expect(Rst().seq(7));  // RFC 9293, 3.5, figure 9
  s.expect(Syn().seq(0).mss(1460));
  s.inject(SynAck());
  s.expect(Ack().seq(1).ack(1));
  s.expect_events(id, Event::kConnected);
}

TEST(TcpOpenTest, TheSynIsSentAtOnceOnlyOnce) {
  Script s;
  (void)s.connect(80, 20s);
  s.expect(Syn());
  std::size_t syns = 0, resets = 0;
  for (int i = 0; i < 50; ++i) {
    s.inject(Ack().seq(0x20000000).ack(7));
    for (const auto& sent : s.take_all()) ((sent.flags & kSyn) != 0 ? syns : resets) += 1;
  }
  EXPECT_EQ(syns, 1u);
  EXPECT_EQ(resets, 50u);
  s.expect_after(1s, Syn());  // the ordinary retransmission
}

TEST(TcpOpenTest, TheSynSentAtOnceStillRequestsEcn) {
  Settings settings = plain_settings();
  settings.ecn = Ecn::kAlways;
  Script s(small_capacities(), settings);
  const auto id = s.connect(80);
  s.expect(Syn().also(kEce | kCwr));
  s.inject(Ack().seq(0x20000000).ack(7));
  s.expect(Rst());
  s.expect(Syn().also(kEce | kCwr));
  s.inject(SynAck().also(kEce));
  s.expect(Ack());
  EXPECT_TRUE(s.info(id).ecn) << "nothing was lost, so nothing is to blame for it";
  EXPECT_EQ(s.info(id).rto, Duration(1s)) << "RFC 6298, 5.7 is about a SYN whose timer has expired";
}

// ---- No listener ----

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

// The peer's SYN-ACK arrives before the SYN-ACK that the stack owes was sent: an ACK is due then.
TEST(TcpSimultaneousOpenTest, BothSynsOfThePeerInOneBatch) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn());
  s.inject({Syn().seq(0), SynAck().seq(0).ack(1)});
  s.expect(Ack().seq(1).ack(1).win(65535));
  s.expect_nothing();
  s.expect_state(id, State::kEstablished);
}

}  // namespace
}  // namespace conker::test
