// TIME-WAIT: records by deadline, with a cap (RFC 9293, 3.4.1, 3.6.1 and 3.10.7.4).
#include "stack/tcp/tcp.hpp"
#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

/// A connection that the stack closed first; the script speaks for its peer.
void make_time_wait(Script& s, const ConnectRequest& request) {
  const auto id = s.connect(request);
  s.expect(Syn());
  s.inject(SynAck());
  s.expect(Ack());
  (void)s.close(id);
  s.expect(Fin().seq(1));
  s.inject(Fin());
  s.expect(Ack().seq(2).ack(2));
  s.expect_ended(id, CloseReason::kClosed);
}

ConnectRequest from_port(std::uint16_t local_port, std::uint16_t port = 80) {
  ConnectRequest request;
  request.remote = {kPeerAddress, Port{port}};
  request.local_port = Port{local_port};
  return request;
}

/// A connection to port 7 that the stack closed first.
void make_passive_time_wait(Script& s, std::uint16_t peer_port) {
  const auto listener = s.listen(7);
  const auto id = s.accepted(listener, peer_port, 7);
  (void)s.close(id);
  s.expect(Fin().seq(1));
  s.inject(Fin());
  s.expect(Ack().seq(2).ack(2));
  s.expect_ended(id, CloseReason::kClosed);
  EXPECT_EQ(s.audit().time_wait, 1u);
}

TEST(TcpTimeWaitTest, LastsAMinute) {
  Script s;
  make_time_wait(s, from_port(5000));
  s.expect_nothing_for(59900ms);
  EXPECT_EQ(s.audit().time_wait, 1u);
  s.expect_nothing_for(110ms);
  EXPECT_EQ(s.audit().time_wait, 0u);
  EXPECT_EQ(s.count(Count::time_wait_expired), 1u);
}

TEST(TcpTimeWaitTest, AsLongAsConfigured) {
  Settings settings = plain_settings();
  settings.time_wait = 2s;
  Script s(small_capacities(), settings);
  make_time_wait(s, from_port(5000));
  s.expect_nothing_for(1990ms);
  EXPECT_EQ(s.audit().time_wait, 1u);
  s.expect_nothing_for(15ms);
  EXPECT_EQ(s.audit().time_wait, 0u);
}

TEST(TcpTimeWaitTest, ARetransmittedFinIsAcknowledgedAndRestartsTheTimeout) {
  Script s;
  make_time_wait(s, from_port(5000));
  s.advance(50s);
  s.inject(Fin().seq(1));
  s.expect(Ack().seq(2).ack(2));
  s.expect_nothing_for(59s);
  EXPECT_EQ(s.audit().time_wait, 1u);
  s.expect_nothing_for(1100ms);
  EXPECT_EQ(s.audit().time_wait, 0u);
}

TEST(TcpTimeWaitTest, AnswersAreRateLimited) {
  Script s;
  make_time_wait(s, from_port(5000));
  std::size_t answers = 0;
  for (int i = 0; i < 340; ++i) {  // a peer that repeats its FIN at every ACK
    s.inject(Fin().seq(1));
    answers += s.take_all().size();
    s.advance(10ms);
  }
  EXPECT_EQ(answers, 7u) << "two a second, the first at once (RFC 9293, 3.10.7.4; RFC 5961, 7)";
  for (int i = 0; i < 100; ++i) s.inject(Data("old").seq(0xfffffff0));
  EXPECT_LE(s.take_all().size(), 1u) << "of whatever kind they are";
  EXPECT_EQ(s.count(Count::answers_withheld),
            340u - 7u + 100u - s.count(Count::challenge_acks_out));
  EXPECT_EQ(s.audit().time_wait, 1u);
}

TEST(TcpTimeWaitTest, OnlyAFinWithAPlausibleAckRestartsTheTimeout) {
  Script s;
  make_time_wait(s, from_port(5000));
  s.advance(50s);
  s.inject(Segment(kFin).seq(1));  // no ACK
  s.skip();
  s.inject(Fin().seq(1).ack(3));  // acknowledges data never sent
  s.skip();
  s.expect_nothing_for(11s);
  EXPECT_EQ(s.audit().time_wait, 0u);
}

TEST(TcpTimeWaitTest, OldDataIsAcknowledgedAndAnAckIsNot) {
  Script s;
  make_time_wait(s, from_port(5000));
  s.inject(Ack());
  s.expect_nothing();  // otherwise two ends in TIME-WAIT would answer each other for ever
  s.inject(Data("old").seq(0xfffffff0));
  s.expect(Ack().seq(2).ack(2));
  EXPECT_EQ(s.audit().time_wait, 1u);
}

