// A listener and its children: places in its queues are given back, whatever becomes of a child;
// unlisten is possible at any time (RFC 9293, 3.10.2 and 3.10.7.2).
#include <string>
#include <vector>

#include "stack/tcp/tcp.hpp"
#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

// ---- Places in the accept queue are given back ----

class TcpBacklogTest : public ::testing::Test {
 protected:
  /// A connection that waits for accept() in the queue's only place.
  void wait() {
    s_.handshake(port_++, 7);
    EXPECT_TRUE(s_.acceptable(listener_));
  }
  void expect_full() {
    const std::size_t before = s_.speaking_for();
    const std::uint64_t dropped = s_.count(Count::drop_segment_accept_queue);
    s_.peer(port_++, 7);
    s_.inject(Syn());
    s_.expect(SynAck());
    s_.inject(Ack());
    s_.expect_nothing();
    EXPECT_EQ(s_.count(Count::drop_segment_accept_queue), dropped + 1);
    s_.inject(Rst());  // so that its record ends
    EXPECT_EQ(s_.audit().half_open, 0u);
    s_.speak_for(before);
  }

  Script s_;
  const ListenerId listener_ = s_.listen(7, 1);
  std::uint16_t port_ = 40000;
};

TEST_F(TcpBacklogTest, FreedByAccept) {
  for (int i = 0; i < 20; ++i) {
    wait();
    expect_full();
    const auto id = s_.accept(listener_);
    (void)s_.abort(id);
    s_.skip();
  }
}

TEST_F(TcpBacklogTest, FreedByThePeersReset) {
  for (int i = 0; i < 20; ++i) {
    wait();
    expect_full();
    s_.inject(Rst());
  }
  EXPECT_EQ(s_.count(Count::ended_reset), 20u);
}

TEST_F(TcpBacklogTest, FreedByATimeout) {
  // Data cannot be sent before accept(), so only keepalive can detect the loss of the peer.
  EXPECT_EQ(s_.unlisten(listener_), Error::kOk);
  ListenRequest request;
  request.local.port = Port{7};
  request.backlog = 1;
  request.keepalive = Keepalive{.idle = 1s, .interval = 1s, .count = 2};
  const auto listener = s_.stack().listen(request);
  ASSERT_TRUE(listener);
  for (int i = 0; i < 5; ++i) {
    s_.handshake(port_++, 7);
    EXPECT_TRUE(s_.acceptable(*listener));
    s_.advance(4s);
    s_.skip();
    EXPECT_EQ(s_.audit().live, 0u);
  }
}

TEST_F(TcpBacklogTest, FreedByACloseBeforeAccept) {
  wait();
  ConnectionId found;
  s_.stack().tcp().for_each_connection([&](const ConnectionInfo& info) { found = info.id; });
  EXPECT_EQ(s_.close(found), Error::kOk);
  s_.expect(Fin());
  EXPECT_EQ(s_.stack().accept(listener_).error(), Error::kNoSuchId);
  wait();
  (void)s_.accept(listener_);
}

TEST_F(TcpBacklogTest, AConnectionClosedByItsPeerCanBeAccepted) {
  wait();
  s_.inject(Fin().carrying("bye"));
  s_.expect(Ack());
  expect_full();
  const auto id = s_.accept(listener_);
  s_.expect_events(id, Event::kReadable | Event::kPeerClosed);
  EXPECT_EQ(s_.receive(id), "bye");
}

TEST_F(TcpBacklogTest, DataCompletesAHandshakeWhoseFinalAckWasDropped) {
  wait();
  s_.peer(port_++, 7);
  s_.inject(Syn());
  s_.expect(SynAck());
  s_.inject(Data("early"));  // no room: neither the ACK nor the data was received
  s_.expect_nothing();
  const auto first = s_.accept(listener_);
  s_.inject(Data("early").seq(1));
  s_.expect(Ack().ack(6));
  EXPECT_EQ(s_.receive(s_.accept(listener_)), "early");
  s_.expect_state(first, State::kEstablished);
}

// ---- Places of half-open records are given back ----

TEST(TcpHalfOpenPlacesTest, FreedByEachEndOfAHandshake) {
  Script s;
  const auto listener = s.listen(7, 128, 1);
  std::uint16_t port = 40000;
  const auto begin = [&] {
    s.peer(port++, 7);
    s.inject(Syn());
    s.expect(SynAck());
    EXPECT_EQ(s.audit().half_open, 1u);
  };
  for (int i = 0; i < 10; ++i) {
    begin();
    s.inject(Rst());  // the peer aborts the handshake
    begin();
    s.inject(Ack());  // the handshake completes
    (void)s.abort(s.accept(listener));
    s.skip();
    begin();
    s.advance(70s);  // the SYN-ACK is not answered
    s.skip();
    EXPECT_EQ(s.audit().half_open, 0u);
  }
  EXPECT_EQ(s.count(Count::half_open_created), 30u);
}

