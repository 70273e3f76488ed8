// Faults in the lifetime of connections that have broken other stacks: one test for each, which is
// quoted above it.
#include <array>
#include <string>
#include <vector>

#include "tests/unit/tcp_matrix_stage.hpp"

namespace conker::test {
namespace {

/// Encodes a segment of any flow, with relative numbers that must be given.
Bytes from_peer(Script& s, std::size_t flow, const Segment& segment) {
  const std::size_t speaking_for = s.speaking_for();
  s.speak_for(flow);
  const Flow& f = s.flow();
  WireSegment wire;
  wire.source = f.peer;
  wire.destination = f.local;
  wire.source_port = f.peer_port;
  wire.destination_port = f.local_port;
  wire.seq = f.peer_iss + segment.sequence.value();
  wire.ack = f.iss.value_or(0) + segment.acknowledgment.value();
  wire.flags = segment.flags;
  wire.window = 65535;
  wire.data = segment.data;
  s.speak_for(speaking_for);
  return encode(wire, kPeerMac, kStackMac);
}

/// Every call that takes the id of a connection, with a stale one.
void expect_deaf(Stack& stack, ConnectionId id) {
  std::array<std::byte, 4> bytes{};
  std::array<std::span<const std::byte>, 1> pieces;
  EXPECT_EQ(stack.abort(id), Error::kNoSuchId);
  EXPECT_EQ(stack.close(id), Error::kNoSuchId);
  EXPECT_EQ(stack.shutdown(id), Error::kNoSuchId);
  EXPECT_EQ(stack.send(id, bytes).error(), Error::kNoSuchId);
  EXPECT_EQ(stack.receive(id, bytes).error(), Error::kNoSuchId);
  EXPECT_EQ(stack.peek(id, pieces).error(), Error::kNoSuchId);
  EXPECT_EQ(stack.unread(id).error(), Error::kNoSuchId);
  EXPECT_EQ(stack.consume(id, 0), Error::kNoSuchId);
  EXPECT_EQ(stack.set_token(id, Token(1)), Error::kNoSuchId);
}

// "abort -> error callback -> the owner's destructor aborts again; any touch of a pcb in or after
// its error callback."
TEST(TcpHazardLifetimeTest, AbortAgainInAndAfterTheLastEvent) {
  for (const bool by_peer : {true, false}) {
    Script s;
    const auto id = s.established();
    int told = 0;
    s.on_event = [&](const Event& event) {
      if (!event.has(Event::kClosed)) return;
      ++told;
      expect_deaf(s.stack(), event.connection);
      ConnectionInfo info;
      EXPECT_TRUE(s.stack().info(event.connection, info)) << "the id is good until the next reap()";
    };
    if (by_peer) {
      s.inject(Rst());
    } else {
      (void)s.abort(id);
    }
    s.skip();
    s.expect_ended(id, by_peer ? CloseReason::kReset : CloseReason::kAborted);
    EXPECT_EQ(told, 1);
    expect_deaf(s.stack(), id);
  }
}

// "a close queued plus an event for the same connection: freed twice."
TEST(TcpHazardLifetimeTest, ACloseQueuedAndAnEventFreeOnce) {
  for (const Segment& event :
       {Rst(), RstAck(), Fin(), Data("unread"), Fin().carrying("unread"), Ack()}) {
    Script s;
    const auto id = s.established();
    EXPECT_EQ(s.stack().close(id), Error::kOk);  // its FIN has not been sent yet
    s.inject({event, Rst().seq(1 + event.length())});
    s.forget();
    s.advance(10min);
    s.forget();
    EXPECT_EQ(s.count(Count::reaped), 1u) << event;
    EXPECT_EQ(s.audit().live, 0u) << event;
    expect_deaf(s.stack(), id);
  }
}

TEST(TcpHazardLifetimeTest, TheLastEventComesOnce) {
  Script s;
  const auto id = s.established();
  int ended = 0;
  s.on_event = [&](const Event& event) {
    if (event.has(Event::kClosed)) ++ended;
  };
  (void)s.stack().abort(id);
  s.inject({Rst(), Fin(), Data("x"), Rst().seq(1)});
  s.skip();
  s.advance(10s);
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(s.audit().live, 0u);
}

// "iteration drops its lock around the callback and the cached *next* is freed"
TEST(TcpHazardLifetimeTest, AnEventMayEndAllFollowingConnections) {
  Script s;
  std::vector<ConnectionId> ids;
  for (std::uint16_t port = 1; port <= 8; ++port) ids.push_back(s.established(port));
  int ended = 0;
  s.on_event = [&](const Event& event) {
    if (event.has(Event::kClosed)) ++ended;
    for (const auto id : ids) (void)s.stack().abort(id);
  };
  s.inject(Rst());
  s.forget();
  EXPECT_EQ(ended, 8);
  EXPECT_EQ(s.audit().live, 0u);
  EXPECT_EQ(s.count(Count::reaped), 8u);
}

// "memset before unlink truncates the list"
TEST(TcpHazardLifetimeTest, RemovalFromTheMiddleOfEveryListKeepsTheRest) {
  Script s;
  std::vector<ConnectionId> ids;
  for (std::uint16_t port = 1; port <= 8; ++port) ids.push_back(s.established(port));
  const std::size_t first = s.speaking_for() - 7;
  std::vector<Bytes> frames;
  for (std::size_t i = 0; i < 8; ++i)
    frames.push_back(from_peer(s, first + i, Data("in").seq(1).ack(1)));
  int readable = 0;
  s.on_event = [&](const Event& event) {
    if (event.has(Event::kReadable) && !event.has(Event::kClosed)) ++readable;
    // The first event ends a connection in the middle of every list.
    if (event.connection == ids[0]) {
      EXPECT_EQ(s.stack().abort(ids[4]), Error::kOk);
    }
    (void)s.stack().send(event.connection, std::as_bytes(std::span("out", 3)));
  };
  s.inject_frames(frames);
  EXPECT_EQ(readable, 7);
  int data = 0, resets = 0;
  for (const WireSegment& sent : s.take_frames()) {
    data += sent.data == "out" ? 1 : 0;
    resets += (sent.flags & kRst) != 0 ? 1 : 0;
  }
  EXPECT_EQ(data, 7);
  EXPECT_EQ(resets, 1);
  EXPECT_EQ(s.audit().live, 7u);
  // The other connections' timers still run.
  s.advance(1100ms);
  data = 0;
  for (const WireSegment& sent : s.take_frames()) data += sent.data == "out" ? 1 : 0;
  EXPECT_EQ(data, 7) << "sent again";
}

// "a timer loop that never advances when the last one matches"
TEST(TcpHazardLifetimeTest, TimersWithTheSameDeadlineExpireTogether) {
  Script s;
  std::vector<ConnectionId> ids;
  for (std::uint16_t port = 1; port <= 8; ++port) {
    ids.push_back(s.connect(port, 500ms));
    s.expect(Syn());
  }
  s.advance(510ms);  // fails when next_deadline() does not advance
  for (const auto id : ids) s.expect_ended(id, CloseReason::kTimedOut);
  s.advance(10s);  // until the address has been announced
  EXPECT_EQ(s.stack().next_deadline(), kNever);
}

// "an entry whose next is itself"
TEST(TcpHazardLifetimeTest, AConnectionIsOnAListOnce) {
  Script s;
  const auto id = s.established();
  int events = 0;
  s.on_event = [&](const Event&) { ++events; };
  const auto text = std::as_bytes(std::span("a", 1));
  // Dirty by two calls, three segments and a timer; events by three segments.
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(s.stack().send(id, text));
  s.inject({Data("b"), Data("c"), Data("d")});
  EXPECT_EQ(events, 1);
  std::string sent;
  for (const Segment& segment : s.take_all()) sent += segment.data;
  EXPECT_EQ(sent, "aa");
  EXPECT_EQ(s.receive(id), "bcd");
  s.advance(1100ms);
  s.skip();
  s.inject(Ack());
  s.expect_nothing_for(1h);
}

// "the listener keeps a pointer to a child that has gone"
TEST(TcpHazardLifetimeTest, AChildThatDiesInTheAcceptQueueLeavesIt) {
  Script s;
  const auto listener = s.listen(7);
  s.handshake(40000, 7);
  s.inject(Rst());
  s.expect_nothing();
  EXPECT_EQ(s.count(Count::ended_reset), 1u);
  EXPECT_EQ(s.stack().accept(listener).error(), Error::kNoSuchId) << "it is gone from the queue";
  s.turn();
  EXPECT_EQ(s.audit().live, 0u) << "nobody has its id, so nobody need be told";
}

// "a child outlives its closed listener"
TEST(TcpHazardLifetimeTest, AListenerClosedWithChildrenInEveryStage) {
  Script s;
  const auto listener = s.listen(7);
  const auto accepted = s.accepted(listener, 40000, 7);
  const std::size_t first = s.speaking_for();
  s.handshake(40001, 7);
  const std::size_t waiting = s.speaking_for();
  s.peer(40002, 7);
  s.inject(Syn());
  s.expect(SynAck());
  const std::size_t half_open = s.speaking_for();

  s.speak_for(waiting);
  EXPECT_EQ(s.unlisten(listener), Error::kOk);
  EXPECT_EQ(s.take_all().size(), 1u) << "the one that waits for accept() is reset";
  EXPECT_EQ(s.audit().listeners, 0u);
  EXPECT_EQ(s.audit().half_open, 0u);
  EXPECT_EQ(s.audit().live, 1u);
  EXPECT_EQ(s.count(Count::half_open_dropped), 1u);
  EXPECT_EQ(s.unlisten(listener), Error::kNoSuchId);
  EXPECT_EQ(s.stack().accept(listener).error(), Error::kNoSuchId);

  s.speak_for(half_open);
  s.inject(Ack());
  s.expect(Rst().seq(1));
  s.speak_for(first);
  s.inject(Data("still here"));
  s.expect(Ack());
  EXPECT_EQ(s.receive(accepted), "still here");
}

// "eviction at the cap inside accept corrupts the list, or kills a live connection."
TEST(TcpHazardLifetimeTest, AFullTableDropsTheFinalAckOnly) {
  Capacities capacities = small_capacities();
  capacities.connections = 1;
  Script s(capacities);
  const auto listener = s.listen(7);
  const auto id = s.accepted(listener, 40000, 7);
  const std::size_t first = s.speaking_for();
  s.peer(40001, 7);
  s.inject(Syn());
  s.expect(SynAck());
  s.inject(Ack());
  s.expect_nothing();
  EXPECT_EQ(s.count(Count::drop_segment_no_slot), 1u);
  s.expect_state(id, State::kEstablished);
  const std::size_t second = s.speaking_for();
  s.speak_for(first);
  EXPECT_EQ(s.abort(id), Error::kOk);
  s.skip();
  s.expect_ended(id, CloseReason::kAborted);
  s.speak_for(second);
  s.expect_after(1s, SynAck());
  s.inject(Ack());
  (void)s.accept(listener);
}

TEST(TcpHazardLifetimeTest, EvictionsInTheTurnOfAnAcceptEndNoConnection) {
  Capacities capacities = small_capacities();
  capacities.time_wait = 1;
  Script s(capacities);
  const auto listener = s.listen(7);
  const auto lives = s.accepted(listener, 40000, 7);
  const std::size_t living = s.speaking_for();
  std::vector<ConnectionId> closed;
  for (std::uint16_t port = 40001; port <= 40003; ++port) {
    closed.push_back(s.accepted(listener, port, 7));
    EXPECT_EQ(s.close(closed.back()), Error::kOk);
    s.expect(Fin().seq(1));
  }
  s.peer(40004, 7);
  s.inject(Syn());
  s.expect(SynAck());
  ConnectionId newest;
  s.on_event = [&](const Event& event) {
    if (!event.has(Event::kAcceptable)) return;
    const auto id = s.stack().accept(event.listener);
    EXPECT_TRUE(id);
    newest = *id;
  };
  // Three enter TIME-WAIT, where there is room for one, around the last ACK of a handshake.
  s.inject_frames({from_peer(s, living + 1, Fin().seq(1).ack(2)),
                   from_peer(s, living + 2, Fin().seq(1).ack(2)),
                   from_peer(s, living + 4, Ack().seq(1).ack(1)),
                   from_peer(s, living + 3, Fin().seq(1).ack(2))});
  s.forget();
  EXPECT_EQ(s.count(Count::time_wait_evicted), 2u);
  EXPECT_EQ(s.audit().time_wait, 1u);
  for (const auto id : closed) s.expect_ended(id, CloseReason::kClosed);
  s.expect_state(newest, State::kEstablished);
  s.speak_for(living);
  s.inject(Data("still here"));
  s.skip();
  EXPECT_EQ(s.receive(lives), "still here");
}

// "a handshake that never completes leaks its backlog slot; after N of them the listener answers
// RST for ever."
TEST(TcpHazardLifetimeTest, UnfinishedHandshakesFreeTheirPlaces) {
  Script s;
  const auto listener = s.listen(7, 128, 2);
  for (std::uint16_t round = 0; round < 5; ++round) {
    for (std::uint16_t i = 0; i < 2; ++i) {
      s.peer(static_cast<std::uint16_t>(40000 + round * 2 + i), 7);
      s.inject(Syn());
      s.expect(SynAck());
    }
    s.peer(50000, 7);
    s.inject(Syn());
    s.expect_nothing();
    s.advance(70s);
    s.forget();  // SYN-ACKs, again and again
  }
  EXPECT_EQ(s.count(Count::drop_segment_syn_backlog), 5u);
  EXPECT_EQ(s.count(Count::half_open_timed_out), 10u);
  s.handshake(60000, 7);
  EXPECT_TRUE(s.acceptable(listener));
}

// "connect with a four-tuple that already exists, silently not inserted."
TEST(TcpHazardLifetimeTest, ConnectWithAFourTupleThatExistsIsInUse) {
  Script s;
  ConnectRequest request;
  request.remote = {kPeerAddress, Port{80}};
  request.local_port = Port{5000};
  (void)s.connect(request);
  s.expect(Syn());
  EXPECT_EQ(s.stack().connect(request).error(), Error::kAddressInUse);
  request.remote.port = Port{81};
  EXPECT_TRUE(s.stack().connect(request)) << "the same port towards another is another four-tuple";
  s.turn();
  s.speak_for(s.peer(81, 5000));
  s.expect(Syn());
}

TEST(TcpHazardLifetimeTest, ConnectWithTheFourTupleOfAHandshakeUnderWayIsInUse) {
  Script s;
  (void)s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn());
  s.expect(SynAck());
  ConnectRequest request;
  request.remote = {kPeerAddress, Port{40000}};
  request.local_port = Port{7};
  EXPECT_EQ(s.stack().connect(request).error(), Error::kAddressInUse);
  s.inject(Ack());
  EXPECT_EQ(s.stack().connect(request).error(), Error::kAddressInUse)
      << "nor that of a connection not accepted yet";
  EXPECT_EQ(s.audit().live, 1u);
}

// "a stale handle that names the next connection in the same slot."
TEST(TcpHazardLifetimeTest, AStaleIdFindsNothingAfterTheSlotIsReused) {
  Capacities capacities = small_capacities();
  capacities.connections = 1;
  Script s(capacities);
  const auto first = s.established();
  (void)s.abort(first);
  s.skip();
  s.expect_ended(first, CloseReason::kAborted);
  const auto second = s.established();
  EXPECT_EQ(second.slot, first.slot);
  EXPECT_NE(second.generation, first.generation);
  EXPECT_EQ(s.stack().close(first), Error::kNoSuchId);
  EXPECT_EQ(s.stack().abort(first), Error::kNoSuchId);
  s.turn();
  s.expect_nothing();
  s.expect_state(second, State::kEstablished);
}

TEST(TcpHazardLifetimeTest, AStaleIdOfAListenerFindsNothing) {
  Capacities capacities = small_capacities();
  capacities.listeners = 1;
  Script s(capacities);
  const auto first = s.listen(7);
  EXPECT_EQ(s.unlisten(first), Error::kOk);
  const auto second = s.listen(8);
  EXPECT_EQ(second.slot, first.slot);
  s.handshake(40000, 8);
  EXPECT_EQ(s.stack().accept(first).error(), Error::kNoSuchId);
  EXPECT_EQ(s.unlisten(first), Error::kNoSuchId);
  (void)s.accept(second);
}

// "RST in SYN-SENT leaves connect() hanging."
TEST(TcpHazardLifetimeTest, ARstInSynSentEndsTheOpen) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn());
  s.inject(RstAck().seq(0).ack(1));
  s.expect_ended(id, CloseReason::kRefused);
  s.expect_nothing_for(10s);
  EXPECT_EQ(s.count(Count::ended_refused), 1u);
}