TEST(TcpTimeWaitTest, Resets) {
  Script s;
  make_time_wait(s, from_port(5000));
  s.inject(Rst().seq(1));
  s.inject(Rst().seq(0x70000000));
  s.expect_nothing();
  EXPECT_EQ(s.audit().time_wait, 1u) << "only the exact one counts (RFC 5961, 3.2)";
  s.inject(Rst().seq(2));
  s.expect_nothing();
  EXPECT_EQ(s.audit().time_wait, 0u);
  EXPECT_EQ(s.count(Count::time_wait_reset), 1u);
}

TEST(TcpTimeWaitTest, AtTheCapTheOldestIsEvicted) {
  Script s;  // 8 records
  for (std::uint16_t port = 5000; port < 5010; ++port) {
    make_time_wait(s, from_port(port));
    s.advance(10ms);
  }
  EXPECT_EQ(s.audit().time_wait, 8u);
  EXPECT_EQ(s.count(Count::time_wait_evicted), 2u);
  std::vector<std::uint16_t> left;
  s.stack().tcp().for_each_time_wait(
      [&](const TimeWaitInfo& r) { left.push_back(r.tuple.local_port.value); });
  EXPECT_EQ(left, (std::vector<std::uint16_t>{5002, 5003, 5004, 5005, 5006, 5007, 5008, 5009}));
  s.expect_nothing_for(61s);
  EXPECT_EQ(s.audit().time_wait, 0u);
}

TEST(TcpTimeWaitTest, ARestartedRecordIsTheYoungest) {
  Script s;
  make_time_wait(s, from_port(5000));
  const std::size_t first = s.speaking_for();
  for (std::uint16_t port = 5001; port < 5008; ++port) make_time_wait(s, from_port(port));
  s.speak_for(first);
  s.inject(Fin().seq(1));
  s.expect(Ack().ack(2));
  make_time_wait(s, from_port(5008));  // evicts 5001, not 5000
  s.advance(600ms);                    // it answers twice a second
  s.speak_for(first);
  s.inject(Fin().seq(1));
  s.expect(Ack().ack(2));
  EXPECT_EQ(s.count(Count::time_wait_evicted), 1u);
}

TEST(TcpTimeWaitTest, ACapacityOfZero) {
  Capacities capacities = small_capacities();
  capacities.time_wait = 0;
  Script s(capacities);
  make_time_wait(s, from_port(5000));
  EXPECT_EQ(s.audit().time_wait, 0u);
  make_time_wait(s, from_port(5000));
}

TEST(TcpTimeWaitTest, AnOpenFromTheSamePortReplacesTheRecord) {
  Script s;
  make_time_wait(s, from_port(5000));
  const std::uint32_t before = *s.flow().iss;
  s.advance(1s);
  const auto id = s.connect(from_port(5000));
  s.expect(Syn());
  EXPECT_GT(static_cast<std::int32_t>(*s.flow().iss - (before + 2)), 0)
      << "numbers beyond all that the old one used (RFC 9293, 3.6.1)";
  EXPECT_EQ(s.audit().time_wait, 0u);
  EXPECT_EQ(s.count(Count::time_wait_reused), 1u);
  s.inject(SynAck());
  s.expect(Ack());
  s.expect_state(id, State::kEstablished);
}

TEST(TcpTimeWaitTest, ANewerSynReopens) {
  Script s;
  make_passive_time_wait(s, 40000);
  const std::uint32_t before = *s.flow().iss;
  s.flow().peer_iss += 1000;
  s.flow().next = 0;
  s.inject(Syn().seq(0).mss(1460));
  s.expect(SynAck().seq(0).ack(1));
  EXPECT_GT(static_cast<std::int32_t>(*s.flow().iss - (before + 2)), 0) << "RFC 1122, 4.2.2.13";
  EXPECT_EQ(s.audit().time_wait, 1u)
      << "RFC 9293, 3.6.1: until the SYN has turned out to be none of long ago";
  s.flow().seen = 1;
  s.flow().next = 1;
  s.inject(Ack());
  EXPECT_EQ(s.count(Count::opened_passive), 2u);
  EXPECT_EQ(s.audit().time_wait, 0u);
  EXPECT_EQ(s.count(Count::time_wait_reused), 1u);
}

TEST(TcpTimeWaitTest, AnOlderSynDoesNotReopen) {
  Script s;
  make_passive_time_wait(s, 40000);
  s.inject(Syn().seq(0xffff0000));
  s.expect(Ack().seq(2).ack(2));
  EXPECT_EQ(s.audit().time_wait, 1u);
  EXPECT_EQ(s.audit().half_open, 0u);
}

TEST(TcpTimeWaitTest, ANewerSynWithoutAListener) {
  Script s;
  make_time_wait(s, from_port(5000));
  s.inject(Syn().seq(1000));
  const auto answer = s.take_all();
  ASSERT_EQ(answer.size(), 1u) << "never swallowed";
  EXPECT_EQ(s.audit().half_open, 0u);
  EXPECT_EQ(s.audit().live, 0u);
}

}  // namespace
}  // namespace conker::test
