// Negotiation of options and its effects: window scaling, timestamps and PAWS (RFC 7323),
// SACK-permitted (RFC 2018), the MSS beside other options (RFC 9293, 3.7.1; RFC 6691).
#include <string>

#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

constexpr std::uint32_t kBuffer = 1 << 20;  // requires a shift of 5

Settings large_windows() {
  Settings settings = plain_settings();
  settings.receive_buffer = kBuffer;
  return settings;
}

/// An active open whose peer offers the options of `syn_ack`.
ConnectionId opened(Script& s, const Segment& syn_ack) {
  const auto id = s.connect(80);
  s.expect(Syn());
  s.inject(syn_ack);
  s.expect(Ack().seq(1).ack(1));
  return id;
}

/// A connection with timestamps whose peer's TSval is `clock`.
ConnectionId with_timestamps(Script& s, std::uint32_t clock) {
  const auto id = s.connect(80);
  s.expect(Syn());
  s.flow().timestamp = clock;
  s.inject(SynAck().mss(1460));
  s.expect(Ack());
  return id;
}

// ---- Window scaling (RFC 7323, 2) ----

TEST(TcpWindowScaleTest, OfferedInTheSynWhoseOwnWindowIsNotScaled) {
  Script s(small_capacities(), large_windows());
  const auto id = s.connect(80);
  s.expect(Syn().wscale(5).win(65535));  // 2.2: the window of a SYN is never scaled
  s.inject(SynAck().wscale(7).win(1000));
  EXPECT_EQ(s.info(id).snd_wnd, 1000u) << "2.2: nor is that of a SYN-ACK";
  s.skip();
  s.inject(Ack().win(1000));
  EXPECT_EQ(s.info(id).snd_wnd, 128'000u) << "2.3: all others are";
}

TEST(TcpWindowScaleTest, SentInTheSynAckOnlyWhenThePeerOffers) {
  Script s(small_capacities(), large_windows());
  const auto listener = s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn().wscale(3).win(500));
  s.expect(SynAck().wscale(5).win(65535));
  s.inject(Ack().win(500));
  const auto id = s.accept(listener);
  EXPECT_EQ(s.info(id).snd_wnd, 4000u);

  s.peer(40001, 7);
  s.inject(Syn().win(500));
  const auto answer = s.take_all();
  ASSERT_EQ(answer.size(), 1u);
  EXPECT_FALSE(answer[0].options.window_scale) << "2.2: only in answer to one";
  s.inject(Ack().win(500));
  EXPECT_EQ(s.info(s.accept(listener)).snd_wnd, 500u);
}

TEST(TcpWindowScaleTest, WithoutAnOfferNoWindowIsScaled) {
  Script s(small_capacities(), large_windows());
  const auto id = opened(s, SynAck().win(2000));
  EXPECT_EQ(s.info(id).snd_wnd, 2000u);
  s.inject(Data("abcde").win(3000));
  s.expect(Ack().ack(6).win(65530));
  EXPECT_EQ(s.info(id).snd_wnd, 3000u);
  (void)s.receive(id);
}

TEST(TcpWindowScaleTest, NotOfferedWhenSwitchedOff) {
  Settings settings = large_windows();
  settings.window_scaling = false;
  Script s(small_capacities(), settings);
  (void)s.connect(80);
  const auto syn = s.take_all();
  ASSERT_EQ(syn.size(), 1u);
  EXPECT_FALSE(syn[0].options.window_scale);
}

TEST(TcpWindowScaleTest, AShiftAbove14CountsAs14) {
  Script s(small_capacities(), large_windows());
  const auto id = opened(s, SynAck().wscale(200).win(100));
  s.inject(Ack().win(2));
  EXPECT_EQ(s.info(id).snd_wnd, 2u << 14) << "2.3";
}

