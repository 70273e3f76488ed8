// Segments and ICMP errors of a blind attacker (RFC 5961, RFC 5927), who sees no segment and
// guesses numbers. Effects of RST and SYN in each state are in tcp_reset_test.cpp.
#include <string>

#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

// ---- Rate limits (RFC 5961, 7) ----

TEST(TcpBlindAttackTest, ChallengeAcksOfAConnectionAreRateLimited) {
  Script s;
  (void)s.established();
  for (int i = 0; i < 1000; ++i) s.inject(Rst().seq(static_cast<std::uint32_t>(2 + i)));
  EXPECT_EQ(s.take_all().size(), 1u);
  s.advance(600ms);
  s.inject({Syn().seq(5), Syn().seq(6), Syn().seq(7)});
  EXPECT_EQ(s.take_all().size(), 1u) << "of whatever kind they are";
  EXPECT_EQ(s.count(Count::challenge_acks_out), 2u);
}

TEST(TcpBlindAttackTest, ChallengeAcksOfAllRecordsAreLimitedByARandomNumber) {
  Capacities capacities = small_capacities();
  capacities.half_open = 1200;
  Script s(capacities);
  (void)s.listen(7, 128, 1200);
  std::vector<std::size_t> peers;
  for (std::uint16_t n = 0; n < 1200; ++n) {
    peers.push_back(s.peer(static_cast<std::uint16_t>(40000 + n), 7));
    s.inject(Syn());
    s.expect(SynAck());
  }
  std::vector<std::size_t> answers;
  for (int second = 0; second < 4; ++second) {
    s.advance(Duration(1'100'000));
    s.forget();  // SYN-ACKs
    for (const std::size_t peer : peers) {
      s.speak_for(peer);
      s.inject(Data("x").seq(0x70000000));
    }
    answers.push_back(s.take_frames().size());
    EXPECT_GE(answers.back(), 500u);
    EXPECT_LT(answers.back(), 1000u);
  }
  EXPECT_FALSE(answers[0] == answers[1] && answers[1] == answers[2] && answers[2] == answers[3]);
  EXPECT_EQ(s.audit().half_open, 1200u);
}

TEST(TcpBlindAttackTest, TwoEndsThatDisagreeDoNotAnswerForEver) {
  Script s;
  (void)s.established();
  std::size_t answers = 0;
  for (int i = 0; i < 1000; ++i) {
    s.inject(Ack().seq(1).ack(1000));  // acknowledges data never sent, in answer to each answer
    answers += s.take_all().size();
  }
  EXPECT_EQ(answers, 1u);
}

// ---- ACKs (RFC 5961, 5) ----

TEST(TcpBlindAttackTest, DataWithAnAckOutsideOfMaxSndWndIsDropped) {
  Script s;
  const auto id = s.established(80, 1460, 1000);
  EXPECT_EQ(s.send(id, "abc"), 3u);
  s.skip();
  s.inject(Ack());
  // SND.UNA is 4; acceptable ACKs are SND.UNA - MAX.SND.WND up to SND.NXT.
  for (const std::uint32_t ack : {5u, 5000u, 0x80000004u, 4u - 65535u - 1u}) {
    s.inject(Data("forged").seq(1).ack(ack));
    s.advance(600ms);
    s.expect(Ack().ack(1));
  }
  EXPECT_EQ(s.count(Count::drop_segment_ack), 4u);
  EXPECT_EQ(s.receive(id), "");
  s.inject(Data("true").seq(1).ack(1));  // an old ACK, within MAX.SND.WND
  s.expect(Ack().ack(5));
  EXPECT_EQ(s.receive(id), "true");
}

TEST(TcpBlindAttackTest, AcksOfUnsentDataMoveNothing) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.send(id, "abc"), 3u);
  s.skip();
  const auto before = s.info(id);
  s.inject(Ack().seq(1).ack(5));
  s.inject(Ack().seq(1).ack(0x7fffffff));
  s.skip();
  const auto after = s.info(id);
  EXPECT_EQ(after.snd_una, before.snd_una);
  EXPECT_EQ(after.cwnd, before.cwnd);
  EXPECT_EQ(after.send_queue, 3u);
  s.inject(Ack());
  EXPECT_EQ(s.info(id).send_queue, 0u);
}

