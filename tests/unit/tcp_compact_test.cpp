// Compact idle connections: which ones may be kept compact, and that no peer and no application
// sees which ones are.
#include "stack/tcp/compact.hpp"
#include "stack/tcp/tcp.hpp"
#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

const ConnectionTable& table(Script& s) {
  return s.stack().tcp().tables().connections;
}
bool is_compact(Script& s, ConnectionId id) {
  return table(s).is_compact(id.slot);
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
  c.listed.index = true;
  c.state = State::kEstablished;
  c.application.passive = c.application.no_delay = c.retransmits.of_syn =
      c.liveness.user_timeout_fixed = c.path.may_fragment = true;
  c.negotiated = {.ts_recent = 0xfffffff0,
                  .peer_mss = 1388,
                  .user_timeout = 0x8123,
                  .snd_wscale = 14,
                  .rcv_wscale = 13,
                  .window_scaling = true,
                  .timestamps = true,
                  .sack = true,
                  .ecn = true};
  c.path.mss = 1376;
  c.rcv.mss = 1399;
  c.timestamps.offset = 0x89abcdef;
  c.timestamps.recent_at = Tick(0xffffff01);
  c.liveness.heard_at = Tick(0xffffff02);
  c.recovery.last_sent = Tick(0xffffff03);
  c.path.mss_reduced_at = Tick(0xffffff04);
  c.buffer.round_began = Tick(0xffffff05);
  c.snd.iss = Seq(0xeffffe00);
  c.snd.una = c.snd.nxt = c.snd.cursor = c.snd.wl2 = Seq(0xf0000123);
  c.snd.small_end = c.snd.small_end_before = c.snd.nxt;
  c.recovery.ecn_recover = c.snd.nxt - 1;
  c.recovery.duplicates.start(c.snd.nxt);
  c.snd.wl1 = Seq(0x7fffffff);
  c.snd.wnd = 0x3fffc000;
  c.snd.max_wnd = 0x3fffffff;
  c.rcv.irs = Seq(0x80000000);
  c.rcv.nxt = c.rcv.last_ack = Seq(0x80001000);
  c.rcv.adv = Seq(0x80201000);
  c.buffer.limit = 0x00200001;
  c.buffer.round_bytes = 77777;
  c.liveness.idle = 590000;
  c.liveness.interval = 73000;
  c.liveness.count = 255;
  c.liveness.sent = 7;
  c.timers.armed = 1u << static_cast<unsigned>(Timer::kKeepalive);
  c.timers.deadlines[static_cast<unsigned>(Timer::kKeepalive)] = Tick(0x12345678);
  c.liveness.user_timeout = 590001;
  c.rcv.quick_acks = 13;
  c.rtt.sample(123456us);
  c.rtt.sample(100ms);
  c.rtt.back_off();
  c.congestion = {.cwnd = 1000001, .ssthresh = 500003, .memory = {1, 2, 3, 4, 5}};
  c.application.congestion = CongestionAlgorithm::kCubic;
  c.application.token = Token(ClientId{0xc0}, 0x0c1e00);
  c.retransmits.total = 100001;
  c.retransmits.by_cause = {65535, 2, 3};
  c.accounting.opened_at = Instant(1h);
  c.accounting.established_at = Instant(1h + 1us);
  c.accounting.bytes_sent = 0x123456789a;
  c.accounting.bytes_received = 0xa987654321;
  return c;
}

