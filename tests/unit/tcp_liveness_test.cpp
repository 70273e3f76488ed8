// Silent peers: keepalive (RFC 9293, 3.8.4), the user timeout (RFC 9293, 3.10.8; RFC 5482), close
// with a time limit.
#include <string>

#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

constexpr Keepalive kSoon{.idle = 10s, .interval = 2s, .count = 3};

// ---- Keepalive ----

TEST(TcpKeepaliveTest, OffByDefault) {
  Script s;
  (void)s.established();
  s.expect_nothing_for(24h);
}

TEST(TcpKeepaliveTest, ProbesASilentPeerAndGivesItUp) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.stack().set_keepalive(id, kSoon), Error::kOk);
  s.expect_after(10s, Ack().seq(0).ack(1));  // SND.NXT - 1, without data
  s.expect_after(2s, Ack().seq(0).ack(1));
  s.expect_after(2s, Ack().seq(0).ack(1));
  s.expect_after(2s, RstAck().seq(1));
  s.expect_ended(id, CloseReason::kTimedOut);
  EXPECT_EQ(s.count(Count::keepalive_probes), 3u);
  s.expect_nothing_for(1h);
}

TEST(TcpKeepaliveTest, AnAnswerRestartsTheIdleTime) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.stack().set_keepalive(id, kSoon), Error::kOk);
  for (int i = 0; i < 10; ++i) {
    s.expect_after(10s, Ack().seq(0));
    s.expect_after(2s, Ack().seq(0));
    s.inject(Ack());
  }
  s.expect_state(id, State::kEstablished);
}

TEST(TcpKeepaliveTest, NoProbeWhileThePeerSends) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.stack().set_keepalive(id, kSoon), Error::kOk);
  for (int i = 0; i < 20; ++i) {
    s.advance(9s);
    s.inject(Data("x"));
    s.expect(Ack());
  }
  EXPECT_EQ(s.count(Count::keepalive_probes), 0u);
  (void)s.receive(id);
  s.expect_after(10s, Ack().seq(0).ack(21));
}

TEST(TcpKeepaliveTest, NoProbeWhileDataIsInFlight) {
  Script s;  // RFC 9293, 3.8.4: only when no sent data is outstanding
  const auto id = s.established(80, 1460, 0);
  EXPECT_EQ(s.stack().set_keepalive(id, kSoon), Error::kOk);
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.advance(60s);
  for (const auto& probe : s.take_all()) EXPECT_EQ(probe.data, "x");
  EXPECT_EQ(s.count(Count::keepalive_probes), 0u);
  s.inject(Ack().ack(2).win(100));
  s.advance(22s);
  s.skip();
  EXPECT_GT(s.count(Count::keepalive_probes), 0u) << "and then again";
}

TEST(TcpKeepaliveTest, CanBeSwitchedOffAgain) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.stack().set_keepalive(id, kSoon), Error::kOk);
  s.advance(5s);
  EXPECT_EQ(s.stack().set_keepalive(id, Keepalive{}), Error::kOk);
  s.expect_nothing_for(24h);
}

TEST(TcpKeepaliveTest, OfAListenersConnectionsAndOfAll) {
  Settings settings = plain_settings();
  settings.keepalive = {.idle = 1h, .interval = 1min, .count = 5};
  Script s(small_capacities(), settings);
  ListenRequest request;
  request.local.port = Port{7};
  request.keepalive = kSoon;
  const auto listener = s.stack().listen(request);
  ASSERT_TRUE(listener);
  (void)s.accepted(*listener, 40000, 7);
  s.expect_after(10s, Ack().seq(0));
  s.inject(Rst());
  (void)s.established();
  s.expect_after(1h, Ack().seq(0));
}

TEST(TcpKeepaliveTest, InvalidParametersAreRefused) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.stack().set_keepalive(ConnectionId{}, kSoon), Error::kNoSuchId);
  // RFC 9293, 3.8.4 (MUST-27): one lost probe must not end the connection.
  EXPECT_EQ(s.stack().set_keepalive(id, {.idle = 1s, .interval = 1s, .count = 1}),
            Error::kInvalidArgument);
  EXPECT_EQ(s.stack().set_keepalive(id, {.idle = 200h, .interval = 1s, .count = 3}),
            Error::kInvalidArgument);
  EXPECT_EQ(s.stack().set_keepalive(id, {.idle = 1s, .interval = 0s, .count = 3}),
            Error::kInvalidArgument);
  ListenRequest request;
  request.local.port = Port{7};
  request.keepalive = Keepalive{.idle = 1s, .interval = 1s, .count = 0};
  EXPECT_EQ(s.stack().listen(request).error(), Error::kInvalidArgument);
}

TEST(TcpKeepaliveTest, ThePeersProbesAreAnswered) {
  Script s;
  (void)s.established();
  for (int i = 0; i < 3; ++i) {
    s.inject(Ack().seq(0));
    s.expect(Ack().seq(1).ack(1));
    s.advance(1s);
    s.inject(Segment(kAck, "?").seq(0));  // with the one octet of garbage that RFC 9293 allows
    s.expect(Ack().seq(1).ack(1));
    s.advance(1s);
  }
}

