// Compact idle connections: which ones may be kept compact, and that no peer and no application
// sees which ones are.
#include "stack/tcp/resting.hpp"
#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

const ConnectionTable& table(Script& s) {
  return s.stack().tcp().tables().connections;
}
bool rests(Script& s, ConnectionId id) {
  return table(s).resting(id.slot);
}

/// Settings with delayed ACKs and every option.
Settings whole_settings() {
  Settings settings = plain_settings();
  settings.delayed_ack = 40ms;
  return settings;
}

/// An established connection with timestamps and a window scale of 7.
ConnectionId established_with_options(Script& s) {
  const auto id = s.connect(80);
  s.expect(Syn().seq(0));
  s.flow().timestamp = 1000;
  s.inject(SynAck().mss(1460).wscale(7).sackok().win(65535));
  s.expect(Ack().seq(1).ack(1));
  return id;
}

// ---- Compacting alone ----

/// A connection that may be compact, with unusual values in all members that are kept.
Connection unusual() {
  Connection c;
  c.tuple = {kStackAddress, kPeerAddress, Port{40001}, Port{8080}};
  c.hash = 0xdeadbeef;
  c.hashed = true;
  c.state = State::kEstablished;
  c.passive = c.no_delay = c.syn_resent = c.user_timeout_fixed = c.may_fragment = true;
  c.agreed = {.ts_recent = 0xfffffff0,
              .peer_mss = 1388,
              .user_timeout = 0x8123,
              .snd_wscale = 14,
              .rcv_wscale = 13,
              .window_scaling = true,
              .timestamps = true,
              .sack = true,
              .ecn = true};
  c.mss = 1376;
  c.rcv_mss = 1399;
  c.ts_offset = 0x89abcdef;
  c.ts_recent_at = Tick(0xffffff01);
  c.heard_at = Tick(0xffffff02);
  c.last_sent = Tick(0xffffff03);
  c.mss_reduced_at = Tick(0xffffff04);
  c.round_began = Tick(0xffffff05);
  c.iss = Seq(0xeffffe00);
  c.snd_una = c.snd_nxt = c.snd_cursor = c.snd_wl2 = Seq(0xf0000123);
  c.small_end = c.small_end_before = c.snd_nxt;
  c.ecn_recover = c.snd_nxt - 1;
  c.duplicates.start(c.snd_nxt);
  c.snd_wl1 = Seq(0x7fffffff);
  c.snd_wnd = 0x3fffc000;
  c.max_snd_wnd = 0x3fffffff;
  c.irs = Seq(0x80000000);
  c.rcv_nxt = c.last_ack = Seq(0x80001000);
  c.rcv_adv = Seq(0x80201000);
  c.rcv_limit = 0x00200001;
  c.round_bytes = 77777;
  c.keepalive_idle = 590000;
  c.keepalive_interval = 73000;
  c.keepalive_count = 255;
  c.keepalive_sent = 7;
  c.armed = 1u << static_cast<unsigned>(Timer::kKeepalive);
  c.deadlines[static_cast<unsigned>(Timer::kKeepalive)] = Tick(0x12345678);
  c.user_timeout = 590001;
  c.quick_acks = 13;
  c.rtt.sample(123456us);
  c.rtt.sample(100ms);
  c.rtt.back_off();
  c.congestion = {.cwnd = 1000001, .ssthresh = 500003, .memory = {1, 2, 3, 4, 5}};
  c.algorithm = CongestionAlgorithm::kCubic;
  c.cookie = 0xc00c1e00;
  c.retransmits = 100001;
  c.resent = {65535, 2, 3};
  c.opened_at = Instant(1h);
  c.established_at = Instant(1h + 1us);
  c.bytes_sent = 0x123456789a;
  c.bytes_received = 0xa987654321;
  return c;
}

