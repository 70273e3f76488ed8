// The lifetime of connections: ids, events, the reaper, and calls and segments for a connection in
// Destroy.
#include <array>
#include <map>
#include <vector>

#include "stack/tcp/tcp.hpp"
#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

TEST(TcpLifetimeTest, UnknownIdsFindNothing) {
  Script s;
  for (const ConnectionId id :
       {ConnectionId{}, ConnectionId{0, 1}, ConnectionId{7, 1}, ConnectionId{0xffffffff, 1}}) {
    EXPECT_EQ(s.stack().close(id), Error::kNoSuchId);
    EXPECT_EQ(s.stack().receive(id, {}).error(), Error::kNoSuchId);
  }
  EXPECT_EQ(s.stack().unlisten(ListenerId{}), Error::kNoSuchId);
  EXPECT_EQ(s.stack().accept(ListenerId{3, 1}).error(), Error::kNoSuchId);
}

TEST(TcpLifetimeTest, AFullTableFailsOpens) {
  Script s;  // 8 connections
  std::vector<ConnectionId> ids;
  for (std::uint16_t port = 1; port <= 8; ++port) ids.push_back(s.established(port));
  ConnectRequest request;
  request.remote = {kPeerAddress, Port{9}};
  EXPECT_EQ(s.stack().connect(request).error(), Error::kTableFull);
  EXPECT_EQ(s.count(Count::open_failed), 1u);
  for (const auto id : ids) s.expect_state(id, State::kEstablished);
  (void)s.abort(ids[3]);
  s.forget();
  EXPECT_TRUE(s.stack().connect(request));
  s.turn();
  s.forget();
}

TEST(TcpLifetimeTest, TheSlotIsFreedAfterTheLastEventIsDrained) {
  Capacities capacities = small_capacities();
  capacities.connections = 1;
  Script s(capacities);
  const auto id = s.established();
  Stack& stack = s.stack();
  EXPECT_EQ(stack.abort(id), Error::kOk);
  // Turns in which the embedder does not drain the events.
  for (int i = 0; i < 3; ++i) {
    stack.output();
    stack.reap();
    ConnectionInfo info;
    EXPECT_TRUE(stack.info(id, info)) << "it waits to be told about";
    EXPECT_EQ(info.state, State::kDestroy);
    EXPECT_EQ(info.reason, CloseReason::kAborted);
    EXPECT_TRUE(stack.audit().balanced());
    EXPECT_EQ(stack.audit().live, 0u);
  }
  s.turn();
  s.skip();
  s.expect_ended(id, CloseReason::kAborted);
}

TEST(TcpLifetimeTest, WithoutDrainingEventsAreLostAndSlotsAreFreed) {
  Capacities capacities = small_capacities();
  capacities.connections = 1;
  Script s(capacities);
  const auto id = s.established();
  Stack& stack = s.stack();
  EXPECT_EQ(stack.abort(id), Error::kOk);
  stack.output();
  stack.reap();
  ConnectRequest request;
  request.remote = {kPeerAddress, Port{81}};
  EXPECT_EQ(stack.connect(request).error(), Error::kTableFull);
  stack.output();
  stack.reap();
  EXPECT_EQ(s.count(Count::events_lost), 1u);
  EXPECT_TRUE(stack.connect(request));
  s.turn();
  s.forget();
}

TEST(TcpLifetimeTest, AConnectionWithAPendingRstLosesNoEvents) {
  Capacities capacities = small_capacities();
  capacities.connections = 1;
  Script s(capacities);
  const auto id = s.established();
  Stack& stack = s.stack();
  EXPECT_EQ(stack.abort(id), Error::kOk);
  s.link().busy = true;
  ConnectRequest request;
  request.remote = {kPeerAddress, Port{81}};
  EXPECT_EQ(stack.connect(request).error(), Error::kTableFull);
  stack.output();
  stack.reap();
  EXPECT_EQ(s.count(Count::events_lost), 0u) << "its slot could not be had in any case";
  EXPECT_TRUE(stack.audit().balanced());
  s.link().busy = false;
  s.turn();
  s.expect(RstAck());
  s.expect_ended(id, CloseReason::kAborted);
}

