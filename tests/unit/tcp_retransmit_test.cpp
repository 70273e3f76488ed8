// Retransmission: the timer (RFC 6298), and losses detected by duplicate ACKs (RFC 5681, RFC 6582).
#include <string>

#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

Settings quick_settings() {
  Settings settings;
  settings.rto_min = 200ms;
  return settings;
}

/// A connection whose handshake took `rtt`.
ConnectionId established_in(Script& s, Duration rtt) {
  const auto id = s.connect(80);
  s.expect(Syn());
  s.advance(rtt);
  s.inject(SynAck().mss(1000));
  s.expect(Ack());
  s.expect_events(id, Event::kConnected);
  return id;
}

TEST(TcpRetransmitTest, TheTimeoutDoubles) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.expect(Data("x").seq(1));
  for (const Duration gap : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s})
    s.expect_after(gap, Data("x").seq(1).ack(1));
  s.inject(Ack());
  s.expect_nothing_for(1h);
  s.expect_state(id, State::kEstablished);
}

TEST(TcpRetransmitTest, GivenUpAfterTheConfiguredNumber) {
  Settings settings = plain_settings();
  settings.retransmits = 4;
  Script s(small_capacities(), settings);
  const auto id = s.established();
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.expect(Data("x"));
  for (const Duration gap : {1s, 2s, 4s, 8s}) s.expect_after(gap, Data("x"));
  s.advance(15900ms);
  s.expect_state(id, State::kEstablished);
  s.advance(110ms);
  s.skip();
  s.expect_ended(id, CloseReason::kTimedOut);
  EXPECT_EQ(s.audit().chunks_held, 0u);
}

TEST(TcpRetransmitTest, AnAckRestartsTheCount) {
  Settings settings = plain_settings();
  settings.retransmits = 2;
  Script s(small_capacities(), settings);
  const auto id = s.established();
  for (int round = 0; round < 5; ++round) {
    EXPECT_EQ(s.send(id, "x"), 1u);
    s.expect(Data("x"));
    s.advance(3500ms);
    s.skip();
    s.inject(Ack());
  }
  s.expect_state(id, State::kEstablished);
}

TEST(TcpRetransmitTest, TheFirstRttSampleSetsTheTimeout) {
  Script s(small_capacities(), quick_settings());
  const auto id = established_in(s, 100ms);
  const auto info = s.info(id);
  EXPECT_TRUE(info.rtt_measured);
  EXPECT_EQ(info.srtt, 100ms);   // RFC 6298, 2.2: SRTT = R
  EXPECT_EQ(info.rttvar, 50ms);  // RTTVAR = R/2
  EXPECT_EQ(info.rto, 300ms);    // SRTT + 4 RTTVAR
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.expect(Data("x"));
  s.expect_after(300ms, Data("x"));
  s.expect_after(600ms, Data("x"));
  s.inject(Ack());
}

TEST(TcpRetransmitTest, FurtherRttSamplesAreSmoothed) {
  Script s(small_capacities(), quick_settings());
  const auto id = established_in(s, 100ms);
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.expect(Data("x"));
  s.advance(180ms);
  s.inject(Ack());
  const auto info = s.info(id);
  EXPECT_EQ(info.srtt, 110ms);      // RFC 6298, 2.3: 7/8 100 + 1/8 180
  EXPECT_EQ(info.rttvar, 57500us);  // 3/4 50 + 1/4 |100 - 180|
  EXPECT_EQ(info.rto, 340ms);
}

TEST(TcpRetransmitTest, TheTimeoutHasAMinimumAndAMaximum) {
  Settings settings = quick_settings();
  settings.rto_max = 1s;
  Script s(small_capacities(), settings);
  const auto id = established_in(s, 0ms);
  EXPECT_EQ(s.info(id).rto, 200ms);
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.expect(Data("x"));
  for (const Duration gap : {200ms, 400ms, 800ms, 1000ms, 1000ms}) s.expect_after(gap, Data("x"));
  s.inject(Ack());
}