void expect_same_connection(const Connection& was, const Connection& is) {
  EXPECT_EQ(is.tuple, was.tuple);
  EXPECT_EQ(is.hash, was.hash);
  EXPECT_EQ(is.state, was.state);
  EXPECT_EQ(is.application.passive, was.application.passive);
  EXPECT_EQ(is.listed.index, was.listed.index);
  EXPECT_EQ(is.application.no_delay, was.application.no_delay);
  EXPECT_EQ(is.retransmits.of_syn, was.retransmits.of_syn);
  EXPECT_EQ(is.liveness.user_timeout_fixed, was.liveness.user_timeout_fixed);
  EXPECT_EQ(is.timers.armed, was.timers.armed);
  EXPECT_EQ(is.path.mss, was.path.mss);
  EXPECT_EQ(is.rcv.mss, was.rcv.mss);
  EXPECT_EQ(is.rcv.quick_acks, was.rcv.quick_acks);
  EXPECT_EQ(is.negotiated.ts_recent, was.negotiated.ts_recent);
  EXPECT_EQ(is.negotiated.peer_mss, was.negotiated.peer_mss);
  EXPECT_EQ(is.negotiated.user_timeout, was.negotiated.user_timeout);
  EXPECT_EQ(is.negotiated.snd_wscale, was.negotiated.snd_wscale);
  EXPECT_EQ(is.negotiated.rcv_wscale, was.negotiated.rcv_wscale);
  EXPECT_EQ(is.negotiated.window_scaling, was.negotiated.window_scaling);
  EXPECT_EQ(is.negotiated.timestamps, was.negotiated.timestamps);
  EXPECT_EQ(is.negotiated.sack, was.negotiated.sack);
  EXPECT_EQ(is.negotiated.ecn, was.negotiated.ecn);
  EXPECT_EQ(is.timestamps.offset, was.timestamps.offset);
  EXPECT_EQ(is.timestamps.recent_at, was.timestamps.recent_at);
  EXPECT_EQ(is.liveness.heard_at, was.liveness.heard_at);
  EXPECT_EQ(is.recovery.last_sent, was.recovery.last_sent);
  EXPECT_EQ(is.path.mss_reduced_at, was.path.mss_reduced_at);
  EXPECT_EQ(is.path.may_fragment, was.path.may_fragment);
  EXPECT_EQ(is.buffer.round_began, was.buffer.round_began);
  EXPECT_EQ(is.buffer.round_bytes, was.buffer.round_bytes);
  EXPECT_EQ(is.snd.iss, was.snd.iss);
  EXPECT_EQ(is.snd.una, was.snd.una);
  EXPECT_EQ(is.snd.nxt, was.snd.nxt);
  EXPECT_EQ(is.snd.cursor, was.snd.cursor);
  EXPECT_EQ(is.snd.wl1, was.snd.wl1);
  EXPECT_EQ(is.snd.wl2, was.snd.wl2);
  EXPECT_EQ(is.snd.wnd, was.snd.wnd);
  EXPECT_EQ(is.snd.max_wnd, was.snd.max_wnd);
  EXPECT_EQ(is.snd.small_end, was.snd.small_end);
  EXPECT_EQ(is.snd.small_end_before, was.snd.small_end_before);
  EXPECT_EQ(is.recovery.ecn_recover, was.recovery.ecn_recover);
  EXPECT_EQ(is.rcv.irs, was.rcv.irs);
  EXPECT_EQ(is.rcv.nxt, was.rcv.nxt);
  EXPECT_EQ(is.rcv.adv, was.rcv.adv);
  EXPECT_EQ(is.rcv.last_ack, was.rcv.last_ack);
  EXPECT_EQ(is.buffer.limit, was.buffer.limit);
  EXPECT_EQ(is.liveness.idle, was.liveness.idle);
  EXPECT_EQ(is.liveness.interval, was.liveness.interval);
  EXPECT_EQ(is.liveness.count, was.liveness.count);
  EXPECT_EQ(is.liveness.sent, was.liveness.sent);
  EXPECT_EQ(is.timers.deadlines, was.timers.deadlines);
  EXPECT_EQ(is.liveness.user_timeout, was.liveness.user_timeout);
  EXPECT_EQ(is.rtt.measured(), was.rtt.measured());
  EXPECT_EQ(is.rtt.srtt(), was.rtt.srtt());
  EXPECT_EQ(is.rtt.rttvar(), was.rtt.rttvar());
  EXPECT_EQ(is.rtt.least(), was.rtt.least());
  EXPECT_EQ(is.rtt.timeout(1s, 1ms, 60s), was.rtt.timeout(1s, 1ms, 60s));
  EXPECT_EQ(is.congestion.cwnd, was.congestion.cwnd);
  EXPECT_EQ(is.congestion.ssthresh, was.congestion.ssthresh);
  EXPECT_EQ(is.congestion.memory, was.congestion.memory);
  EXPECT_EQ(is.application.congestion, was.application.congestion);
  EXPECT_EQ(is.application.token, was.application.token);
  EXPECT_EQ(is.retransmits.total, was.retransmits.total);
  EXPECT_EQ(is.retransmits.by_cause, was.retransmits.by_cause);
  EXPECT_EQ(is.accounting.opened_at, was.accounting.opened_at);
  EXPECT_EQ(is.accounting.established_at, was.accounting.established_at);
  EXPECT_EQ(is.accounting.bytes_sent, was.accounting.bytes_sent);
  EXPECT_EQ(is.accounting.bytes_received, was.accounting.bytes_received);
  EXPECT_TRUE(may_compact(is, Tick(1)));
  // The third duplicate of the first ACK after it indicates a loss.
  DuplicateAcks duplicates = is.recovery.duplicates;
  Congestion congestion = is.congestion;
  EXPECT_FALSE(duplicates.on_duplicate(is.snd.una, congestion, is.path.mss));
  EXPECT_FALSE(duplicates.on_duplicate(is.snd.una, congestion, is.path.mss));
  EXPECT_TRUE(duplicates.on_duplicate(is.snd.una, congestion, is.path.mss));
}