TEST(TcpBlindAttackTest, AFinWithAForgedAckIsDropped) {
  Script s;
  const auto id = s.established();
  s.inject(Fin().seq(1).ack(9999));
  s.skip();
  s.expect_state(id, State::kEstablished);
}

// ---- Effects of a segment that is dropped ----

/// A connection with timestamps and SACK; the peer's TSval is 1000.
ConnectionId with_every_option(Script& s) {
  const auto id = s.connect(80);
  s.expect(Syn());
  s.flow().timestamp = 1000;
  s.inject(SynAck().mss(1460).sackok());
  s.expect(Ack());
  return id;
}

TEST(TcpBlindAttackTest, ASegmentWithoutAnAckDoesNotMoveTsRecent) {
  for (const Segment& forged :
       {Segment(0), Segment(0, "x"), Ack().ack(5000), Fin().ack(5000), Segment(kFin)}) {
    Script s;
    const auto id = with_every_option(s);
    s.inject(Segment(forged).seq(1).ts(1000 + 0x7fff0000, 0));
    s.skip();
    s.flow().next = 1;
    s.inject(Data("true"));
    s.expect(Ack().ack(5));
    EXPECT_EQ(s.receive(id), "true")
        << "PAWS would refuse the peer for ever (RFC 7323, 5.3; RFC 5961, 5)";
  }
}

TEST(TcpBlindAttackTest, AChallengedRstDoesNotMoveTsRecent) {
  Script s;
  const auto id = with_every_option(s);
  // RFC 7323, 5.3, R3 accepts numbers up to Last.ACK.sent only, where a RST resets; a challenged
  // RST must not update TS.Recent.
  s.inject(Rst().seq(2).ts(1000 + 0x7fff0000, 0));
  s.skip();
  s.inject(Data("true"));
  s.expect(Ack().ack(5));
  EXPECT_EQ(s.receive(id), "true");
}

TEST(TcpBlindAttackTest, ASegmentWithoutAckDoesNotRestartKeepalive) {
  Script s;
  const auto id = s.established();
  ASSERT_EQ(s.stack().set_keepalive(id, {.idle = 10s, .interval = 2s, .count = 2}), Error::kOk);
  for (int i = 0; i < 12; ++i) {
    s.advance(1s);
    s.inject(Segment(0, "x").seq(1));  // no ACK: refused
  }
  const auto sent = s.take_all();
  EXPECT_FALSE(sent.empty())
      << "else nobody ever finds out that the peer has gone (RFC 9293, 3.8.4)";
  EXPECT_GT(s.count(Count::keepalive_probes), 0u);
}

TEST(TcpBlindAttackTest, OldDataWithAForgedAckIsNotReportedByDsack) {
  Script s;
  (void)with_every_option(s);
  s.inject(Data("abcd"));
  s.expect(Ack().ack(5));
  for (const Segment& forged :
       {Segment(0, "ab"), Data("ab").ack(7000), Data("ab").ack(0x8000'0000)}) {
    s.inject(Segment(forged).seq(1));
    s.expect(Ack().ack(5).sack({}));  // no D-SACK, by which the peer would undo a reduction
    s.advance(600ms);
  }
  s.inject(Data("ab").seq(1));
  s.expect(Ack().ack(5).sack({{1, 3}}));
}

TEST(TcpBlindAttackTest, AnOldAckDoesNotCompleteAHandshake) {
  Script s;
  const auto listener = s.listen(7);
  s.peer(40000, 7);
  s.flow().timestamp = 1000;
  s.inject(Syn());
  s.expect(SynAck());
  s.inject(Ack().ts(999, 0).seq(1));  // RFC 7323, 5.3, R1 applies to SYN-RECEIVED, too
  s.expect(Ack().seq(1).ack(1));
  EXPECT_EQ(s.audit().half_open, 1u);
  EXPECT_EQ(s.count(Count::drop_segment_paws), 1u);
  EXPECT_FALSE(s.acceptable(listener));
  s.flow().next = 1;
  s.inject(Ack());
  EXPECT_TRUE(s.acceptable(listener));
}

// ---- ACK loops between two ends (RFC 9293, 3.10.7.4; RFC 5961, 7) ----

TEST(TcpAnswerLimitTest, AHalfOpenRecordAnswersTwiceASecond) {
  Script s;
  (void)s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn());
  s.expect(SynAck());
  std::size_t answers = 0;
  for (int i = 0; i < 40; ++i) {
    s.inject(Ack().seq(0x70000000).ack(77));  // a peer that still has an old connection
    answers += s.take_all().size();
    s.advance(20ms);
  }
  EXPECT_EQ(answers, 2u);
  EXPECT_EQ(s.count(Count::challenge_acks_out), 2u);
  EXPECT_EQ(s.count(Count::answers_withheld), 38u);
}

TEST(TcpAnswerLimitTest, AHalfOpenRecordRepeatsItsSynAckTwiceASecond) {
  Script s;
  (void)s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn().seq(0));
  s.expect(SynAck());
  std::size_t answers = 0;
  for (int i = 0; i < 40; ++i) {
    s.inject(Syn().seq(0));
    answers += s.take_all().size();
    s.advance(20ms);
  }
  EXPECT_EQ(answers, 2u);
  s.inject(Ack().seq(1));
  EXPECT_EQ(s.audit().live, 1u);
}

