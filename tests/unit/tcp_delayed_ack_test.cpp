// Delayed ACKs (RFC 9293, 3.8.6.3; RFC 5681, 4.2).
#include <string>

#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

constexpr std::uint32_t kQuick = 16;  // segments at the beginning whose ACKs are not delayed

Settings delaying() {
  Settings settings = plain_settings();
  settings.delayed_ack = 40ms;
  return settings;
}

class TcpDelayedAckTest : public ::testing::Test {
 protected:
  /// A connection past its quick ACKs, with everything read.
  ConnectionId settled() {
    const auto id = s_.established();
    for (std::uint32_t i = 0; i < kQuick; ++i) {
      s_.inject(full());
      EXPECT_EQ(s_.take_all().size(), 1u) << "at the beginning no ACK waits, " << i;
      (void)s_.receive(id);
      s_.skip();
    }
    return id;
  }
  static Segment full() { return Data(std::string(1000, 'x')); }
  std::uint32_t next() { return s_.flow().next; }

  Script s_{small_capacities(), delaying()};
};

TEST_F(TcpDelayedAckTest, WaitsAtMostTheConfiguredDelay) {
  const auto id = settled();
  s_.inject(full());
  s_.expect_nothing();
  s_.expect_after(40ms, Ack().ack(next()));
  EXPECT_EQ(s_.count(Count::delayed_acks), 1u);
  EXPECT_EQ(s_.receive(id), std::string(1000, 'x'));
  s_.expect_nothing_for(1h);
}

TEST_F(TcpDelayedAckTest, EverySecondFullSegmentIsAcknowledgedAtOnce) {
  (void)settled();
  for (int i = 0; i < 4; ++i) {
    s_.inject(full());
    s_.expect_nothing();
    s_.inject(full());
    s_.expect(Ack().ack(next()));
  }
  s_.expect_nothing_for(1h);
}

TEST_F(TcpDelayedAckTest, AFullSegmentIsThePeersLargest) {
  (void)settled();
  for (int i = 0; i < 20; ++i) {
    s_.inject(Data(std::string(90, 's')));
    s_.expect_nothing();  // small segments with PSH: their ACKs wait
  }
  s_.inject(Data(std::string(200, 's')));
  s_.expect(Ack().ack(next()));  // 2000 bytes: two of the peer's full segments
}

TEST_F(TcpDelayedAckTest, IsSentWithData) {
  const auto id = settled();
  s_.inject(Data("ping"));
  s_.expect_nothing();
  s_.advance(30ms);
  EXPECT_EQ(s_.send(id, "pong"), 4u);
  s_.expect(Data("pong").ack(next()));
  s_.inject(Ack());
  s_.expect_nothing_for(1h);
  EXPECT_EQ(s_.count(Count::delayed_acks), 0u);
}

TEST_F(TcpDelayedAckTest, OutOfOrderDataAndTheEndOfAHoleAreAcknowledgedAtOnce) {
  (void)settled();
  const std::uint32_t hole = next();
  s_.inject(Data("after").seq(hole + 5));
  s_.expect(Ack().ack(hole));
  s_.inject(Data("befor").seq(hole));
  s_.expect(Ack().ack(hole + 10));
}

TEST_F(TcpDelayedAckTest, DuplicatesAreAcknowledgedAtOnce) {
  (void)settled();
  s_.inject(full().seq(1));
  s_.expect(Ack().ack(next()));
}

TEST_F(TcpDelayedAckTest, AFinIsAcknowledgedAtOnce) {
  const auto id = settled();
  s_.inject(Fin().carrying("last words"));
  s_.expect(Ack().ack(next()));
  (void)s_.receive(id);
  s_.expect_nothing_for(1h);
}

TEST_F(TcpDelayedAckTest, TheFinCarriesIt) {
  const auto id = settled();
  s_.inject(full());
  (void)s_.receive(id);
  s_.expect_nothing();
  EXPECT_EQ(s_.shutdown(id), Error::kOk);
  s_.expect(Fin().ack(next()));
  s_.inject(Ack());
  s_.expect_nothing_for(1s);
}

TEST_F(TcpDelayedAckTest, ASegmentNeitherFullNorPushedIsAcknowledgedAtOnce) {
  (void)settled();
  s_.inject(Segment(kAck, std::string(300, 'w')));
  s_.expect(Ack().ack(next()));
}

TEST_F(TcpDelayedAckTest, AfterAnIdleTimeAcksAreQuick) {
  (void)settled();
  s_.advance(10s);
  for (std::uint32_t i = 0; i < kQuick; ++i) {
    s_.inject(Data("?"));
    s_.expect(Ack().ack(next()));
  }
  s_.inject(Data("?"));
  s_.expect_nothing();
  s_.expect_after(40ms, Ack());
}

TEST_F(TcpDelayedAckTest, WindowUpdatesAreNotSentForEachRead) {
  const auto id = settled();
  s_.inject(full());
  (void)s_.receive(id);
  s_.expect_nothing();  // RFC 9293, 3.8.6.2.2: the window has not moved, and is large enough
  s_.inject(full());
  s_.expect(Ack().ack(next()));
  (void)s_.receive(id);
  s_.skip();
  s_.expect_nothing_for(1h);
}

TEST_F(TcpDelayedAckTest, AResetConnectionSendsNone) {
  const auto id = settled();
  s_.inject(full());
  s_.expect_nothing();
  s_.inject(Rst());
  s_.expect_ended(id, CloseReason::kReset);
  s_.expect_nothing_for(1h);
}

TEST(TcpDelayedAckOffTest, ADelayOfZeroAcknowledgesAtOnce) {
  Script s;
  (void)s.established();
  for (int i = 0; i < 40; ++i) {
    s.inject(Data("x"));
    s.expect(Ack().ack(s.flow().next));
  }
}

}  // namespace
}  // namespace conker::test