TEST(TcpWindowScaleTest, RoundingByTheScaleNeverMovesTheRightEdgeBack) {
  Script s(small_capacities(), large_windows());
  const auto id = opened(s, SynAck().mss(1460).wscale(7));
  std::uint32_t edge = 0;
  for (int i = 0; i < 200; ++i) {  // an odd length each time: no window is a multiple of 32
    s.inject(Data(std::string(static_cast<std::size_t>(101 + i), 'x')));
    for (const auto& ack : s.take_all()) {
      const std::uint32_t now = *ack.acknowledgment + (*ack.announced << 5);
      EXPECT_GE(now, edge) << "2.4";
      edge = now;
    }
    if (i % 7 == 6) (void)s.receive(id, 900);
  }
  s.skip();
  EXPECT_GE(edge, 65535u);
}

// ---- Timestamps (RFC 7323, 3 and 4) ----

TEST(TcpTimestampsTest, SentInEverySegmentOnceNegotiated) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn());
  s.flow().timestamp = 1000;
  s.inject(SynAck());
  auto ack = s.take_all();
  ASSERT_EQ(ack.size(), 1u);
  ASSERT_TRUE(ack[0].options.timestamps);
  const std::uint32_t first = ack[0].options.timestamps->first;
  EXPECT_EQ(ack[0].options.timestamps->second, 1000u);
  s.advance(1024ms);
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.expect(Data("x").ts(first + 1000, 1000));  // 5.4: a clock of 1 ms to 1 s a tick
  s.inject(Ack());
  (void)s.abort(id);
  ASSERT_TRUE(s.take_all()[0].options.timestamps);
}

TEST(TcpTimestampsTest, NotSentWhenThePeerDoesNotOfferThem) {
  Script s;
  const auto id = opened(s, SynAck());
  s.inject(Data("plain"));
  const auto ack = s.take_all();
  ASSERT_EQ(ack.size(), 1u);
  EXPECT_FALSE(ack[0].options.timestamps);
  EXPECT_EQ(s.receive(id), "plain");
}

TEST(TcpTimestampsTest, NotAnsweredWhenSwitchedOff) {
  Settings settings = plain_settings();
  settings.timestamps = false;
  Script s(small_capacities(), settings);
  const auto listener = s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn().ts(5, 0));
  EXPECT_FALSE(s.take_all()[0].options.timestamps);
  s.inject(Ack());
  EXPECT_TRUE(s.acceptable(listener));
}

TEST(TcpTimestampsTest, TheSegmentAtTheLeftEdgeIsEchoed) {
  Script s;
  const auto id = with_timestamps(s, 100);
  s.flow().timestamp = 110;
  s.inject(Data("ab"));
  s.expect(Ack().ack(3));
  EXPECT_EQ(s.flow().timestamp_seen != 0, true);
  // RFC 7323, 4.3: the TSval of an out-of-order segment is not echoed, that of one which fills the
  // hole is.
  s.inject(Data("ef").seq(5).ts(130, 0));
  auto ack = s.take_all();
  EXPECT_EQ(ack.at(0).options.timestamps->second, 110u);
  s.inject(Data("cd").seq(3).ts(140, 0));
  ack = s.take_all();
  EXPECT_EQ(ack.at(0).acknowledgment, 7u);
  EXPECT_EQ(ack.at(0).options.timestamps->second, 140u);
  EXPECT_EQ(s.receive(id), "abcdef");
}

TEST(TcpTimestampsTest, ADelayedAckEchoesTheFirstSegment) {
  Script s;
  const auto id = with_timestamps(s, 100);
  s.inject({Data("one").ts(110, 0), Data("two").ts(120, 0)});
  const auto ack = s.take_all();
  ASSERT_EQ(ack.size(), 1u);
  EXPECT_EQ(ack[0].options.timestamps->second, 110u)
      << "4.3: so that the measurement includes the delay";
  EXPECT_EQ(s.receive(id), "onetwo");
}

TEST(TcpTimestampsTest, ARetransmissionAfterALostAckIsEchoed) {
  Script s;
  (void)with_timestamps(s, 100);
  s.inject({Data("ab").ts(110, 0), Data("cd").ts(111, 0)});
  EXPECT_EQ(s.take_all().at(0).options.timestamps->second, 110u);
  s.inject(Data("ab").seq(1).ts(3110, 0));
  const auto ack = s.take_all();
  ASSERT_EQ(ack.size(), 1u);
  EXPECT_EQ(ack[0].options.timestamps->second, 3110u)
      << "else the peer's wait of 3 s passes for a round trip";
}