TEST(TcpAnswerLimitTest, ResetsOfAListenerAreRateLimited) {
  Script s;
  (void)s.listen(7);
  s.peer(40000, 7);
  for (int i = 0; i < 2000; ++i) s.inject(Ack().seq(1).ack(77));
  const std::size_t answers = s.take_all().size();
  EXPECT_GE(answers, 500u);
  EXPECT_LT(answers, 1000u);
  EXPECT_EQ(s.count(Count::drop_segment_no_connection), 2000u);
  EXPECT_EQ(s.count(Count::answers_withheld), 2000u - answers);
  s.inject(Syn().seq(0));
  s.expect(SynAck());
  s.skip();
}

TEST(TcpAnswerLimitTest, ARetransmittedFinIsAnsweredTwiceASecond) {
  Script s;
  (void)s.established();
  s.inject(Fin().seq(1));
  s.expect(Ack().ack(2));
  std::size_t answers = 0;
  for (int i = 0; i < 40; ++i) {
    s.inject(Fin().seq(1));
    answers += s.take_all().size();
    s.advance(20ms);
  }
  EXPECT_EQ(answers, 2u);
}

// ---- Lengths of segments that have none ----

TEST(TcpBlindAttackTest, TheTextOfAResetOccupiesNoSequenceSpace) {
  Script s;
  const auto id = s.established();
  s.inject(Data("abcd"));
  s.expect(Ack().ack(5));
  s.inject(Rst().seq(1).carrying("reset, says the text"));  // it begins before the window
  s.expect_nothing();
  EXPECT_EQ(s.count(Count::drop_segment_unacceptable), 1u) << "RFC 5961, 3.2: SEG.SEQ decides";
  s.inject(Rst().seq(5).carrying("why (RFC 9293, 3.5.3)"));
  s.expect_ended(id, CloseReason::kReset);
}

TEST(TcpBlindAttackTest, AResetWithTextReachesAClosedWindow) {
  Settings settings = plain_settings();
  settings.receive_buffer = 4000;
  Script s(small_capacities(), settings);
  const auto id = s.established();
  for (int i = 0; i < 4; ++i) s.inject(Data(std::string(1000, 'x')));
  s.skip();
  EXPECT_EQ(s.info(id).rcv_wnd, 0u);
  s.inject(Rst().carrying("gone"));
  s.expect_ended(id, CloseReason::kReset);
}

// ---- ICMP (RFC 5927) ----

TEST(TcpIcmpErrorTest, AHardErrorEndsAnOpen) {
  for (std::uint8_t code = 0; code < 16; ++code) {
    if (code == 4) continue;  // fragmentation needed concerns the path MTU
    Script s;
    const auto id = s.connect(80);
    s.expect(Syn());
    s.inject_unreachable(code);
    const bool hard = code == 2 || code == 3 || code == 9 || code == 10 || code == 13;
    if (hard) {
      s.expect_ended(id, CloseReason::kUnreachable);
    } else {
      s.expect_state(id, State::kSynSent);  // RFC 1122, 4.2.3.9
    }
  }
}