void expect_same_connection(const Connection& was, const Connection& is) {
  EXPECT_EQ(is.tuple, was.tuple);
  EXPECT_EQ(is.hash, was.hash);
  EXPECT_EQ(is.state, was.state);
  EXPECT_EQ(is.passive, was.passive);
  EXPECT_EQ(is.hashed, was.hashed);
  EXPECT_EQ(is.no_delay, was.no_delay);
  EXPECT_EQ(is.syn_resent, was.syn_resent);
  EXPECT_EQ(is.user_timeout_fixed, was.user_timeout_fixed);
  EXPECT_EQ(is.armed, was.armed);
  EXPECT_EQ(is.mss, was.mss);
  EXPECT_EQ(is.rcv_mss, was.rcv_mss);
  EXPECT_EQ(is.quick_acks, was.quick_acks);
  EXPECT_EQ(is.agreed.ts_recent, was.agreed.ts_recent);
  EXPECT_EQ(is.agreed.peer_mss, was.agreed.peer_mss);
  EXPECT_EQ(is.agreed.user_timeout, was.agreed.user_timeout);
  EXPECT_EQ(is.agreed.snd_wscale, was.agreed.snd_wscale);
  EXPECT_EQ(is.agreed.rcv_wscale, was.agreed.rcv_wscale);
  EXPECT_EQ(is.agreed.window_scaling, was.agreed.window_scaling);
  EXPECT_EQ(is.agreed.timestamps, was.agreed.timestamps);
  EXPECT_EQ(is.agreed.sack, was.agreed.sack);
  EXPECT_EQ(is.agreed.ecn, was.agreed.ecn);
  EXPECT_EQ(is.ts_offset, was.ts_offset);
  EXPECT_EQ(is.ts_recent_at, was.ts_recent_at);
  EXPECT_EQ(is.heard_at, was.heard_at);
  EXPECT_EQ(is.last_sent, was.last_sent);
  EXPECT_EQ(is.mss_reduced_at, was.mss_reduced_at);
  EXPECT_EQ(is.may_fragment, was.may_fragment);
  EXPECT_EQ(is.round_began, was.round_began);
  EXPECT_EQ(is.round_bytes, was.round_bytes);
  EXPECT_EQ(is.iss, was.iss);
  EXPECT_EQ(is.snd_una, was.snd_una);
  EXPECT_EQ(is.snd_nxt, was.snd_nxt);
  EXPECT_EQ(is.snd_cursor, was.snd_cursor);
  EXPECT_EQ(is.snd_wl1, was.snd_wl1);
  EXPECT_EQ(is.snd_wl2, was.snd_wl2);
  EXPECT_EQ(is.snd_wnd, was.snd_wnd);
  EXPECT_EQ(is.max_snd_wnd, was.max_snd_wnd);
  EXPECT_EQ(is.small_end, was.small_end);
  EXPECT_EQ(is.small_end_before, was.small_end_before);
  EXPECT_EQ(is.ecn_recover, was.ecn_recover);
  EXPECT_EQ(is.irs, was.irs);
  EXPECT_EQ(is.rcv_nxt, was.rcv_nxt);
  EXPECT_EQ(is.rcv_adv, was.rcv_adv);
  EXPECT_EQ(is.last_ack, was.last_ack);
  EXPECT_EQ(is.rcv_limit, was.rcv_limit);
  EXPECT_EQ(is.keepalive_idle, was.keepalive_idle);
  EXPECT_EQ(is.keepalive_interval, was.keepalive_interval);
  EXPECT_EQ(is.keepalive_count, was.keepalive_count);
  EXPECT_EQ(is.keepalive_sent, was.keepalive_sent);
  EXPECT_EQ(is.deadlines, was.deadlines);
  EXPECT_EQ(is.user_timeout, was.user_timeout);
  EXPECT_EQ(is.rtt.measured(), was.rtt.measured());
  EXPECT_EQ(is.rtt.srtt(), was.rtt.srtt());
  EXPECT_EQ(is.rtt.rttvar(), was.rtt.rttvar());
  EXPECT_EQ(is.rtt.least(), was.rtt.least());
  EXPECT_EQ(is.rtt.timeout(1s, 1ms, 60s), was.rtt.timeout(1s, 1ms, 60s));
  EXPECT_EQ(is.congestion.cwnd, was.congestion.cwnd);
  EXPECT_EQ(is.congestion.ssthresh, was.congestion.ssthresh);
  EXPECT_EQ(is.congestion.memory, was.congestion.memory);
  EXPECT_EQ(is.algorithm, was.algorithm);
  EXPECT_EQ(is.cookie, was.cookie);
  EXPECT_EQ(is.retransmits, was.retransmits);
  EXPECT_EQ(is.resent, was.resent);
  EXPECT_EQ(is.opened_at, was.opened_at);
  EXPECT_EQ(is.established_at, was.established_at);
  EXPECT_EQ(is.bytes_sent, was.bytes_sent);
  EXPECT_EQ(is.bytes_received, was.bytes_received);
  EXPECT_TRUE(may_rest(is, Tick(1)));
  // The third duplicate of the first ACK after it indicates a loss.
  DuplicateAcks duplicates = is.duplicates;
  Congestion congestion = is.congestion;
  EXPECT_FALSE(duplicates.on_duplicate(is.snd_una, congestion, is.mss));
  EXPECT_FALSE(duplicates.on_duplicate(is.snd_una, congestion, is.mss));
  EXPECT_TRUE(duplicates.on_duplicate(is.snd_una, congestion, is.mss));
}