TEST(TcpLifetimeTest, DestroyIgnoresSegmentsAndTimers) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.send(id, "unacknowledged"), 14u);
  s.skip();
  Stack& stack = s.stack();
  EXPECT_EQ(stack.abort(id), Error::kOk);
  // Before the turn goes on, with the connection still in its slot:
  EXPECT_EQ(stack.abort(id), Error::kNoSuchId);
  EXPECT_EQ(stack.close(id), Error::kNoSuchId);
  EXPECT_EQ(stack.shutdown(id), Error::kNoSuchId);
  EXPECT_EQ(stack.send(id, std::as_bytes(std::span("x", 1))).error(), Error::kNoSuchId);
  EXPECT_EQ(stack.consume(id, 0), Error::kNoSuchId);
  std::array<std::span<const std::byte>, 1> pieces;
  EXPECT_EQ(stack.peek(id, pieces).error(), Error::kNoSuchId);
  EXPECT_EQ(stack.unread(id).error(), Error::kNoSuchId);
  EXPECT_TRUE(stack.audit().balanced());
  s.inject(Ack().ack(15));
  const auto sent = s.take_all();
  for (const auto& segment : sent) EXPECT_TRUE(segment.flags & kRst);
  EXPECT_GE(sent.size(), 1u);
  s.expect_ended(id, CloseReason::kAborted);
  s.expect_nothing_for(1h);
}

TEST(TcpLifetimeTest, EventsOfOneTurnAreOneMask) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn());
  int events = 0;
  s.on_event = [&](const Event&) { ++events; };
  s.inject({SynAck(), Data("hi"), Fin()});
  s.skip();
  EXPECT_EQ(events, 1);
  s.expect_events(id, Event::kConnected | Event::kReadable | Event::kPeerClosed);
}

// ---- Any call is allowed while events are drained ----

TEST(TcpLifetimeTest, CloseWhileDraining) {
  Script s;
  s.on_event = [&](const Event& event) {
    if (event.has(Event::kConnected)) {
      EXPECT_EQ(s.stack().close(event.connection), Error::kOk);
    }
  };
  const auto id = s.connect(80);
  s.expect(Syn());
  s.inject(SynAck());
  s.expect(Fin().seq(1).ack(1));
  s.inject(Fin());
  s.expect(Ack().ack(2));
  s.expect_ended(id, CloseReason::kClosed);
}

TEST(TcpLifetimeTest, AbortWhileDraining) {
  Script s;
  s.on_event = [&](const Event& event) {
    if (event.has(Event::kConnected)) {
      EXPECT_EQ(s.stack().abort(event.connection), Error::kOk);
    }
  };
  const auto id = s.connect(80);
  s.expect(Syn());
  s.inject(SynAck());
  s.expect(Ack().seq(1).ack(1));  // otherwise the peer would take the reset for a refusal
  s.expect(RstAck().seq(1).ack(1));
  s.expect_ended(id, CloseReason::kAborted);
}

TEST(TcpLifetimeTest, ConnectWhileDraining) {
  Script s;
  ConnectRequest request;
  request.remote = {kPeerAddress, Port{81}};
  request.local_port = Port{5000};
  std::vector<ConnectionId> opened;
  s.on_event = [&](const Event& event) {
    if (!event.has(Event::kClosed) || !opened.empty()) return;
    const auto id = s.stack().connect(request);
    EXPECT_TRUE(id);
    opened.push_back(*id);
  };
  const auto id = s.established();
  s.inject(Rst());
  s.peer(81, 5000);
  s.expect(Syn().seq(0));
  s.inject(SynAck());
  s.expect(Ack());
  s.expect_ended(id, CloseReason::kReset);
  s.expect_state(opened.at(0), State::kEstablished);
}