TEST(TcpIcmpErrorTest, CodesDependOnTheirType) {
  for (const std::uint8_t type : {std::uint8_t{11}, std::uint8_t{12}}) {
    for (const std::uint8_t code :
         {std::uint8_t{2}, std::uint8_t{3}, std::uint8_t{9}, std::uint8_t{13}}) {
      Script s;
      const auto id = s.connect(80);
      s.expect(Syn());
      s.inject_unreachable(code, 0, type);
      s.expect_state(id, State::kSynSent);
    }
  }
}

TEST(TcpIcmpErrorTest, TheLastErrorIsKeptUntilThePeerIsHeard) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.expect(Data("x"));
  EXPECT_FALSE(s.info(id).last_icmp);
  s.inject_unreachable(0);
  s.inject_unreachable(1);
  const auto last = s.info(id).last_icmp;
  ASSERT_TRUE(last);
  EXPECT_EQ(last->type, 3);
  EXPECT_EQ(last->code, 1);
  EXPECT_EQ(last->from, kPeerAddress);
  EXPECT_STREQ(to_string(last->kind), "host unreachable");
  s.inject(Ack());
  EXPECT_FALSE(s.info(id).last_icmp) << "what was said of the way is over";
}

TEST(TcpIcmpErrorTest, ErrorsAboutDataNotInFlightAreNotKept) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.expect(Data("x"));
  s.inject(Ack());
  s.inject_unreachable(1);
  EXPECT_FALSE(s.info(id).last_icmp);
}

TEST(TcpIcmpErrorTest, AnOpenThatTimesOutReportsTheLastError) {
  Script s;
  const auto id = s.connect(80, 5s);
  s.expect(Syn());
  s.inject_unreachable(1);
  std::optional<IcmpError> last;
  s.on_event = [&](const Event& event) {
    ConnectionInfo info;
    if (event.has(Event::kClosed) && s.stack().info(event.connection, info)) last = info.last_icmp;
  };
  s.advance(6s);
  s.skip();
  s.expect_ended(id, CloseReason::kTimedOut);
  ASSERT_TRUE(last);
  EXPECT_STREQ(to_string(last->kind), "host unreachable");
}

TEST(TcpBlindAttackTest, AHardErrorIsSoftForASynchronizedConnection) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.expect(Data("x"));
  for (const std::uint8_t code : {std::uint8_t{2}, std::uint8_t{3}}) s.inject_unreachable(code);
  EXPECT_EQ(s.count(Count::icmp_unreachable_accepted), 2u);
  s.expect_state(id, State::kEstablished);  // 5.2
  s.expect_after(1s, Data("x"));
  s.inject(Ack());
}

TEST(TcpBlindAttackTest, IcmpAboutDataNotInFlightIsIgnored) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn());
  const auto syn = s.flow().iss;
  s.inject(SynAck());
  s.expect(Ack());
  EXPECT_TRUE(syn);
  s.inject_unreachable(3);  // about an ACK, which occupies no sequence number
  EXPECT_EQ(s.count(Count::icmp_unreachable_accepted), 0u);
  s.expect_state(id, State::kEstablished);
}

TEST(TcpBlindAttackTest, SoftErrorsDoNotEndAnOpen) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn());
  for (const int code : {0, 1, 5, 11, 12})
    s.inject_unreachable(static_cast<std::uint8_t>(code));  // RFC 1122, 4.2.3.9
  s.expect_state(id, State::kSynSent);
  s.expect_after(1s, Syn());
  s.inject(SynAck());
  s.expect(Ack());
}

TEST(TcpBlindAttackTest, AHalfOpenRecordIgnoresIcmp) {
  Script s;
  const auto listener = s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn());
  s.expect(SynAck());
  s.inject_unreachable(3);
  EXPECT_EQ(s.audit().half_open, 1u);
  s.inject(Ack());
  EXPECT_TRUE(s.acceptable(listener));
}

}  // namespace
}  // namespace conker::test