// ---- The user timeout ----

Settings impatient(Duration timeout) {
  Settings settings = plain_settings();
  settings.user_timeout = timeout;
  return settings;
}

TEST(TcpUserTimeoutTest, UnacknowledgedDataTimesOut) {
  Script s(small_capacities(), impatient(5s));
  const auto id = s.established();
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.expect(Data("x"));
  s.expect_after(1s, Data("x"));
  s.expect_after(2s, Data("x"));
  s.expect_nothing_for(2100ms);
  s.expect_ended(id, CloseReason::kTimedOut);
}

TEST(TcpUserTimeoutTest, ProgressRestartsIt) {
  Script s(small_capacities(), impatient(5s));
  const auto id = s.established(80, 1);
  EXPECT_EQ(s.send(id, std::string(500, 'x')), 500u);
  std::uint32_t acked = 1;
  for (int i = 0; i < 10; ++i) {
    s.advance(4s);
    s.skip();
    acked += 48;
    s.inject(Ack().ack(acked));
  }
  s.skip();
  s.expect_state(id, State::kEstablished);
  s.advance(5100ms);
  s.skip();
  s.expect_ended(id, CloseReason::kTimedOut);
}

TEST(TcpUserTimeoutTest, WithoutDataItDoesNotRun) {
  Script s(small_capacities(), impatient(5s));
  const auto id = s.established();
  s.expect_nothing_for(24h);
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.expect(Data("x"));
  s.inject(Ack());
  s.expect_nothing_for(24h);
  s.expect_state(id, State::kEstablished);
}

TEST(TcpUserTimeoutTest, ItRunsWhileTheWindowIsClosed) {
  Script s(small_capacities(), impatient(20s));
  const auto id = s.established(80, 1460, 0);
  EXPECT_EQ(s.send(id, "x"), 1u);
  for (int i = 0; i < 3; ++i) {
    s.advance(6s);
    s.skip();
    s.inject(Ack().ack(1).win(0));
  }
  s.expect_state(id, State::kEstablished);
  s.advance(2100ms);
  s.skip();
  s.expect_ended(id, CloseReason::kTimedOut);
}

TEST(TcpUserTimeoutTest, ALongOneOverridesTheNumberOfRetransmissions) {
  Settings settings = plain_settings();
  settings.retransmits = 2;
  Script s(small_capacities(), settings);
  const auto id = s.established();
  EXPECT_EQ(s.stack().set_user_timeout(id, 600s), Error::kOk);
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.advance(599s);
  s.skip();
  s.expect_state(id, State::kEstablished);
  s.advance(1100ms);
  s.skip();
  s.expect_ended(id, CloseReason::kTimedOut);
}

TEST(TcpUserTimeoutTest, SetWhileDataWaits) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.advance(2s);
  s.skip();
  EXPECT_EQ(s.stack().set_user_timeout(id, 1s), Error::kOk);
  s.advance(1100ms);
  s.skip();
  s.expect_ended(id, CloseReason::kTimedOut);
  EXPECT_EQ(s.stack().set_user_timeout(id, 1s), Error::kNoSuchId);
}

TEST(TcpUserTimeoutTest, InvalidParametersAreRefused) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.stack().set_user_timeout(id, Duration(-1)), Error::kInvalidArgument);
  EXPECT_EQ(s.stack().set_user_timeout(id, 24h * 8), Error::kInvalidArgument);
  EXPECT_EQ(s.stack().set_user_timeout(id, Duration(0)), Error::kOk);
}

// ---- The option (RFC 5482) ----

Settings with_option() {
  Settings settings = plain_settings();
  settings.user_timeout_option = true;
  return settings;
}

TEST(TcpUserTimeoutOptionTest, NotSentUnlessEnabled) {
  Script s;
  const auto id = s.connect(80);
  auto sent = s.take_all();
  EXPECT_FALSE(sent.at(0).options.user_timeout);
  s.inject(SynAck().uto(1));
  s.skip();
  EXPECT_EQ(s.count(Count::user_timeouts_adopted), 0u)
      << "RFC 5482, 3.1: ENABLED is off by default";
  EXPECT_EQ(s.info(id).state, State::kEstablished);
}

TEST(TcpUserTimeoutOptionTest, SentInTheSynAndOnceAfterIt) {
  Script s(small_capacities(), with_option());
  const auto id = s.connect(80);
  s.expect(Syn().uto(300));  // 3.1: five minutes
  s.inject(SynAck());
  s.expect(Ack().uto(300));
  EXPECT_EQ(s.send(id, "x"), 1u);
  EXPECT_FALSE(s.take_all().at(0).options.user_timeout);
  s.inject(Ack());
}

TEST(TcpUserTimeoutOptionTest, SentInTheSynAck) {
  Script s(small_capacities(), with_option());
  (void)s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn().uto(600));
  s.expect(SynAck().uto(300));
  s.inject(Ack());
  EXPECT_EQ(s.count(Count::user_timeouts_adopted), 1u);
}