// "Endless RST <-> ACK ping-pong."
TEST(TcpHazardLifetimeTest, AnswersToOldSegmentsDoNotLoop) {
  // Two ends that each take the other's segments for wrong answer ACK with ACK for ever, if both
  // always answer.
  Script s;
  (void)s.established();
  for (int i = 0; i < 1000; ++i) s.inject(Ack().seq(0xfff00000));
  EXPECT_LE(s.take_all().size(), 10u);
}

TEST(TcpHazardLifetimeTest, AResetIsNeverAnswered) {
  using matrix::Start;
  for (unsigned start = 0; start < static_cast<unsigned>(Start::kCount); ++start) {
    if (static_cast<Start>(start) == Start::kDestroy) continue;  // sends a final RST of its own
    for (const std::uint8_t flags :
         {std::uint8_t{kRst}, std::uint8_t{kRst | kAck}, std::uint8_t{kRst | kSyn}}) {
      matrix::Stage stage(static_cast<Start>(start));
      SCOPED_TRACE(matrix::name_of(static_cast<Start>(start)));
      WireSegment reset =
          stage.segment(matrix::Kind::kRst, matrix::Place::kLeft, matrix::Ack::kNxt);
      reset.flags = flags;
      reset.ack = (flags & kAck) != 0 ? stage.snd_nxt : 0;
      for (const WireSegment& answer : stage.arrives(reset))
        ADD_FAILURE() << "answered with flags " << int{answer.flags};
    }
  }
}