TEST(CompactTest, ExpandsAsItWasCompacted) {
  const Connection was = unusual();
  ASSERT_TRUE(may_compact(was, Tick(1)));
  Connection is;
  CompactConnection(was).expand(is);
  expect_same_connection(was, is);
}

TEST(CompactTest, ExpandsAsItWasCompactedWithDefaultValues) {
  Connection was;
  was.tuple = {kStackAddress, kPeerAddress, Port{40001}, Port{80}};
  was.recovery.ecn_recover = was.snd.nxt - 1;
  was.listed.index = true;
  was.state = State::kEstablished;
  Connection is;
  CompactConnection(was).expand(is);
  expect_same_connection(was, is);
}

TEST(CompactTest, ConnectionsThatMayNotBeCompacted) {
  const Tick now(1000);
  const auto stays = [&](const char* why, auto&& change) {
    Connection c = unusual();
    ASSERT_TRUE(may_compact(c, now));
    change(c);
    EXPECT_FALSE(may_compact(c, now)) << why;
  };
  for (const State state :
       {State::kSynSent, State::kSynReceived, State::kFinWait1, State::kFinWait2, State::kCloseWait,
        State::kClosing, State::kLastAck, State::kTimeWait, State::kClosed, State::kDestroy}) {
    stays(to_string(state), [&](Connection& c) { c.state = state; });
  }
  for (unsigned i = 0; i < kTimerCount; ++i) {
    if (static_cast<Timer>(i) == Timer::kKeepalive) continue;
    stays("a timer", [&](Connection& c) {
      c.timers.armed = static_cast<std::uint16_t>(c.timers.armed | 1u << i);
    });
  }
  stays("events", [](Connection& c) { c.application.events = Event::kReadable; });
  stays("in the list of those with events", [](Connection& c) { c.listed.ready = true; });
  stays("in the list of those with something to send",
        [](Connection& c) { c.listed.dirty = true; });
  stays("in the list of the reaper", [](Connection& c) { c.listed.reap = true; });
  stays("not accepted yet", [](Connection& c) { c.listed.accept_queue = true; });
  stays("closed", [](Connection& c) { c.application.closed = true; });
  stays("a FIN to be sent", [](Connection& c) { c.fin.queued = true; });
  stays("a FIN beyond a hole", [](Connection& c) { c.rcv.fin_seen = true; });
  stays("not found by segments", [](Connection& c) { c.listed.index = false; });
  stays("something in flight", [](Connection& c) { c.snd.cursor = c.snd.nxt += 1; });
  stays("something to be sent again", [](Connection& c) { c.snd.cursor = c.snd.una - 1; });
  stays("segments watched", [](Connection& c) { c.recovery.scoreboard = 1; });
  stays("an application that waits for room",
        [](Connection& c) { c.application.wants_writable = true; });
  stays("a round trip being measured", [](Connection& c) { c.timing.running = true; });
  stays("probes without an answer", [](Connection& c) { c.retransmits.consecutive_timeouts = 1; });
  stays("a window from another ACK", [](Connection& c) { c.snd.wl2 = c.snd.una - 1; });
  stays("recovering", [](Connection& c) {
    c.recovery.duplicates.begin(c.snd.nxt, 1000, c.congestion, c.path.mss);
  });
  stays("an ACK that is owed", [](Connection& c) { c.rcv.last_ack = c.rcv.nxt - 1; });
  stays("an ACK that is owed now", [](Connection& c) { c.pending.ack = true; });
  stays("duplicate ACKs that are owed", [](Connection& c) { c.pending.duplicate_acks = 1; });
  stays("a first segment again", [](Connection& c) { c.pending.fast_retransmit = true; });
  stays("a probe", [](Connection& c) { c.pending.window_probe = true; });
  stays("a probe of the tail", [](Connection& c) { c.pending.tail_probe = true; });
  stays("marks to be told of", [](Connection& c) { c.pending.ecn_echo = true; });
  stays("a reduction to be told of", [](Connection& c) { c.pending.cwr = true; });
  stays("a keepalive probe", [](Connection& c) { c.pending.keepalive = true; });
  stays("a user timeout to be told of", [](Connection& c) { c.pending.user_timeout = true; });
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
  EXPECT_TRUE(may_compact(c, now)) << "challenged long ago";
}

