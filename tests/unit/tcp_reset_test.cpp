// Effects of resets and other segments that a synchronized connection challenges (RFC 9293,
// 3.10.7.4; RFC 5961). The answer to each is in tcp_matrix_table.cpp.
#include <string>

#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

/// A state, and its connection's SND.NXT and RCV.NXT.
struct Stage {
  State state;
  std::uint32_t snd_nxt, rcv_nxt;
};

/// Brings an active connection to a state.
ConnectionId reach(Script& s, State state) {
  if (state == State::kSynReceived) {
    const auto id = s.connect(80);
    s.expect(Syn());
    s.inject(Syn());
    s.expect(SynAck());
    return id;
  }
  const auto id = s.established();
  if (state == State::kCloseWait || state == State::kLastAck) {
    s.inject(Fin());
    s.expect(Ack());
  }
  if (state != State::kEstablished && state != State::kCloseWait) {
    EXPECT_EQ(s.close(id), Error::kOk);
    s.expect(Fin());
  }
  if (state == State::kFinWait2) s.inject(Ack());
  if (state == State::kClosing) {
    s.inject(Fin().ack(1));
    s.expect(Ack());
  }
  s.expect_state(id, state);
  return id;
}

class TcpResetTest : public ::testing::TestWithParam<Stage> {
 protected:
  Script s_;
  const Stage stage_ = GetParam();
  const ConnectionId id_ = reach(s_, stage_.state);
};

TEST_P(TcpResetTest, AtRcvNxtItEndsTheConnection) {
  s_.inject(Rst().seq(stage_.rcv_nxt));
  s_.expect_ended(
      id_, stage_.state == State::kSynReceived ? CloseReason::kRefused : CloseReason::kReset);
  s_.expect_nothing_for(100s);
  EXPECT_EQ(s_.count(Count::resets_in), 1u);
  s_.inject(Ack().seq(stage_.rcv_nxt).ack(stage_.snd_nxt));
  s_.expect(Rst().seq(stage_.snd_nxt));
}

TEST_P(TcpResetTest, ElsewhereInTheWindowItGetsAChallengeAck) {
  s_.inject(Rst().seq(stage_.rcv_nxt + 1));
  s_.expect(Ack().seq(stage_.snd_nxt).ack(stage_.rcv_nxt));
  s_.expect_state(id_, stage_.state);
  EXPECT_EQ(s_.count(Count::challenge_acks_out), 1u);
  // A genuine peer answers the challenge by a reset at RCV.NXT.
  s_.inject(Rst().seq(stage_.rcv_nxt));
  s_.expect_ended(
      id_, stage_.state == State::kSynReceived ? CloseReason::kRefused : CloseReason::kReset);
}

TEST_P(TcpResetTest, ASegmentWithoutAckIsDropped) {
  s_.inject(Segment(kPsh, "no flags at all").seq(stage_.rcv_nxt));
  s_.inject(Segment(kFin).seq(stage_.rcv_nxt));
  s_.expect_nothing();
  s_.expect_state(id_, stage_.state);
}

TEST_P(TcpResetTest, AbortResets) {
  EXPECT_EQ(s_.abort(id_), Error::kOk);
  const auto answer = s_.take_all();
  ASSERT_EQ(answer.size(), 1u);
  EXPECT_TRUE(answer[0].flags & kRst);
  EXPECT_EQ(answer[0].sequence, stage_.snd_nxt);
  s_.expect_ended(id_, CloseReason::kAborted);
  s_.expect_nothing_for(100s);
  EXPECT_EQ(s_.count(Count::ended_aborted), 1u);
  EXPECT_EQ(s_.count(Count::resets_out), 1u);
  EXPECT_EQ(s_.abort(id_), Error::kNoSuchId);
}

INSTANTIATE_TEST_SUITE_P(
    States, TcpResetTest,
    ::testing::Values(Stage{State::kSynReceived, 1, 1}, Stage{State::kEstablished, 1, 1},
                      Stage{State::kFinWait1, 2, 1}, Stage{State::kFinWait2, 2, 1},
                      Stage{State::kCloseWait, 1, 2}, Stage{State::kClosing, 2, 2},
                      Stage{State::kLastAck, 2, 2}),
    [](const auto& stage) {
      std::string name;
      for (const char c : std::string(to_string(stage.param.state))) {
        if (c != '-') name += c;
      }
      return name;
    });

TEST(TcpResetsTest, AbortWhileConnectingIsSilent) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn());
  EXPECT_EQ(s.abort(id), Error::kOk);
  s.expect_ended(id, CloseReason::kAborted);
  s.expect_nothing_for(100s);
  // The peer's SYN-ACK finds no connection.
  s.inject(SynAck());
  s.expect(Rst().seq(1));
}

TEST(TcpResetsTest, AbortWithUnsentAndUnreadBytes) {
  Script s;
  const auto id = s.established(80, 1460, 3);
  EXPECT_EQ(s.send(id, "abcdef"), 6u);
  s.expect(Data("abc"));
  s.inject(Data("unread").ack(4).win(0));
  s.expect(Ack());
  (void)s.abort(id);
  const auto answer = s.take_all();
  ASSERT_EQ(answer.size(), 1u);
  EXPECT_TRUE(answer[0].flags & kRst);
  EXPECT_EQ(answer[0].sequence, 4u) << "SND.NXT: what was never sent takes no numbers";
  s.expect_ended(id, CloseReason::kAborted);
  EXPECT_EQ(s.audit().chunks_held, 0u);
}

TEST(TcpResetsTest, TextInAResetIsIgnored) {
  Script s;
  const auto id = s.established();
  s.inject(Rst().carrying("why"));
  s.expect_ended(id, CloseReason::kReset);
  s.expect_nothing();
}

TEST(TcpResetsTest, AResetDiscardsUnreadData) {
  Script s;
  const auto id = s.established();
  s.inject({Data("last words"), Rst()});
  s.skip();
  s.expect_ended(id, CloseReason::kReset);
  EXPECT_EQ(s.audit().chunks_held, 0u);
}

TEST(TcpResetsTest, ChallengeAcksAreRateLimited) {
  Script s;
  const auto id = s.established();
  for (int i = 0; i < 1000; ++i) s.inject(Rst().seq(100));
  EXPECT_LE(s.take_all().size(), 10u) << "RFC 5961, 7";
  s.expect_state(id, State::kEstablished);
}

// In one batch: a peer that has sent a reset gets no ACK of its data before it.
TEST(TcpResetBatchTest, NoAckIsSentAfterAReset) {
  Script s;
  const auto id = s.established();
  s.inject({Data("last words").seq(1), Fin().seq(11), Rst().seq(12)});
  s.expect_ended(id, CloseReason::kReset);
  s.expect_nothing();
}

}  // namespace
}  // namespace conker::test