TEST(RestingTest, WakesAsItWent) {
  const Connection was = unusual();
  ASSERT_TRUE(may_rest(was, Tick(1)));
  Connection is;
  Resting(was).wake(is);
  expect_same_connection(was, is);
}

TEST(RestingTest, WakesAsItWentWithNothingUnusual) {
  Connection was;
  was.tuple = {kStackAddress, kPeerAddress, Port{40001}, Port{80}};
  was.ecn_recover = was.snd_nxt - 1;
  was.hashed = true;
  was.state = State::kEstablished;
  Connection is;
  Resting(was).wake(is);
  expect_same_connection(was, is);
}

TEST(RestingTest, WhatMayNotBeForgotten) {
  const Tick now(1000);
  const auto stays = [&](const char* why, auto&& change) {
    Connection c = unusual();
    ASSERT_TRUE(may_rest(c, now));
    change(c);
    EXPECT_FALSE(may_rest(c, now)) << why;
  };
  for (const State state :
       {State::kSynSent, State::kSynReceived, State::kFinWait1, State::kFinWait2, State::kCloseWait,
        State::kClosing, State::kLastAck, State::kTimeWait, State::kClosed, State::kDestroy}) {
    stays(to_string(state), [&](Connection& c) { c.state = state; });
  }
  for (unsigned i = 0; i < kTimerCount; ++i) {
    if (static_cast<Timer>(i) == Timer::kKeepalive) continue;
    stays("a timer",
          [&](Connection& c) { c.armed = static_cast<std::uint16_t>(c.armed | 1u << i); });
  }
  stays("news", [](Connection& c) { c.events = Event::kReadable; });
  stays("in the list of those with news", [](Connection& c) { c.on_ready = true; });
  stays("in the list of those with something to send", [](Connection& c) { c.on_dirty = true; });
  stays("in the list of the reaper", [](Connection& c) { c.on_reap = true; });
  stays("not accepted yet", [](Connection& c) { c.in_accept_queue = true; });
  stays("closed", [](Connection& c) { c.application_closed = true; });
  stays("a FIN to be sent", [](Connection& c) { c.fin_queued = true; });
  stays("a FIN beyond a hole", [](Connection& c) { c.peer_fin_seen = true; });
  stays("not found by segments", [](Connection& c) { c.hashed = false; });
  stays("something in flight", [](Connection& c) { c.snd_cursor = c.snd_nxt += 1; });
  stays("something to be sent again", [](Connection& c) { c.snd_cursor = c.snd_una - 1; });
  stays("segments watched", [](Connection& c) { c.log = 1; });
  stays("an application that waits for room", [](Connection& c) { c.wants_writable = true; });
  stays("a round trip being measured", [](Connection& c) { c.rtt_timing = true; });
  stays("probes without an answer", [](Connection& c) { c.unanswered = 1; });
  stays("a window from another ACK", [](Connection& c) { c.snd_wl2 = c.snd_una - 1; });
  stays("recovering",
        [](Connection& c) { c.duplicates.begin(c.snd_nxt, 1000, c.congestion, c.mss); });
  stays("an ACK that is owed", [](Connection& c) { c.last_ack = c.rcv_nxt - 1; });
  stays("an ACK that is owed now", [](Connection& c) { c.ack_now = true; });
  stays("duplicate ACKs that are owed", [](Connection& c) { c.duplicate_acks_owed = 1; });
  stays("a first segment again", [](Connection& c) { c.resend_first = true; });
  stays("a probe", [](Connection& c) { c.probe = true; });
  stays("a probe of the tail", [](Connection& c) { c.tail_probe = true; });
  stays("marks to be told of", [](Connection& c) { c.ecn_echo = true; });
  stays("a reduction to be told of", [](Connection& c) { c.cwr_owed = true; });
  stays("a keepalive probe", [](Connection& c) { c.keepalive_due = true; });
  stays("a user timeout to be told of", [](Connection& c) { c.user_timeout_owed = true; });
  stays("challenged just now",
        [&](Connection& c) { c.challenged_at = Tick(now.value() - kChallengeEvery + 1); });
  std::vector<std::uint64_t> storage(512);
  Arena arena(std::as_writable_bytes(std::span(storage)));
  ChunkPool chunks(arena, 4, 512);
  for (const Use use : {Use::kSend, Use::kReceive}) chunks.open(use);
  const std::array<std::byte, 1> one{};
  stays("something to be sent",
        [&](Connection& c) { c.send_queue.append(chunks, one, Use::kSend); });
  stays("something to be read",
        [&](Connection& c) { c.receive_queue.append(chunks, one, Use::kReceive); });
  Connection c = unusual();
  c.challenged_at = Tick(now.value() - kChallengeEvery);
  EXPECT_TRUE(may_rest(c, now)) << "challenged long ago";
}