TEST(TcpRetransmitTest, RetransmissionsGiveNoRttSample) {
  Script s(small_capacities(), quick_settings());
  const auto id = established_in(s, 100ms);
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.expect(Data("x"));
  s.expect_after(300ms, Data("x"));
  s.advance(50ms);
  s.inject(Ack());  // of the first transmission or of the second? (Karn)
  EXPECT_EQ(s.info(id).srtt, 100ms);
}

// Karn; RFC 6298, 5.5.
TEST(TcpRetransmitTest, ASlowerPathIsMeasuredAfterOneSpuriousTimeout) {
  Script s(small_capacities(), quick_settings());
  const auto id = established_in(s, 100ms);
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.expect(Data("x"));
  s.expect_after(300ms, Data("x"));
  s.advance(200ms);  // half a second now
  s.inject(Ack());
  EXPECT_EQ(s.info(id).rto, 600ms) << "holds until something is measured";
  EXPECT_EQ(s.send(id, "y"), 1u);
  s.expect(Data("y"));
  s.expect_nothing_for(500ms);
  s.inject(Ack());
  EXPECT_EQ(s.info(id).srtt, 150ms);
  EXPECT_EQ(s.info(id).retransmits, 1u);
}

TEST(TcpRetransmitTest, TheBackoffOfWindowProbesEndsWhenTheWindowOpens) {
  Script s(small_capacities(), quick_settings());
  const auto id = established_in(s, 100ms);
  s.inject(Ack().win(0));
  EXPECT_EQ(s.send(id, "x"), 1u);
  for (const Duration gap : {300ms, 600ms, 1200ms}) {
    s.advance(gap);
    s.skip();
    s.inject(Ack().ack(1).win(0));
  }
  s.inject(Ack().ack(1).win(1000));
  s.skip();
  EXPECT_EQ(s.info(id).rto, 300ms);
}

TEST(TcpRetransmitTest, ARetransmittedSynGivesNoRttSample) {
  Script s(small_capacities(), quick_settings());
  const auto id = s.connect(80);
  s.expect(Syn());
  s.expect_after(1s, Syn());
  s.advance(100ms);
  s.inject(SynAck());
  s.expect(Ack());
  EXPECT_FALSE(s.info(id).rtt_measured);
  EXPECT_EQ(s.info(id).rto, 3s) << "RFC 6298, 5.7";
}

TEST(TcpRetransmitTest, EachNewAckRestartsTheTimer) {
  Script s;
  const auto id = s.established(80, 100);
  EXPECT_EQ(s.send(id, std::string(200, 'x')), 200u);
  EXPECT_EQ(s.take_all().size(), 2u);
  s.advance(500ms);
  s.inject(Ack().ack(101));
  s.expect_nothing_for(990ms);  // RFC 6298, 5.3
  s.expect_after(10ms, Data(std::string(100, 'x')).seq(101));
  s.inject(Ack());
}

TEST(TcpRetransmitTest, ATimeoutEntersSlowStart) {
  Script s;
  const auto id = s.established(80, 100);
  EXPECT_EQ(s.send(id, std::string(1000, 'x')), 1000u);
  EXPECT_EQ(s.take_all().size(), 10u);
  s.expect_after(
      1s, Data(std::string(100, 'x')).seq(1));  // one segment: the loss window (RFC 5681, 3.1)
  s.expect_nothing();
  s.inject(Ack().ack(101));
  s.expect(Data(std::string(100, 'x')).seq(101));
  s.expect(Data(std::string(100, 'x')).seq(201));
  s.expect_nothing();
  s.inject(Ack().ack(1001));  // the rest had arrived
  s.expect_nothing_for(1h);
}

