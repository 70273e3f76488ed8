// Reuse of a four-tuple in TIME-WAIT (RFC 6191; RFC 9293, 3.6.1): by the peer's SYN and by an
// active open.
#include <map>

#include "stack/strike/strike.hpp"
#include "tests/unit/script.hpp"
#include "tests/unit/two_ends.hpp"

namespace conker::test {
namespace {

ConnectRequest from_port(std::uint16_t local_port) {
  ConnectRequest request;
  request.remote = {kPeerAddress, Port{80}};
  request.local_port = Port{local_port};
  return request;
}

/// A connection with timestamps that the stack opened and closed; the peer's TSval is `clock`.
void close_actively(Script& s, std::uint32_t clock) {
  const auto id = s.connect(from_port(5000));
  s.expect(Syn());
  s.flow().timestamp = clock;
  s.inject(SynAck());
  s.expect(Ack());
  (void)s.close(id);
  s.expect(Fin());
  s.inject(Fin());
  s.expect(Ack());
  s.expect_ended(id, CloseReason::kClosed);
}

class TcpReopenTest : public ::testing::Test {
 protected:
  /// A connection to port 7 that the stack closed first; with timestamps if a clock is given.
  void close_passively(std::optional<std::uint32_t> clock) {
    s_.peer(40000, 7);
    s_.flow().timestamp = clock;
    s_.inject(Syn());
    s_.expect(SynAck().seq(0).ack(1));
    s_.inject(Ack());
    const auto id = s_.accept(listener_);
    (void)s_.close(id);
    s_.expect(Fin());
    s_.inject(Fin());
    s_.expect(Ack());
    s_.expect_ended(id, CloseReason::kClosed);
    EXPECT_EQ(s_.audit().time_wait, 1u);
    s_.flow().timestamp.reset();
  }
  bool reopens(const Segment& syn) {
    s_.inject(syn);
    const auto answer = s_.take_all();
    EXPECT_EQ(answer.size(), 1u);
    const bool opened = answer.at(0).flags == (kSyn | kAck);
    EXPECT_EQ(s_.audit().time_wait, 1u)
        << "the record stays until the handshake is done (RFC 9293, 3.6.1)";
    EXPECT_EQ(s_.audit().half_open, opened ? 1u : 0u);
    return opened;
  }