TEST(TcpLifetimeTest, UnlistenInAnEventOfTheListener) {
  Script s;
  const auto listener = s.listen(7);
  s.on_event = [&](const Event& event) {
    if (event.has(Event::kAcceptable)) {
      EXPECT_EQ(s.stack().unlisten(event.listener), Error::kOk);
    }
  };
  s.peer(40000, 7);
  s.inject(Syn());
  s.expect(SynAck());
  s.inject(Ack());
  const auto sent = s.take_all();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_TRUE(sent[0].flags & kRst);
  EXPECT_EQ(s.audit().live, 0u);
  EXPECT_EQ(s.unlisten(listener), Error::kNoSuchId);
}

TEST(TcpLifetimeTest, AListenerClosedBeforeItsEventsAreDrained) {
  Script s;
  const auto listener = s.listen(7);
  const auto other = s.listen(8);
  s.peer(40000, 7);
  s.inject(Syn());
  s.expect(SynAck());
  s.peer(40001, 8);
  s.inject(Syn());
  s.expect(SynAck());
  // Both connections can be accepted in the same turn; the first event ends the other connection.
  int told = 0;
  s.on_event = [&](const Event& event) {
    if (!event.has(Event::kAcceptable)) return;
    ++told;
    (void)s.stack().unlisten(event.listener == listener ? other : listener);
  };
  s.link().sent.clear();
  s.inject(Ack());
  s.speak_for(s.speaking_for() - 1);
  s.inject(Ack());
  s.forget();
  EXPECT_EQ(told, 1);
}

TEST(TcpLifetimeTest, UnlistenBetweenAnEventAndItsDraining) {
  Script s;
  const auto listener = s.listen(7);
  const auto other = s.listen(8);
  Stack& stack = s.stack();
  for (const std::uint16_t port : {std::uint16_t{7}, std::uint16_t{8}}) {
    s.peer(40000, port);
    s.inject(Syn());
    s.expect(SynAck());
  }
  const auto arrives = [&](std::uint16_t port) {
    WireSegment ack;
    ack.source = kPeerAddress;
    ack.destination = kStackAddress;
    ack.source_port = 40000;
    ack.destination_port = port;
    ack.seq = kPeerIss + 1;
    ack.ack = *s.flow().iss + 1;
    ack.flags = kAck;
    const Bytes frame = encode(ack, kPeerMac, kStackMac);
    const FrameIn in{frame, ChecksumState::kUnknown};
    stack.input(InterfaceId{0}, std::span(&in, 1));
  };
  arrives(8);
  s.speak_for(s.speaking_for() - 1);
  arrives(7);
  EXPECT_EQ(stack.unlisten(listener), Error::kOk);
  s.turn();
  s.forget();
  EXPECT_FALSE(s.acceptable(listener));
  EXPECT_TRUE(s.acceptable(other));
}

TEST(TcpLifetimeTest, AnIdFromTheListMayBeClosedBeforeAccept) {
  for (const bool close : {true, false}) {
    Script s;
    const auto listener = s.listen(7, 1);
    s.handshake(40000, 7);
    ConnectionInfo found;
    s.stack().tcp().for_each_connection([&](const ConnectionInfo& info) { found = info; });
    EXPECT_EQ(close ? s.close(found.id) : s.abort(found.id), Error::kOk);
    s.skip();
    EXPECT_EQ(s.stack().accept(listener).error(), Error::kNoSuchId);
    s.handshake(40001, 7);  // its place in the accept queue is free
    (void)s.accept(listener);
  }
}

TEST(TcpLifetimeTest, PeekShowsTheBytesInPlaceAndConsumeTakesThem) {
  Script s;
  const auto id = s.established();
  s.inject(Data("hello"));
  s.skip();
  std::array<std::span<const std::byte>, 4> pieces;
  const auto count = s.stack().peek(id, pieces);
  ASSERT_TRUE(count);
  ASSERT_EQ(*count, 1u);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(pieces[0].data()), pieces[0].size()),
            "hello");
  EXPECT_EQ(s.stack().consume(id, 6), Error::kInvalidArgument);
  EXPECT_EQ(s.stack().consume(id, 2), Error::kOk);
  EXPECT_EQ(s.receive(id), "llo");
}