// ---- In a stack ----

TEST(TcpCompactTest, CompactedWhenIdle) {
  Script s;
  const auto id = s.connect(80);
  EXPECT_FALSE(is_compact(s, id)) << "not connected";
  s.expect(Syn());
  s.inject(SynAck().mss(1460));
  s.expect(Ack());
  EXPECT_TRUE(is_compact(s, id));

  EXPECT_EQ(s.send(id, "question"), 8u);
  EXPECT_FALSE(is_compact(s, id)) << "not acknowledged";
  s.expect(Data("question").seq(1));
  s.inject(Data("answer"));
  s.expect(Ack().ack(7));
  EXPECT_FALSE(is_compact(s, id)) << "not read";
  EXPECT_EQ(s.receive(id), "answer");
  EXPECT_TRUE(is_compact(s, id));
  EXPECT_EQ(s.info(id).bytes_sent, 8u);
  EXPECT_EQ(s.info(id).bytes_received, 6u);
}

TEST(TcpCompactTest, NotWhileAnAckIsDelayed) {
  Script s(small_capacities(), whole_settings());
  const auto id = s.established();
  // The first ACKs are not delayed.
  for (int i = 0; i < 40; ++i) {
    s.inject(Data("x"));
    (void)s.receive(id);
  }
  s.advance(100ms);
  s.skip();
  EXPECT_TRUE(is_compact(s, id));
  s.inject(Data("y"));
  EXPECT_EQ(s.receive(id), "y");
  s.expect_nothing();
  EXPECT_FALSE(is_compact(s, id));
  s.expect_after(40ms, Ack().ack(42));
  EXPECT_TRUE(is_compact(s, id));
}

TEST(TcpCompactTest, NotBeforeAccept) {
  Script s;
  const auto listener = s.listen(7);
  s.handshake(40000, 7);
  EXPECT_EQ(table(s).compact_count(), 0u);
  const auto id = s.accept(listener);
  EXPECT_TRUE(is_compact(s, id));
}

TEST(TcpCompactTest, NotWhenClosed) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.shutdown(id), Error::kOk);
  s.expect(Fin().seq(1).ack(1));
  s.inject(Ack());
  s.expect_state(id, State::kFinWait2);
  EXPECT_FALSE(is_compact(s, id));
  s.inject(Data("still"));
  s.expect(Ack());
  EXPECT_EQ(s.receive(id), "still");
}

TEST(TcpCompactTest, ACompactConnectionHasNoTimer) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.expect(Data("x"));
  s.inject(Ack());
  EXPECT_TRUE(is_compact(s, id));
  EXPECT_FALSE(s.stack().tcp().tables().wheel.armed(id.slot))
      << "not even for what has been disarmed";
  s.advance(10s);  // the stack's address has been announced
  EXPECT_EQ(s.stack().next_deadline(), kNever);
}