TEST(TcpUserTimeoutOptionTest, TheLongerTimeoutCountsWithinTheLimits) {
  struct Case {
    std::uint16_t option;
    Duration expected;
  };
  // 3.1: min(U_LIMIT, max(ADV_UTO, REMOTE_UTO, L_LIMIT)), in seconds and in minutes.
  for (const auto& [option, expected] : {Case{1, 200s}, Case{400, 400s}, Case{0x8000 | 10, 600s},
                                         Case{0xffff, 1000s}, Case{0, 200s}}) {
    Settings settings = with_option();
    settings.user_timeout = 50s;
    settings.user_timeout_least = 200s;
    settings.user_timeout_most = 1000s;
    Script s(small_capacities(), settings);
    const auto id = s.established();
    s.inject(Ack().uto(option));
    EXPECT_EQ(s.send(id, "x"), 1u);
    s.advance(expected - 1s);
    s.skip();
    s.expect_state(id, State::kEstablished);
    s.advance(1100ms);
    s.skip();
    s.expect_ended(id, CloseReason::kTimedOut);
  }
}

TEST(TcpUserTimeoutOptionTest, ATimeoutSetByTheApplicationIsSentAndKept) {
  Script s(small_capacities(), with_option());
  const auto id = s.established();
  EXPECT_EQ(s.stack().set_user_timeout(id, 24h), Error::kOk);
  s.turn();
  s.expect(Ack().uto(0x8000 | 1440));
  s.inject(Ack().uto(1));  // RFC 5482, 3.1: CHANGEABLE is false now
  EXPECT_EQ(s.count(Count::user_timeouts_adopted), 0u);
}

TEST(TcpUserTimeoutOptionTest, NotSentInAFullSegment) {
  Script s(small_capacities(), with_option());
  const auto listener = s.listen(7);
  const auto id = s.accepted(listener, 40000, 7);
  EXPECT_EQ(s.send(id, std::string(1460, 'x')), 1460u);
  auto sent = s.take_all();
  EXPECT_FALSE(sent.at(0).options.user_timeout);
  s.inject(Ack());
  EXPECT_EQ(s.send(id, "y"), 1u);
  s.expect(Data("y").uto(300));
  s.inject(Ack());
}

TEST(TcpUserTimeoutOptionTest, IgnoredOutsideOfTheWindow) {
  Script s(small_capacities(), with_option());
  (void)s.established();
  s.inject(Ack().seq(0x70000000).uto(5));
  s.skip();
  EXPECT_EQ(s.count(Count::user_timeouts_adopted), 0u);
}

// ---- Close with a time limit ----

TEST(TcpLingerTest, WithoutAnAnswerItResetsAtTheTimeLimit) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.send(id, "unheard"), 7u);
  s.expect(Data("unheard"));
  EXPECT_EQ(s.stack().close(id, 1500ms), Error::kOk);
  s.turn();
  s.expect(Fin().seq(8));
  s.advance(1400ms);
  s.skip();
  s.expect_state(id, State::kFinWait1);
  s.advance(110ms);
  const auto last = s.take_all();
  ASSERT_EQ(last.size(), 1u);
  EXPECT_TRUE(last[0].flags & kRst);
  s.expect_ended(id, CloseReason::kAborted);
  s.expect_nothing_for(1h);
}

TEST(TcpLingerTest, AnOrderlyCloseWithinTheTimeLimit) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.stack().close(id, 1500ms), Error::kOk);
  s.turn();
  s.expect(Fin());
  s.inject(Fin());
  s.expect(Ack());
  s.expect_ended(id, CloseReason::kClosed);
  s.expect_nothing_for(1h);
  EXPECT_EQ(s.count(Count::ended_aborted), 0u);
}

TEST(TcpLingerTest, APeerThatDoesNotCloseIsReset) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.stack().close(id, 1500ms), Error::kOk);
  s.turn();
  s.expect(Fin());
  s.inject(Ack());
  s.expect_state(id, State::kFinWait2);
  s.expect_after(1500ms, RstAck().seq(2));
  s.expect_ended(id, CloseReason::kAborted);
}

TEST(TcpLingerTest, ZeroResetsAtOnce) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.stack().close(id, Duration(0)), Error::kOk);
  s.turn();
  s.expect(RstAck().seq(1));
  s.expect_ended(id, CloseReason::kAborted);
}

TEST(TcpLingerTest, UnreadDataResetsWhateverTheTimeLimit) {
  Script s;
  const auto id = s.established();
  s.inject(Data("unread"));
  s.expect(Ack());
  EXPECT_EQ(s.stack().close(id, 1h), Error::kOk);  // RFC 9293, 3.10.4; RFC 2525, 2.17
  s.turn();
  s.expect(RstAck().seq(1));
  s.expect_ended(id, CloseReason::kAborted);
}

TEST(TcpLingerTest, WhileConnectingItEndsAtOnce) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn());
  EXPECT_EQ(s.stack().close(id, 10s), Error::kOk);
  s.turn();
  s.expect_ended(id, CloseReason::kAborted);
  s.expect_nothing_for(1h);
  EXPECT_EQ(s.stack().close(id, 10s), Error::kNoSuchId);
}

}  // namespace
}  // namespace conker::test