TEST(TcpRetransmitTest, ThreeDuplicateAcksCauseFastRetransmit) {
  Script s;
  const auto id = s.established(80, 100);
  EXPECT_EQ(s.send(id, std::string(500, 'x')), 500u);
  EXPECT_EQ(s.take_all().size(), 5u);
  s.inject(Ack().ack(1));
  s.inject(Ack().ack(1));
  s.expect_nothing();
  s.inject(Ack().ack(1));
  s.expect(Data(std::string(100, 'x')).seq(1));
  s.expect_nothing();
  s.inject(Ack().ack(1));
  s.expect_nothing();
  s.inject(Ack().ack(501));
  s.expect_nothing_for(1h);
  EXPECT_EQ(s.count(Count::fast_retransmits), 1u);
  EXPECT_EQ(s.count(Count::retransmit_timeouts), 0u);
}

// The window has let out less than a segment, and more data waits.
TEST(TcpRetransmitTest, RetransmissionsStayWithinTheWindow) {
  Script s;
  const auto id = s.established(80, 1460, 500);
  const std::string text(1200, 'x');
  EXPECT_EQ(s.send(id, text), 1200u);
  s.expect(Data(text.substr(0, 500)).seq(1));
  s.inject({Ack().ack(1).win(500), Ack().ack(1).win(500), Ack().ack(1).win(500)});
  s.expect(Data(text.substr(0, 500)).seq(1));
  s.expect_nothing();
  s.inject(Ack().ack(501).win(0));
}

TEST(TcpRetransmitTest, APartialAckRetransmitsTheNextHole) {
  Script s;
  const auto id = s.established(80, 100);
  EXPECT_EQ(s.send(id, std::string(600, 'x')), 600u);
  EXPECT_EQ(s.take_all().size(), 6u);
  s.inject({Ack().ack(1), Ack().ack(1), Ack().ack(1)});
  s.expect(Data(std::string(100, 'x')).seq(1));
  s.inject(Ack().ack(301));  // RFC 6582, 3.2 step 3
  s.expect(Data(std::string(100, 'x')).seq(301));
  s.inject(Ack().ack(601));
  s.expect_nothing_for(1h);
}

TEST(TcpRetransmitTest, AcksThatAreNoDuplicates) {
  Script s;
  const auto id = s.established(80, 100, 2000);
  EXPECT_EQ(s.send(id, std::string(500, 'x')), 500u);
  EXPECT_EQ(s.take_all().size(), 5u);
  for (std::uint32_t i = 0; i < 5; ++i)
    s.inject(Ack().ack(1).win(3000 + i));  // the window moves (RFC 5681, 2)
  s.expect_nothing();
  for (int i = 0; i < 5; ++i) s.inject(Data("d").ack(1).win(3004));  // segments with data
  for (const auto& segment : s.take_all()) EXPECT_TRUE(segment.data.empty());
  s.inject(Ack());
  for (int i = 0; i < 5; ++i) s.inject(Ack().win(3004));  // nothing is outstanding
  s.expect_nothing();
  EXPECT_EQ(s.count(Count::fast_retransmits), 0u);
}

TEST(TcpRetransmitTest, OldAcksMoveNothing) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.send(id, "abc"), 3u);
  s.expect(Data("abc"));
  s.inject(Ack());
  s.inject(Ack().ack(2).win(1));
  EXPECT_EQ(s.info(id).send_queue, 0u);
  EXPECT_EQ(s.info(id).snd_wnd, 65535u);
  s.expect_nothing_for(1h);
}

TEST(TcpRetransmitTest, InitialWindowIsTenSegments) {
  Script s;
  const auto id = s.established(80, 1000);
  EXPECT_EQ(s.send(id, std::string(30000, 'x')), 30000u);
  EXPECT_EQ(s.take_all().size(), 10u) << "RFC 6928";
  s.inject(Ack());
  EXPECT_GE(s.take_all().size(), 10u) << "and it grows";
  s.inject(Ack());
  EXPECT_LE(s.take_all().size(), 10u);
  s.inject(Ack());
  EXPECT_EQ(s.info(id).send_queue, 0u);
}

}  // namespace
}  // namespace conker::test