TEST(TcpCompactTest, QueriesDoNotExpand) {
  Script s;
  const auto id = s.established();
  std::array<std::span<const std::byte>, 4> pieces;
  ASSERT_TRUE(is_compact(s, id));
  EXPECT_EQ(s.info(id).state, State::kEstablished);
  EXPECT_EQ(*s.stack().peek(id, pieces), 0u);
  EXPECT_EQ(s.stack().unread(id)->bytes, 0u);
  EXPECT_FALSE(s.stack().unread(id)->fin_received);
  int seen = 0;
  s.stack().tcp().for_each_connection([&](const ConnectionInfo& info) {
    ++seen;
    EXPECT_EQ(info.id, id);
  });
  EXPECT_EQ(seen, 1);
  EXPECT_TRUE(s.audit().balanced());
  EXPECT_TRUE(is_compact(s, id));
}

TEST(TcpCompactTest, ACallExpandsItAndItIsCompactedAgain) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.stack().set_token(id, Token(4711)), Error::kOk);
  EXPECT_FALSE(is_compact(s, id));
  s.turn();
  EXPECT_TRUE(is_compact(s, id));
  EXPECT_EQ(s.info(id).token, Token(4711));
  s.on_event = [](const Event& event) { EXPECT_EQ(event.token, Token(4711)); };
  s.inject(Data("x"));
  s.expect(Ack());
  s.expect_events(id, Event::kReadable);
}

TEST(TcpCompactTest, CloseWhileCompact) {
  Script s;
  const auto id = s.established();
  ASSERT_TRUE(is_compact(s, id));
  EXPECT_EQ(s.close(id), Error::kOk);
  s.expect(Fin().seq(1).ack(1));
  s.inject(Fin());
  s.expect(Ack().seq(2).ack(2));
  s.expect_ended(id, CloseReason::kClosed);
  EXPECT_EQ(s.audit().time_wait, 1u);
}

TEST(TcpCompactTest, AbortWhileCompact) {
  Script s;
  const auto id = s.established();
  ASSERT_TRUE(is_compact(s, id));
  EXPECT_EQ(s.abort(id), Error::kOk);
  s.expect(RstAck().seq(1).ack(1));
  s.expect_ended(id, CloseReason::kAborted);
  EXPECT_EQ(s.audit().live, 0u);
}

TEST(TcpCompactTest, ResetByThePeerWhileCompact) {
  Script s;
  const auto id = s.established();
  ASSERT_TRUE(is_compact(s, id));
  s.inject(Rst().seq(1));
  s.expect_ended(id, CloseReason::kReset);
  EXPECT_EQ(s.stack().close(id), Error::kNoSuchId);
}

TEST(TcpCompactTest, ClosedByThePeerWhileCompact) {
  Script s;
  const auto id = s.established();
  ASSERT_TRUE(is_compact(s, id));
  s.inject(Fin());
  s.expect(Ack().seq(1).ack(2));
  s.expect_state(id, State::kCloseWait);
  EXPECT_FALSE(is_compact(s, id));
}

TEST(TcpCompactTest, KeepaliveWhileCompact) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.stack().set_keepalive(id, {.idle = 10s, .interval = 2s, .count = 3}), Error::kOk);
  s.turn();
  EXPECT_TRUE(is_compact(s, id));
  EXPECT_NE(s.info(id).keepalive_at, kNever);
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.expect(Data("x"));
  s.inject(Ack());
  ASSERT_TRUE(is_compact(s, id));
  EXPECT_EQ(s.stack().tcp().tables().wheel.deadline(id.slot).instant(s.now()),
            s.info(id).keepalive_at)
      << "the wheel does not come by for the retransmission";
  for (int i = 0; i < 3; ++i) {
    s.expect_after(i == 0 ? 10s : 2s, Ack().seq(1).ack(1));
    EXPECT_TRUE(is_compact(s, id)) << "between probes";
    EXPECT_EQ(s.info(id).keepalive_unanswered, i + 1);
  }
  s.expect_after(2s, RstAck().seq(2));
  s.expect_ended(id, CloseReason::kTimedOut);
}