// ---- In a stack ----

TEST(TcpRestingTest, RestsWhenThereIsNothingLeftToDo) {
  Script s;
  const auto id = s.connect(80);
  EXPECT_FALSE(rests(s, id)) << "not connected";
  s.expect(Syn());
  s.inject(SynAck().mss(1460));
  s.expect(Ack());
  EXPECT_TRUE(rests(s, id));

  EXPECT_EQ(s.send(id, "question"), 8u);
  EXPECT_FALSE(rests(s, id)) << "not acknowledged";
  s.expect(Data("question").seq(1));
  s.inject(Data("answer"));
  s.expect(Ack().ack(7));
  EXPECT_FALSE(rests(s, id)) << "not read";
  EXPECT_EQ(s.receive(id), "answer");
  EXPECT_TRUE(rests(s, id));
  EXPECT_EQ(s.info(id).bytes_sent, 8u);
  EXPECT_EQ(s.info(id).bytes_received, 6u);
}

TEST(TcpRestingTest, NotWhileAnAckWaitsForCompany) {
  Script s(small_capacities(), whole_settings());
  const auto id = s.established();
  // The first ACKs are not delayed.
  for (int i = 0; i < 40; ++i) {
    s.inject(Data("x"));
    (void)s.receive(id);
  }
  s.advance(100ms);
  s.skip();
  EXPECT_TRUE(rests(s, id));
  s.inject(Data("y"));
  EXPECT_EQ(s.receive(id), "y");
  s.expect_nothing();
  EXPECT_FALSE(rests(s, id));
  s.expect_after(40ms, Ack().ack(42));
  EXPECT_TRUE(rests(s, id));
}

TEST(TcpRestingTest, NotBeforeItsListenersApplicationHasIt) {
  Script s;
  const auto listener = s.listen(7);
  s.handshake(40000, 7);
  EXPECT_EQ(table(s).resting(), 0u);
  const auto id = s.accept(listener);
  EXPECT_TRUE(rests(s, id));
}

TEST(TcpRestingTest, WhatIsClosedDoesNotRest) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.shutdown(id), Error::kOk);
  s.expect(Fin().seq(1).ack(1));
  s.inject(Ack());
  s.expect_state(id, State::kFinWait2);
  EXPECT_FALSE(rests(s, id));
  s.inject(Data("still"));
  s.expect(Ack());
  EXPECT_EQ(s.receive(id), "still");
}

