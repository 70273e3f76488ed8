// Segments and ICMP messages of somebody who sees nothing and guesses (RFC 5961, RFC 5927). What a reset or a
// SYN does in each state is in tcp_reset_test.cpp.
#include <string>

#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

// ---- Rate limits (RFC 5961, 7) ----

TEST(TcpBlindAttackTest, OneConnectionAnswersFewOfThem) {
  Script s;
  (void)s.established();
  for (int i = 0; i < 1000; ++i) s.inject(Rst().seq(static_cast<std::uint32_t>(2 + i)));
  EXPECT_EQ(s.take_all().size(), 1u);
  s.advance(600ms);
  s.inject({Syn().seq(5), Syn().seq(6), Syn().seq(7)});
  EXPECT_EQ(s.take_all().size(), 1u) << "of whatever kind they are";
  EXPECT_EQ(s.count(Count::challenge_acks_out), 2u);
}

TEST(TcpBlindAttackTest, AllRecordsTogetherAnswerFewAndNeverTheSameNumber) {
  Script s;
  (void)s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn());
  s.expect(SynAck());
  std::vector<std::size_t> answers;
  for (int second = 0; second < 4; ++second) {
    s.advance(Duration(1'100'000));
    s.forget();  // SYN-ACKs
    for (int i = 0; i < 3; ++i) s.inject(std::vector(500, Data("x").seq(0x70000000)));
    answers.push_back(s.take_all().size());
    EXPECT_GE(answers.back(), 500u);
    EXPECT_LT(answers.back(), 1000u);
  }
  EXPECT_FALSE(answers[0] == answers[1] && answers[1] == answers[2] && answers[2] == answers[3]);
  EXPECT_EQ(s.books().half_open, 1u);
}

TEST(TcpBlindAttackTest, TwoThatDisagreeDoNotTalkForEver) {
  Script s;
  (void)s.established();
  std::size_t answers = 0;
  for (int i = 0; i < 1000; ++i) {
    s.inject(Ack().seq(1).ack(1000));  // an ACK of what was never sent, in answer to each answer
    answers += s.take_all().size();
  }
  EXPECT_EQ(answers, 1u);
}

// ---- ACKs (RFC 5961, 5) ----

TEST(TcpBlindAttackTest, DataWithAnAckOutsideOfWhatIsInFlightIsNotTaken) {
  Script s;
  const auto id = s.established(80, 1460, 1000);
  EXPECT_EQ(s.send(id, "abc"), 3u);
  s.skip();
  s.inject(Ack());
  // SND.UNA is 4; acceptable are SND.UNA - MAX.SND.WND up to SND.NXT.
  for (const std::uint32_t ack : {5u, 5000u, 0x80000004u, 4u - 65535u - 1u}) {
    s.inject(Data("forged").seq(1).ack(ack));
    s.advance(600ms);
    s.expect(Ack().ack(1));
  }
  EXPECT_EQ(s.count(Count::drop_segment_ack), 4u);
  EXPECT_EQ(s.receive(id), "");
  s.inject(Data("true").seq(1).ack(1));  // an old ACK, within the window that was
  s.expect(Ack().ack(5));
  EXPECT_EQ(s.receive(id), "true");
}

TEST(TcpBlindAttackTest, GhostAcksMoveNothing) {
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

TEST(TcpBlindAttackTest, AFinWithAForgedAckClosesNothing) {
  Script s;
  const auto id = s.established();
  s.inject(Fin().seq(1).ack(9999));
  s.skip();
  s.expect_state(id, State::kEstablished);
}

// ---- ICMP (RFC 5927) ----

TEST(TcpBlindAttackTest, AHardErrorIsSoftForAConnectionThatIsThere) {
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

TEST(TcpBlindAttackTest, AMessageAboutWhatIsNotInFlightSaysNothing) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn());
  const auto syn = s.flow().iss;
  s.inject(SynAck());
  s.expect(Ack());
  EXPECT_TRUE(syn);
  s.inject_unreachable(3);  // about our ACK, which takes no number
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

TEST(TcpBlindAttackTest, AHalfOpenHandshakeDoesNotListenToIcmp) {
  Script s;
  const auto listener = s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn());
  s.expect(SynAck());
  s.inject_unreachable(3);
  EXPECT_EQ(s.books().half_open, 1u);
  s.inject(Ack());
  EXPECT_TRUE(s.acceptable(listener));
}

}  // namespace
}  // namespace conker::test