// "A listener that answers another connection's RST."
TEST(TcpHazardLifetimeTest, AListenerDoesNotAnswerTheResetOfAConnectionThatHasGone) {
  Script s;
  const auto listener = s.listen(7);
  const auto id = s.accepted(listener, 40000, 7);
  (void)s.abort(id);
  s.skip();
  s.inject(Rst().seq(1));
  s.inject(RstAck().seq(1).ack(1));
  s.expect_nothing_for(10s);
  EXPECT_EQ(s.count(Count::drop_segment_reset), 2u);
  EXPECT_FALSE(s.acceptable(listener));
  EXPECT_EQ(s.audit().half_open, 0u);
}

// "open-then-close leaks"
TEST(TcpHazardLifetimeTest, ThousandsOfCyclesLeaveNothingBehind) {
  Capacities capacities = small_capacities();
  capacities.connections = 2;
  Script s(capacities);
  for (int i = 0; i < 2000; ++i) {
    const auto id = s.established();
    if (i % 3 == 0) {
      (void)s.abort(id);
    } else {
      (void)s.close(id);
      s.skip();
      s.inject(i % 3 == 1 ? Fin() : Rst());
    }
    s.skip();
    s.advance(1ms);
  }
  EXPECT_EQ(s.count(Count::reaped), 2000u);
  EXPECT_EQ(s.audit().opened, 2000u);
  EXPECT_EQ(s.audit().chunks_held, 0u);
}