TEST(TcpRestingTest, AnIdleConnectionNeedsNobodyToComeBy) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.expect(Data("x"));
  s.inject(Ack());
  EXPECT_TRUE(rests(s, id));
  EXPECT_FALSE(s.stack().tcp().tables().wheel.armed(id.slot))
      << "not even for what has been disarmed";
  s.advance(10s);  // the stack's address has been announced
  EXPECT_EQ(s.stack().next_deadline(), kNever);
}

TEST(TcpRestingTest, WhoLooksWakesNobody) {
  Script s;
  const auto id = s.established();
  std::array<std::span<const std::byte>, 4> pieces;
  ASSERT_TRUE(rests(s, id));
  EXPECT_EQ(s.info(id).state, State::kEstablished);
  EXPECT_EQ(*s.stack().peek(id, pieces), 0u);
  int seen = 0;
  s.stack().tcp().for_each_connection([&](const ConnectionInfo& info) {
    ++seen;
    EXPECT_EQ(info.id, id);
  });
  EXPECT_EQ(seen, 1);
  EXPECT_TRUE(s.books().balanced());
  EXPECT_TRUE(rests(s, id));
}

TEST(TcpRestingTest, ACallWakesItAndItRestsAgain) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.stack().set_cookie(id, 4711), Error::kOk);
  EXPECT_FALSE(rests(s, id));
  s.turn();
  EXPECT_TRUE(rests(s, id));
  EXPECT_EQ(s.info(id).cookie, 4711u);
  s.on_event = [](const Event& event) { EXPECT_EQ(event.cookie, 4711u); };
  s.inject(Data("x"));
  s.expect(Ack());
  s.expect_events(id, Event::kReadable);
}

TEST(TcpRestingTest, ClosedOutOfItsRest) {
  Script s;
  const auto id = s.established();
  ASSERT_TRUE(rests(s, id));
  EXPECT_EQ(s.close(id), Error::kOk);
  s.expect(Fin().seq(1).ack(1));
  s.inject(Fin());
  s.expect(Ack().seq(2).ack(2));
  s.expect_ended(id, CloseReason::kClosed);
  EXPECT_EQ(s.books().time_wait, 1u);
}

TEST(TcpRestingTest, AbortedOutOfItsRest) {
  Script s;
  const auto id = s.established();
  ASSERT_TRUE(rests(s, id));
  EXPECT_EQ(s.abort(id), Error::kOk);
  s.expect(RstAck().seq(1).ack(1));
  s.expect_ended(id, CloseReason::kAborted);
  EXPECT_EQ(s.books().live, 0u);
}

TEST(TcpRestingTest, ResetByThePeerOutOfItsRest) {
  Script s;
  const auto id = s.established();
  ASSERT_TRUE(rests(s, id));
  s.inject(Rst().seq(1));
  s.expect_ended(id, CloseReason::kReset);
  EXPECT_EQ(s.stack().close(id), Error::kNoSuchId);
}

TEST(TcpRestingTest, ClosedByThePeerOutOfItsRest) {
  Script s;
  const auto id = s.established();
  ASSERT_TRUE(rests(s, id));
  s.inject(Fin());
  s.expect(Ack().seq(1).ack(2));
  s.expect_state(id, State::kCloseWait);
  EXPECT_FALSE(rests(s, id));
}

TEST(TcpRestingTest, ItsKeepaliveComesWhenItIsDue) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.stack().set_keepalive(id, {.idle = 10s, .interval = 2s, .count = 3}), Error::kOk);
  s.turn();
  EXPECT_TRUE(rests(s, id));
  EXPECT_NE(s.info(id).keepalive_at, kNever);
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.expect(Data("x"));
  s.inject(Ack());
  ASSERT_TRUE(rests(s, id));
  EXPECT_EQ(s.stack().tcp().tables().wheel.deadline(id.slot).instant(s.now()),
            s.info(id).keepalive_at)
      << "the wheel does not come by for the retransmission";
  for (int i = 0; i < 3; ++i) {
    s.expect_after(i == 0 ? 10s : 2s, Ack().seq(1).ack(1));
    EXPECT_TRUE(rests(s, id)) << "between probes";
    EXPECT_EQ(s.info(id).keepalive_unanswered, i + 1);
  }
  s.expect_after(2s, RstAck().seq(2));
  s.expect_ended(id, CloseReason::kTimedOut);
}