TEST(TcpTimestampsTest, OldDataIsEchoedOnlyWithAPlausibleAck) {
  Script s;
  (void)with_timestamps(s, 100);
  s.inject(Data("ab").ts(110, 0));
  s.skip();
  const auto echoed = [&s](const Segment& old) {
    s.inject(old);
    return s.take_all().at(0).options.timestamps->second;
  };
  EXPECT_EQ(echoed(Data("ab").seq(1).ack(1'000'000).ts(3110, 0)), 110u)
      << "an ACK of what was never sent";
  EXPECT_EQ(echoed(Data("ab").seq(1).ack(0x8000'0000).ts(3110, 0)), 110u) << "or long ago";
  EXPECT_EQ(echoed(Data("ab").seq(0x9000'0000).ts(3110, 0)), 110u)
      << "data from before any window of ours";
  EXPECT_EQ(echoed(Data("ab").seq(1).ts(3110, 0)), 3110u);
}

TEST(TcpTimestampsTest, ASegmentWithoutThemIsDropped) {
  Script s;
  const auto id = with_timestamps(s, 100);
  s.flow().timestamp.reset();
  s.inject(Data("none").seq(1));
  s.expect_nothing();
  EXPECT_EQ(s.count(Count::drop_segment_no_timestamps), 1u) << "3.2";
  EXPECT_EQ(s.receive(id), "");
  s.inject(Rst());  // 3.2: a RST need not have them
  s.expect_ended(id, CloseReason::kReset);
}

TEST(TcpTimestampsTest, AKeepaliveWithoutThemIsAnswered) {
  Script s;
  const auto id = with_timestamps(s, 100);
  s.inject(Data("abcd"));
  s.expect(Ack().ack(5));
  const auto alive = s.flow().timestamp;
  s.flow().timestamp.reset();
  for (int i = 0; i < 3; ++i) {  // with a byte of garbage and without
    s.inject(i == 1 ? Data("x").seq(4) : Ack().seq(4));
    s.expect(Ack().ack(5));
    s.advance(1s);
  }
  EXPECT_EQ(s.count(Count::drop_segment_no_timestamps), 3u);
  for (int i = 0; i < 100; ++i) s.inject(Data("old").seq(1));
  EXPECT_EQ(s.take_all().size(), 1u) << "whoever forges them makes us answer twice a second";
  s.flow().timestamp = alive;
  s.inject(Data("efgh").seq(5));
  s.expect(Ack().ack(9));
  EXPECT_EQ(s.receive(id), "abcdefgh");
}

TEST(TcpTimestampsTest, ASynWithoutThemIsChallenged) {
  Script s;
  const auto id = with_timestamps(s, 100);
  s.flow().timestamp.reset();
  s.inject(Syn().seq(7));  // in the window: the peer has restarted, without the option
  s.expect(Ack().ack(1));  // RFC 5961, 4.2
  s.expect_state(id, State::kEstablished);
  EXPECT_EQ(s.count(Count::drop_segment_no_timestamps), 1u);
}

TEST(TcpTimestampsTest, EachPairOfHostsHasAnotherOffset) {
  Script s;
  std::vector<std::uint32_t> values;
  for (const std::uint8_t host : {std::uint8_t{1}, std::uint8_t{3}}) {
    ConnectRequest request;
    request.remote = {IpAddress::v4(10, 0, 0, host), Port{80}};
    (void)s.connect(request);
    values.push_back(s.take_all().at(0).options.timestamps->first);
  }
  EXPECT_GT(values[0] > values[1] ? values[0] - values[1] : values[1] - values[0], 1000u) << "7.1";
}

// ---- PAWS (RFC 7323, 5) ----

TEST(TcpPawsTest, ASegmentWithAnOldTimestampIsDroppedAndAcknowledged) {
  Script s;
  const auto id = with_timestamps(s, 1000);
  s.inject(Data("old").seq(1).ts(999, 0));
  s.expect(Ack().ack(1));  // 5.3 R1
  EXPECT_EQ(s.count(Count::drop_segment_paws), 1u);
  s.inject(Data("new").seq(1).ts(1000, 0));
  s.expect(Ack().ack(4));
  EXPECT_EQ(s.receive(id), "new");
}

TEST(TcpPawsTest, TimestampsWrap) {
  Script s;
  const auto id = with_timestamps(s, 0xffffffff);
  s.inject(Data("beyond").seq(1).ts(5, 0));
  s.expect(Ack().ack(7));
  s.inject(Data("before").seq(7).ts(0xfffffff0, 0));
  s.expect(Ack().ack(7));
  EXPECT_EQ(s.count(Count::drop_segment_paws), 1u);
  EXPECT_EQ(s.receive(id), "beyond");
}

TEST(TcpPawsTest, ResetsAreExempt) {
  Script s;
  const auto id = with_timestamps(s, 1000);
  s.inject(Rst().seq(1).ts(1, 0));
  s.expect_ended(id, CloseReason::kReset);  // 5.3 R1: a RST is exempt from the check
}

TEST(TcpPawsTest, After24IdleDaysAnyTimestampIsAccepted) {
  Script s;
  const auto id = with_timestamps(s, 1000);
  s.advance(23h * 24);
  s.inject(Data("a").seq(1).ts(999, 0));
  s.expect(Ack().ack(1));
  s.advance(25h);
  s.inject(Data("b").seq(1).ts(999, 0));
  s.expect(Ack().ack(2));  // 5.5
  EXPECT_EQ(s.receive(id), "b");
}

TEST(TcpPawsTest, AnswersToSegmentsWithoutDataAreRateLimited) {
  Script s;
  (void)with_timestamps(s, 1000);
  for (int i = 0; i < 10; ++i) s.inject(Ack().ts(1, 0));
  // Otherwise two ends which both take the other's segments for old would answer each other for
  // ever.
  EXPECT_EQ(s.take_all().size(), 1u);
  EXPECT_EQ(s.count(Count::drop_segment_paws), 10u);
}

// ---- SACK-permitted (RFC 2018, 2) ----

TEST(TcpSackPermittedTest, OfferedAndAnsweredOnlyWhenOffered) {
  Script s;
  (void)s.connect(80);
  s.expect(Syn().sackok());
  (void)s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn().sackok());
  s.expect(SynAck().sackok());
  s.peer(40001, 7);
  s.inject(Syn());
  s.expect(SynAck().sackok(false));
}

TEST(TcpSackPermittedTest, NotOfferedWhenSwitchedOff) {
  Settings settings = plain_settings();
  settings.sack = false;
  Script s(small_capacities(), settings);
  (void)s.connect(80);
  s.expect(Syn().sackok(false));
  (void)s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn().sackok());
  s.expect(SynAck().sackok(false));
}

// ---- MSS ----

TEST(TcpMssTest, CountsNeitherHeaderNorOptions) {
  Script s;
  const auto id = with_timestamps(s, 1);
  EXPECT_EQ(s.info(id).mss, 1448) << "RFC 6691, 2: 1460 less the 12 bytes of timestamps";
  EXPECT_EQ(s.send(id, std::string(1449, 'x')), 1449u);
  s.expect(Data(std::string(1448, 'x')));
  s.expect(Data("x"));
  s.inject(Ack());
}

TEST(TcpMssTest, AnMssOfZeroIsRaised) {
  Script s;
  const auto id = opened(s, SynAck().mss(0));
  EXPECT_EQ(s.info(id).mss, kLeastMss);
  const auto listener = s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn());
  s.expect(SynAck().mss(1460));
  s.inject(Ack());
  EXPECT_EQ(s.info(s.accept(listener)).mss, 536) << "RFC 9293, 3.7.1: of a peer that says nothing";
}

}  // namespace
}  // namespace conker::test