TEST(TcpLifetimeTest, UnreadCountsTheBytesBeforeTheFin) {
  Script s;
  const auto id = s.established();
  s.inject(Data("hello"));
  s.skip();
  EXPECT_EQ(s.stack().unread(id)->bytes, 5u);
  EXPECT_FALSE(s.stack().unread(id)->fin_received);
  s.inject(Fin().seq(6));
  s.skip();
  EXPECT_EQ(s.receive(id), "hello");
  EXPECT_EQ(s.stack().unread(id)->bytes, 0u);
  EXPECT_TRUE(s.stack().unread(id)->fin_received);
  EXPECT_EQ(s.close(id), Error::kOk);
  s.skip();
  EXPECT_TRUE(s.stack().unread(id)->fin_received) << "LAST-ACK";
}

TEST(TcpLifetimeTest, EveryEventCarriesItsToken) {
  Script s;
  std::vector<Token> tokens;
  s.on_event = [&](const Event& event) { tokens.push_back(event.token); };
  ConnectRequest request;
  request.remote = {kPeerAddress, Port{80}};
  request.token = Token(ClientId{3}, 7);
  const auto id = s.connect(request);
  s.expect(Syn());
  s.inject(SynAck());
  s.expect(Ack());
  EXPECT_EQ(s.stack().set_token(id, Token(9)), Error::kOk);
  s.inject(Rst());
  EXPECT_EQ(tokens, (std::vector{Token(ClientId{3}, 7), Token(9)}));
}

TEST(TcpLifetimeTest, TheTransitionRingHasStatesTimesAndCauses) {
  Script s;
  const auto id = s.established();
  s.advance(5s);
  (void)s.close(id);
  s.skip();
  s.inject(Ack());
  s.inject(Fin());
  s.skip();
  std::vector<State> path;
  Instant last{};
  s.stack().tcp().for_each_transition([&](const Transition& t) {
    EXPECT_EQ(t.id, id);
    EXPECT_GE(t.at, last);
    last = t.at;
    path.push_back(t.to);
  });
  EXPECT_EQ(path, (std::vector<State>{State::kSynSent, State::kEstablished, State::kFinWait1,
                                      State::kFinWait2, State::kTimeWait, State::kDestroy}));
}

TEST(TcpLifetimeTest, TheTransitionRingTellsWhatIsNewAndWhatIsOverwritten) {
  alignas(Arena::kAlignment) std::array<std::byte, 4 * sizeof(Transition)> storage{};
  Arena arena(storage);
  TransitionRing ring(arena, 3);
  const auto record = [&](std::uint32_t slot) {
    ring.record(Instant(), {slot, 1}, State::kClosed, State::kSynSent, Cause::kActiveOpen);
  };
  std::vector<std::uint32_t> slots;
  const auto since = [&](std::uint64_t seen) {
    slots.clear();
    return ring.for_each_since(seen, [&](const Transition& t) { slots.push_back(t.id.slot); });
  };
  EXPECT_EQ(since(0), 0U);
  EXPECT_TRUE(slots.empty());
  record(0);
  record(1);
  EXPECT_EQ(since(1), 0U);
  EXPECT_EQ(slots, (std::vector<std::uint32_t>{1}));
  for (std::uint32_t slot = 2; slot < 8; ++slot) record(slot);
  EXPECT_EQ(ring.recorded(), 8U);
  EXPECT_EQ(since(2), 3U);
  EXPECT_EQ(slots, (std::vector<std::uint32_t>{5, 6, 7}));
  EXPECT_EQ(since(6), 0U);
  EXPECT_EQ(slots, (std::vector<std::uint32_t>{6, 7}));
  EXPECT_EQ(since(8), 0U);
  EXPECT_TRUE(slots.empty());
  EXPECT_EQ(since(9), 0U);
  EXPECT_TRUE(slots.empty());
  since(0);
  EXPECT_EQ(slots, (std::vector<std::uint32_t>{5, 6, 7}));
}

}  // namespace
}  // namespace conker::test