TEST(TcpRestingTest, IcmpAboutItLeavesItAtRest) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.expect(Data("x"));
  s.inject(Ack());
  ASSERT_TRUE(rests(s, id));
  s.inject_unreachable(1);  // forged or late: nothing is in flight
  EXPECT_TRUE(rests(s, id));
}

TEST(TcpRestingTest, OldTimestampsAreStillKnown) {
  Script s(small_capacities(), whole_settings());
  const auto id = established_with_options(s);
  s.advance(1h);
  ASSERT_TRUE(rests(s, id));
  s.flow().timestamp = 999;  // RFC 7323, 5.3: older than the last one
  s.inject(Data("old").seq(1));
  s.expect(Ack().ack(1));
  EXPECT_EQ(s.info(id).receive_queue, 0u);
  s.flow().timestamp = 1000;
  s.inject(Data("new").seq(1));
  EXPECT_EQ(s.receive(id), "new");
  s.skip();
}

TEST(TcpRestingTest, WindowsAreStillScaled) {
  Script s(small_capacities(), whole_settings());
  const auto id = established_with_options(s);
  s.inject(Ack().win(1000));
  ASSERT_TRUE(rests(s, id));
  EXPECT_EQ(s.info(id).snd_wnd, 128'000u);
  s.inject(Ack().win(12));
  ASSERT_TRUE(rests(s, id));
  EXPECT_EQ(s.send(id, std::string(3000, 'x')), 3000u);
  const auto sent = s.take_all();
  ASSERT_EQ(sent.size(), 1u) << "1,536 bytes have room for one segment";
  EXPECT_EQ(sent[0].data.size(), 1448u);
  EXPECT_TRUE(sent[0].options.timestamps);
}

TEST(TcpRestingTest, TheIdOfOneAtRestIsAsGoodAsItsGeneration) {
  Script s;
  const auto id = s.established();
  ASSERT_TRUE(rests(s, id));
  ConnectionId other = id;
  ++other.generation;
  ConnectionInfo info;
  EXPECT_FALSE(s.stack().info(other, info));
  EXPECT_EQ(s.stack().close(other), Error::kNoSuchId);
  std::array<std::span<const std::byte>, 1> pieces;
  EXPECT_EQ(s.stack().peek(other, pieces).error(), Error::kNoSuchId);
  EXPECT_TRUE(rests(s, id)) << "and it was not woken";
}

TEST(TcpRestingTest, NoMoreThanThereIsRoomFor) {
  Capacities capacities = small_capacities();
  capacities.resting = 2;
  Script s(capacities);
  std::vector<ConnectionId> ids;
  for (std::uint16_t port = 80; port < 84; ++port) ids.push_back(s.established(port));
  EXPECT_EQ(table(s).resting(), 2u);
  for (const auto id : ids) s.expect_state(id, State::kEstablished);

  s.speak_for(0);
  s.inject(Data("x"));  // expands the first: there is room for another
  s.expect(Ack());
  EXPECT_EQ(table(s).resting(), 1u);
  EXPECT_EQ(s.stack().set_no_delay(ids[3], true), Error::kOk);
  s.turn();
  EXPECT_TRUE(rests(s, ids[3]));
  EXPECT_EQ(s.receive(ids[0]), "x");
  EXPECT_FALSE(rests(s, ids[0])) << "no room";
  for (const auto id : ids) EXPECT_EQ(s.stack().abort(id), Error::kOk);
  s.turn();
  s.forget();
  EXPECT_EQ(table(s).resting(), 0u);
  EXPECT_EQ(s.books().live, 0u);
}

TEST(TcpRestingTest, NoneWhereThereIsNoRoom) {
  Capacities capacities = small_capacities();
  capacities.resting = 0;
  Script s(capacities);
  const auto id = s.established();
  EXPECT_FALSE(rests(s, id));
  s.advance(1h);
  EXPECT_FALSE(rests(s, id));
  s.expect_nothing();
  EXPECT_EQ(s.stack().next_deadline(), kNever) << "nor does it need anybody to come by";
  EXPECT_EQ(s.close(id), Error::kOk);
  s.expect(Fin());
}

}  // namespace
}  // namespace conker::test