  Script s_;
  const ListenerId listener_ = s_.listen(7);
};

// The peer's sequence numbers go up to 2. The cases of RFC 6191, 2.

TEST_F(TcpReopenTest, ANewerTimestampReopensWithAnySequenceNumber) {
  close_passively(1000);
  EXPECT_TRUE(reopens(Syn().seq(0xffff0000).ts(1001, 0)));
}

TEST_F(TcpReopenTest, TheSameTimestampReopensWithAHigherSequenceNumber) {
  close_passively(1000);
  EXPECT_TRUE(reopens(Syn().seq(3).ts(1000, 0)));
}

TEST_F(TcpReopenTest, TheSameTimestampDoesNotReopenWithALowerSequenceNumber) {
  close_passively(1000);
  EXPECT_FALSE(reopens(Syn().seq(2).ts(1000, 0)));
}

TEST_F(TcpReopenTest, AnOlderTimestampDoesNotReopenWithAnySequenceNumber) {
  close_passively(1000);
  EXPECT_FALSE(reopens(Syn().seq(100'000).ts(999, 0)));
}

TEST_F(TcpReopenTest, WithoutTimestampsTheSequenceNumberDecides) {
  close_passively(1000);
  EXPECT_FALSE(reopens(Syn().seq(1)));
  EXPECT_TRUE(reopens(Syn().seq(3)));
}

TEST_F(TcpReopenTest, TimestampsInTheNewConnectionOnlyReopen) {
  close_passively(std::nullopt);
  EXPECT_TRUE(reopens(Syn().seq(0xffff0000).ts(1, 0)));
}

TEST_F(TcpReopenTest, TimestampsInNeitherConnectionLeaveItToTheSequenceNumber) {
  close_passively(std::nullopt);
  EXPECT_FALSE(reopens(Syn().seq(2)));
  EXPECT_TRUE(reopens(Syn().seq(3)));
}

TEST_F(TcpReopenTest, TheNewIssIsBeyondTheOldSequenceNumbers) {
  close_passively(1000);
  const std::uint32_t last = *s_.flow().iss + 2;
  EXPECT_TRUE(reopens(Syn().seq(5).ts(1001, 0)));
  EXPECT_GT(static_cast<std::int32_t>(*s_.flow().iss - last), 0) << "RFC 1122, 4.2.2.13";
}

// ---- The SYN turns out to be old (RFC 9293, 3.6.1, MAY-2) ----

TEST_F(TcpReopenTest, AResetOfTheHandshakeKeepsTheRecord) {
  close_passively(1000);
  EXPECT_TRUE(reopens(Syn().seq(5).ts(1001, 0)));
  s_.inject(Rst().seq(6));  // the peer has no such handshake
  EXPECT_EQ(s_.audit().half_open, 0u);
  EXPECT_EQ(s_.audit().time_wait, 1u);
  EXPECT_EQ(s_.count(Count::time_wait_reused), 0u);
  s_.expect_nothing_for(59s);
  EXPECT_EQ(s_.audit().time_wait, 1u);
  s_.expect_nothing_for(2s);
  EXPECT_EQ(s_.audit().time_wait, 0u) << "its time runs on as if nothing had been";
}

TEST_F(TcpReopenTest, ATimeoutOfTheHandshakeOrUnlistenKeepsTheRecord) {
  close_passively(std::nullopt);
  EXPECT_TRUE(reopens(Syn().seq(5)));
  EXPECT_EQ(s_.unlisten(listener_), Error::kOk);
  EXPECT_EQ(s_.audit().half_open, 0u);
  EXPECT_EQ(s_.audit().time_wait, 1u);
  s_.skip();
}

TEST_F(TcpReopenTest, ASegmentOfTheOldConnectionIsAnsweredFromTheRecord) {
  close_passively(std::nullopt);
  const std::uint32_t iss = *s_.flow().iss;
  EXPECT_TRUE(reopens(Syn().seq(100'000)));  // forged: the peer never received the last ACK
  s_.flow().iss = iss;
  s_.inject(Fin().seq(1).ack(2));
  s_.expect(Ack().seq(2).ack(2));
  EXPECT_EQ(s_.audit().half_open, 1u);
  EXPECT_EQ(s_.audit().time_wait, 1u);
}

TEST_F(TcpReopenTest, AnotherSynInTheWindowReopens) {
  close_passively(std::nullopt);
  const std::uint32_t last = *s_.flow().iss + 2;
  EXPECT_TRUE(reopens(Syn().seq(100'000)));
  EXPECT_TRUE(reopens(Syn().seq(100'005)));  // back to LISTEN, with the record still there
  EXPECT_EQ(s_.count(Count::half_open_replaced), 1u);
  EXPECT_GT(static_cast<std::int32_t>(*s_.flow().iss - last), 0) << "RFC 1122, 4.2.2.13";
  s_.inject(Ack().seq(100'006).ack(1));
  EXPECT_EQ(s_.count(Count::opened_passive), 2u);
  EXPECT_EQ(s_.audit().time_wait, 0u);
}

TEST_F(TcpReopenTest, TheRecordEndsWithTheHandshake) {
  close_passively(1000);
  EXPECT_TRUE(reopens(Syn().seq(5).ts(1001, 0)));
  s_.inject(Ack().seq(6).ack(1).ts(1002, 0));
  EXPECT_EQ(s_.audit().time_wait, 0u);
  EXPECT_EQ(s_.count(Count::time_wait_reused), 1u);
  EXPECT_EQ(s_.count(Count::opened_passive), 2u);
}

TEST_F(TcpReopenTest, ASynWithoutRoomKeepsTheRecord) {
  ASSERT_EQ(s_.unlisten(listener_), Error::kOk);
  const auto narrow = s_.listen(7, 8, 1);
  s_.peer(40000, 7);
  s_.inject(Syn());
  s_.expect(SynAck());
  s_.inject(Ack());
  const auto id = s_.accept(narrow);
  (void)s_.close(id);
  s_.expect(Fin());
  s_.inject(Fin());
  s_.expect(Ack());
  const std::size_t closed = s_.speaking_for();
  s_.peer(40001, 7);
  s_.inject(Syn());
  s_.expect(SynAck());
  s_.speak_for(closed);
  s_.inject(Syn().seq(100));
  s_.expect_nothing();
  EXPECT_EQ(s_.count(Count::drop_segment_syn_backlog), 1u);
  EXPECT_EQ(s_.audit().time_wait, 1u);
}

// ---- An active open ----

TEST(TcpReopenOurselvesTest, NotBeforeTheTimestampHasAdvanced) {
  Script s;
  close_actively(s, 1000);
  EXPECT_EQ(s.stack().connect(from_port(5000)).error(), Error::kAddressInUse);
  s.advance(3ms);
  const auto id = s.connect(from_port(5000));
  s.expect(Syn());
  EXPECT_EQ(s.count(Count::time_wait_reused), 1u);
  s.inject(SynAck());
  s.expect(Ack());
  s.expect_state(id, State::kEstablished);
}

TEST(TcpReopenOurselvesTest, AnAnswerToAnOldFinCountsAsSent) {
  Script s;
  close_actively(s, 1000);
  s.advance(10s);
  s.inject(Fin().seq(1));
  s.expect(Ack().ack(2));
  EXPECT_EQ(s.stack().connect(from_port(5000)).error(), Error::kAddressInUse);
  s.advance(3ms);
  (void)s.connect(from_port(5000));
  s.expect(Syn());
}

TEST(TcpReopenOurselvesTest, PortsWhoseTimestampHasNotAdvancedAreSkipped) {
  Settings settings = plain_settings();
  settings.first_port = settings.last_port = Port{5000};
  Script s(small_capacities(), settings);
  close_actively(s, 1000);
  ConnectRequest any;
  any.remote = {kPeerAddress, Port{80}};
  EXPECT_EQ(s.stack().connect(any).error(), Error::kNoFreePort);
  EXPECT_EQ(s.count(Count::ports_exhausted), 1u);
  s.advance(3ms);
  EXPECT_TRUE(s.stack().connect(any));
  s.turn();
  s.forget();
}

// ---- A fast loop on few four-tuples between two stacks, for minutes ----

class TcpFewTuplesTest : public ::testing::TestWithParam<bool> {};

TEST_P(TcpFewTuplesTest, FewFourTuplesCycleAtFullRate) {
  Settings settings;
  settings.first_port = Port{2000};
  settings.last_port = Port{2015};
  settings.timestamps = GetParam();
  const Capacities capacities{.connections = 64,
                              .half_open = 64,
                              .time_wait = 64,
                              .listeners = 1,
                              .neighbours = 4,
                              .addresses = 1,
                              .interfaces = 1,
                              .chunks = 64,
                              .chunk_bytes = 2048,
                              .transitions = 64};
  Wire wire(capacities, settings, {.delay = 2ms});
  wire.audit_every = 997;
  End &left = wire.left(), &right = wire.right();
  std::vector<Strike::Slot> slots(64);
  Strike strike(left.stack(), slots, ClientId{1});
  left.on_event = [&](const Event& event) { strike.on_event(event); };
  left.on_turn = [&] { strike.step(); };
  left.deadline = [&] { return strike.next_deadline(); };
  right.on_event = [&](const Event& event) {
    if (event.has(Event::kAcceptable)) {
      while (right.stack().accept(event.listener)) {
      }
    } else if (event.has(Event::kPeerClosed)) {
      (void)right.stack().close(event.connection);
    }
  };
  ListenRequest listen;
  listen.local.port = Port{7};
  ASSERT_TRUE(right.stack().listen(listen));

  StrikeRequest request;
  request.target = {IpAddress::v4(10, 0, 0, 2), Port{7}};
  request.duration = 3min;  // three times TIME-WAIT
  request.concurrency = 4;
  ASSERT_EQ(strike.start(request), Error::kOk);
  std::map<std::int64_t, std::uint64_t> by_minute;
  EXPECT_TRUE(wire.run(
      [&] {
        by_minute[(wire.now() - Instant(1s)) / 1min] = strike.report().completed();
        return !strike.running();
      },
      4min));
  const StrikeReport report = strike.report();
  EXPECT_EQ(report.completed(), report.begun);
  EXPECT_EQ(report.retransmits, 0u);
  const std::uint64_t first = by_minute[0], second = by_minute[1] - first,
                      third = by_minute[2] - by_minute[1];
  EXPECT_GT(first, 20'000u) << "four at a time, 8 ms each";
  EXPECT_GT(second, first * 99 / 100) << "a port is used again long before a minute is over";
  EXPECT_GT(third, first * 99 / 100);
  EXPECT_GT(left.stack().counters()[Count::time_wait_reused], 60'000u);
}

INSTANTIATE_TEST_SUITE_P(With, TcpFewTuplesTest, ::testing::Bool(), [](const auto& timestamps) {
  return timestamps.param ? "Timestamps" : "NumbersOnly";
});

}  // namespace
}  // namespace conker::test