// "a connection on no timer list": where a silent peer would keep it for ever.
TEST(TcpHazardLifetimeTest, EveryStateThatWaitsForThePeerHasADeadline) {
  using matrix::Start;
  for (const Start start :
       {Start::kSynSent, Start::kHalfOpen, Start::kSynReceived, Start::kEstablished,
        Start::kFinWait1, Start::kFinWait2, Start::kCloseWait, Start::kClosing, Start::kLastAck,
        Start::kTimeWait, Start::kTimeWaitListened}) {
    SCOPED_TRACE(matrix::name_of(start));
    matrix::Stage stage(start);
    Script& s = stage.script();
    EXPECT_NE(s.stack().next_deadline(), kNever);
    s.advance(1h);
    s.forget();
    EXPECT_EQ(s.audit().live, 0u);
    EXPECT_EQ(s.audit().half_open, 0u);
    EXPECT_EQ(s.audit().time_wait, 0u);
    EXPECT_EQ(s.stack().next_deadline(), kNever);
  }
}

// "a stream accepted twice"
TEST(TcpHazardLifetimeTest, AConnectionIsAcceptedOnce) {
  Script s;
  const auto listener = s.listen(7);
  s.handshake(40000, 7);
  s.inject(Ack());  // the last ACK of the handshake again
  EXPECT_TRUE(s.acceptable(listener));
  const auto id = s.accept(listener);
  EXPECT_EQ(s.stack().accept(listener).error(), Error::kNoSuchId);
  s.inject(Ack());
  s.inject(Data("x"));
  s.skip();
  EXPECT_FALSE(s.acceptable(listener));
  EXPECT_EQ(s.count(Count::opened_passive), 1u);
  s.expect_state(id, State::kEstablished);
}

// "close while a neighbour is being resolved."
TEST(TcpHazardLifetimeTest, CloseWhileTheNeighbourIsBeingResolved) {
  for (const bool abort : {false, true}) {
    Script s;
    ConnectRequest request;
    request.remote = {kPeerAddress, Port{80}};
    request.local_port = Port{5000};
    const auto id = s.stack().connect(request);
    ASSERT_TRUE(id);
    s.stack().output();  // the SYN waits for ARP
    EXPECT_EQ(abort ? s.stack().abort(*id) : s.stack().close(*id), Error::kOk);
    s.peer(80, 5000);
    s.turn();  // and the reply arrives
    s.expect_ended(*id, CloseReason::kAborted);
    s.skip();
    s.inject(SynAck().ack(1));
    s.expect(Rst());
    s.expect_nothing_for(1h);
    EXPECT_EQ(s.audit().live, 0u);
    EXPECT_EQ(s.audit().chunks_held, 0u);
  }
}

}  // namespace
}  // namespace conker::test
