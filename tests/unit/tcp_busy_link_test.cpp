// A busy link: segments that are due wait in order, and none is lost or sent twice.
#include <string>

#include "stack/tcp/sack_recovery.hpp"
#include "stack/tcp/tcp.hpp"
#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

constexpr SackRecovery kRecovery;

TEST(TcpBusyLinkTest, ASynWaits) {
  Script s;
  (void)s.established(80);  // the peer's address is resolved
  s.link().busy = true;
  (void)s.connect(81);
  s.expect_nothing();
  s.link().busy = false;
  s.turn();
  s.expect(Syn());
  s.expect_nothing();
}

TEST(TcpBusyLinkTest, DataAndItsFinWait) {
  Script s;
  const auto id = s.established();
  s.link().busy = true;
  EXPECT_EQ(s.send(id, std::string(3000, 'x')), 3000u);
  EXPECT_EQ(s.close(id), Error::kOk);
  s.expect_nothing();
  s.link().busy = false;
  s.turn();
  s.expect(Data(std::string(1460, 'x')).seq(1));
  s.expect(Data(std::string(1460, 'x')).seq(1461));
  s.expect(Data(std::string(80, 'x')).seq(2921).also(kFin));
  s.expect_nothing();
}

TEST(TcpBusyLinkTest, ADelayedAckCoversWhatArrivedMeanwhile) {
  Script s;
  const auto id = s.established();
  s.link().busy = true;
  s.inject(Data("one"));
  s.inject(Data("two"));
  s.link().busy = false;
  s.turn();
  s.expect(Ack().ack(7));
  s.expect_nothing();
  EXPECT_EQ(s.receive(id), "onetwo");
}

TEST(TcpBusyLinkTest, DuplicateAcksWait) {
  Script s;
  (void)s.established();
  s.link().busy = true;
  s.inject({Data("two").seq(4), Data("three").seq(7), Data("four").seq(12)});
  s.link().busy = false;
  s.turn();
  const auto acks = s.take_all();
  EXPECT_EQ(acks.size(), 3u) << "the peer counts them (RFC 5681, 3.2)";
}

TEST(TcpBusyLinkTest, TheRstOfAnAbortWaits) {
  Script s;
  const auto id = s.established();
  s.link().busy = true;
  EXPECT_EQ(s.abort(id), Error::kOk);
  EXPECT_EQ(s.stack().tcp().connection_count(), 1u) << "it has not been said yet";
  s.link().busy = false;
  s.turn();
  s.expect(RstAck().seq(1));
  s.expect_ended(id, CloseReason::kAborted);
  EXPECT_EQ(s.stack().tcp().connection_count(), 0u);
}

TEST(TcpBusyLinkTest, APendingAckPrecedesTheRst) {
  Script s;
  const auto id = s.established();
  s.link().busy = true;
  s.inject(Data("unread"));
  EXPECT_EQ(s.abort(id), Error::kOk);
  s.turn();
  s.link().busy = false;
  s.turn();
  s.expect(Ack().ack(7));
  s.expect(RstAck().seq(1));
}

TEST(TcpBusyLinkTest, ARetransmissionWaits) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.expect(Data("x"));
  s.link().busy = true;
  s.advance(1100ms);
  s.expect_nothing();
  s.link().busy = false;
  s.turn();
  s.expect(Data("x").seq(1));
  s.expect_nothing();
}

TEST(TcpBusyLinkTest, AWindowProbeWaits) {
  Script s;
  const auto id = s.established(80, 1460, 0);
  EXPECT_EQ(s.send(id, "xyz"), 3u);
  s.expect_nothing();
  s.link().busy = true;
  s.advance(1100ms);
  s.expect_nothing();
  s.link().busy = false;
  s.turn();
  s.expect(Data("x").seq(1));
  s.expect_nothing();
}

TEST(TcpBusyLinkTest, AKeepaliveProbeThatDataOvertakesIsNotSent) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.stack().set_keepalive(id, {.idle = 10s, .interval = 10s, .count = 9}), Error::kOk);
  s.link().busy = true;
  s.advance(11s);
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.link().busy = false;
  s.turn();
  s.expect(Data("x").seq(1));  // which the peer must answer all the same
  s.expect_nothing();
  EXPECT_EQ(s.count(Count::keepalive_probes), 0u);
}

TEST(TcpBusyLinkTest, AKeepaliveProbeWaits) {
  Script s;
  const auto id = s.established();
  EXPECT_EQ(s.stack().set_keepalive(id, {.idle = 10s, .interval = 10s, .count = 9}), Error::kOk);
  s.link().busy = true;
  s.advance(11s);
  s.expect_nothing();
  s.link().busy = false;
  s.turn();
  s.expect(Ack().seq(0));
  s.expect_nothing();
  EXPECT_EQ(s.count(Count::keepalive_probes), 1u);
}

/// A sender with SACK, four segments of 1000 bytes in flight, a round trip of 20 ms.
class BusySackSender : public testing::Test {
 protected:
  BusySackSender() {
    id = s.connect(80);
    s.expect(Syn());
    s.advance(20ms);
    s.inject(SynAck().mss(1000).sackok());
    s.expect(Ack());
    EXPECT_EQ(s.send(id, std::string(4000, 'x')), 4000u);
    s.skip();
  }

  static Settings settings() {
    Settings plain = plain_settings();
    plain.timestamps = plain.window_scaling = false;
    plain.rto_min = 200ms;
    return plain;
  }

  Script s{small_capacities(), settings(), {.recovery = &kRecovery}};
  ConnectionId id;
};

TEST_F(BusySackSender, RetransmissionsOfLostSegmentsWait) {
  s.advance(20ms);
  s.link().busy = true;
  s.inject(Ack().ack(1).sack({{1001, 4001}}));
  s.expect_nothing();
  s.link().busy = false;
  s.turn();
  s.expect(Data(std::string(1000, 'x')).seq(1));
  s.expect_nothing();
}

TEST_F(BusySackSender, TheTailLossProbeWaits) {
  s.advance(20ms);
  s.inject(Ack().ack(2001));
  s.link().busy = true;
  s.advance(45ms);
  s.expect_nothing();
  s.link().busy = false;
  s.turn();
  s.expect(Data(std::string(1000, 'x')).seq(3001));
  s.expect_nothing();
  EXPECT_EQ(s.count(Count::tail_loss_probes), 1u);
}

}  // namespace
}  // namespace conker::test