// ---- Unlisten, with a child in each stage ----

TEST(TcpUnlistenTest, EndsAHandshakeWithARetransmittedSynAck) {
  Script s;
  const auto listener = s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn());
  s.expect(SynAck());
  s.expect_after(1s, SynAck());
  EXPECT_EQ(s.unlisten(listener), Error::kOk);
  s.expect_nothing_for(100s);
  EXPECT_EQ(s.count(Count::half_open_dropped), 1u);
  s.inject(Ack());
  s.expect(Rst().seq(1));
}

TEST(TcpUnlistenTest, ResetsAWaitingConnectionWithUnreadDataAndAFin) {
  Script s;
  const auto listener = s.listen(7);
  s.handshake(40000, 7);
  s.inject(Fin().carrying("unread"));
  s.expect(Ack());
  EXPECT_EQ(s.unlisten(listener), Error::kOk);
  s.expect(RstAck());
  EXPECT_EQ(s.audit().live, 0u);
  EXPECT_EQ(s.audit().chunks_held, 0u);
  EXPECT_EQ(s.count(Count::ended_aborted), 1u);
}

TEST(TcpUnlistenTest, AcceptedConnectionsInEveryStateContinue) {
  Script s;
  const auto listener = s.listen(7);
  std::vector<ConnectionId> ids;
  std::vector<std::size_t> flows;
  for (std::uint16_t i = 0; i < 6; ++i) {
    ids.push_back(s.accepted(listener, static_cast<std::uint16_t>(40000 + i), 7));
    flows.push_back(s.speaking_for());
  }
  const auto as = [&](std::size_t i) {
    s.speak_for(flows[i]);
    return ids[i];
  };
  (void)s.close(as(1));  // FIN-WAIT-1
  s.expect(Fin());
  (void)s.shutdown(as(2));  // FIN-WAIT-2
  s.expect(Fin());
  s.inject(Ack());
  (void)as(3);
  s.inject(Fin());  // CLOSE-WAIT
  s.expect(Ack());
  (void)as(4);
  s.inject(Fin());  // LAST-ACK
  s.expect(Ack());
  (void)s.close(ids[4]);
  s.expect(Fin());
  (void)s.close(as(5));  // CLOSING
  s.expect(Fin());
  s.inject(Fin().ack(1));
  s.expect(Ack());

  EXPECT_EQ(s.unlisten(listener), Error::kOk);
  s.expect_nothing();
  EXPECT_EQ(s.audit().listeners, 0u);

  (void)as(0);
  s.inject(Data("on"));
  s.expect(Ack());
  EXPECT_EQ(s.receive(ids[0]), "on");
  (void)as(1);
  s.inject(Fin());
  s.expect(Ack());
  s.expect_ended(ids[1], CloseReason::kClosed);
  (void)as(2);
  s.inject(Data("still"));
  s.expect(Ack());
  EXPECT_EQ(s.receive(ids[2]), "still");
  (void)as(3);
  EXPECT_EQ(s.send(ids[3], "last"), 4u);
  s.expect(Data("last"));
  s.inject(Ack());
  (void)as(4);
  s.inject(Ack());
  s.expect_ended(ids[4], CloseReason::kClosed);
  (void)as(5);
  s.inject(Ack());
  s.expect_ended(ids[5], CloseReason::kClosed);
  // A new listener on the port has no part in the old one's children.
  const auto again = s.listen(7);
  s.handshake(41000, 7);
  EXPECT_TRUE(s.acceptable(again));
  EXPECT_EQ(s.stack().accept(listener).error(), Error::kNoSuchId);
}

TEST(TcpUnlistenTest, TimeWaitRecordsStay) {
  Script s;
  const auto listener = s.listen(7);
  const auto id = s.accepted(listener, 40000, 7);
  (void)s.close(id);
  s.expect(Fin());
  s.inject(Fin());
  s.expect(Ack());
  EXPECT_EQ(s.unlisten(listener), Error::kOk);
  EXPECT_EQ(s.audit().time_wait, 1u);
  s.inject(Fin().seq(1));
  s.expect(Ack().ack(2));
  s.inject(Syn().seq(1000));  // there is no listener any more
  s.skip();
  EXPECT_EQ(s.audit().half_open, 0u);
}

TEST(TcpUnlistenTest, WhileItsEventsAreDrained) {
  Script s;
  const auto listener = s.listen(7);
  s.on_event = [&](const Event& event) {
    if (event.has(Event::kAcceptable)) {
      EXPECT_EQ(s.stack().unlisten(event.listener), Error::kOk);
    }
  };
  s.handshake(40000, 7);
  s.expect(RstAck());
  EXPECT_EQ(s.audit().live, 0u);
  EXPECT_EQ(s.unlisten(listener), Error::kNoSuchId);
}

}  // namespace
}  // namespace conker::test