TEST(TcpCompactTest, IcmpDoesNotExpand) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.expect(Data("x"));
  s.inject(Ack());
  ASSERT_TRUE(is_compact(s, id));
  s.inject_unreachable(1);  // forged or late: nothing is in flight
  EXPECT_TRUE(is_compact(s, id));
}

TEST(TcpCompactTest, PawsWhileCompact) {
  Script s(small_capacities(), whole_settings());
  const auto id = established_with_options(s);
  s.advance(1h);
  ASSERT_TRUE(is_compact(s, id));
  s.flow().timestamp = 999;  // RFC 7323, 5.3: older than the last one
  s.inject(Data("old").seq(1));
  s.expect(Ack().ack(1));
  EXPECT_EQ(s.info(id).receive_queue, 0u);
  s.flow().timestamp = 1000;
  s.inject(Data("new").seq(1));
  EXPECT_EQ(s.receive(id), "new");
  s.skip();
}

TEST(TcpCompactTest, WindowScalingWhileCompact) {
  Script s(small_capacities(), whole_settings());
  const auto id = established_with_options(s);
  s.inject(Ack().win(1000));
  ASSERT_TRUE(is_compact(s, id));
  EXPECT_EQ(s.info(id).snd_wnd, 128'000u);
  s.inject(Ack().win(12));
  ASSERT_TRUE(is_compact(s, id));
  EXPECT_EQ(s.send(id, std::string(3000, 'x')), 3000u);
  const auto sent = s.take_all();
  ASSERT_EQ(sent.size(), 1u) << "1,536 bytes have room for one segment";
  EXPECT_EQ(sent[0].data.size(), 1448u);
  EXPECT_TRUE(sent[0].options.timestamps);
}

TEST(TcpCompactTest, AStaleIdFindsNoCompactConnection) {
  Script s;
  const auto id = s.established();
  ASSERT_TRUE(is_compact(s, id));
  ConnectionId other = id;
  ++other.generation;
  ConnectionInfo info;
  EXPECT_FALSE(s.stack().info(other, info));
  EXPECT_EQ(s.stack().close(other), Error::kNoSuchId);
  std::array<std::span<const std::byte>, 1> pieces;
  EXPECT_EQ(s.stack().peek(other, pieces).error(), Error::kNoSuchId);
  EXPECT_TRUE(is_compact(s, id)) << "and it was not woken";
}

TEST(TcpCompactTest, NoMoreThanTheTableHolds) {
  Capacities capacities = small_capacities();
  capacities.compact = 2;
  Script s(capacities);
  std::vector<ConnectionId> ids;
  for (std::uint16_t port = 80; port < 84; ++port) ids.push_back(s.established(port));
  EXPECT_EQ(table(s).compact_count(), 2u);
  for (const auto id : ids) s.expect_state(id, State::kEstablished);

  s.speak_for(0);
  s.inject(Data("x"));  // expands the first: there is room for another
  s.expect(Ack());
  EXPECT_EQ(table(s).compact_count(), 1u);
  EXPECT_EQ(s.stack().set_no_delay(ids[3], true), Error::kOk);
  s.turn();
  EXPECT_TRUE(is_compact(s, ids[3]));
  EXPECT_EQ(s.receive(ids[0]), "x");
  EXPECT_FALSE(is_compact(s, ids[0])) << "no room";
  for (const auto id : ids) EXPECT_EQ(s.stack().abort(id), Error::kOk);
  s.turn();
  s.forget();
  EXPECT_EQ(table(s).compact_count(), 0u);
  EXPECT_EQ(s.audit().live, 0u);
}

TEST(TcpCompactTest, NoneWithoutATable) {
  Capacities capacities = small_capacities();
  capacities.compact = 0;
  Script s(capacities);
  const auto id = s.established();
  EXPECT_FALSE(is_compact(s, id));
  s.advance(1h);
  EXPECT_FALSE(is_compact(s, id));
  s.expect_nothing();
  EXPECT_EQ(s.stack().next_deadline(), kNever) << "nor does it need anybody to come by";
  EXPECT_EQ(s.close(id), Error::kOk);
  s.expect(Fin());
}

}  // namespace
}  // namespace conker::test
