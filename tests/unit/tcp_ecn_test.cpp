// Explicit congestion notification (RFC 3168).
#include <gtest/gtest.h>

#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

constexpr std::uint8_t kEct0 = 2, kCe = 3;

Settings with(Ecn ecn) {
  Settings settings = plain_settings();
  settings.timestamps = settings.window_scaling = settings.sack = false;
  settings.ecn = ecn;
  return settings;
}

class EcnTest : public testing::Test {
 protected:
  /// An open connection that has negotiated ECN.
  void agree() {
    id = s.connect(80);
    s.expect(Syn().also(kEce | kCwr).ecn(0));
    s.inject(SynAck().also(kEce).mss(1000));
    s.expect(Ack().ecn(0));
  }

  Script s{small_capacities(), with(Ecn::kAlways)};
  ConnectionId id;
};

TEST_F(EcnTest, OnlyNewDataIsEcnCapable) {  // 6.1.2, 6.1.4, 6.1.5
  agree();
  s.send(id, "new");
  s.expect(Data("new").ecn(kEct0));
  s.expect_after(1s, Data("new").ecn(0));  // retransmitted
  s.inject(Ack());
  s.inject(Data("x"));
  s.expect(Ack().ecn(0));
}

TEST_F(EcnTest, EceUntilCwr) {  // 6.1.3
  agree();
  s.inject(Data("one").ecn(kCe));
  s.expect(Ack().also(kEce));
  s.inject(Data("two").ecn(kEct0));
  s.expect(Ack().also(kEce));
  s.inject(Data("three").also(kCwr).ecn(kEct0));
  s.expect(Ack());
  s.inject(Data("four").also(kCwr).ecn(kCe));  // reduced, and a new CE
  s.expect(Ack().also(kEce));
  EXPECT_EQ(s.stack().counters()[Count::marks_in], 2u);
}

TEST_F(EcnTest, OnlyAcceptedDataCarriesCwr) {  // 6.1.2, 6.1.3
  agree();
  s.inject(Data("one").ecn(kCe));
  s.expect(Ack().also(kEce));
  s.inject(Ack().also(kCwr));  // CWR goes with new data
  s.inject(Data("two").ecn(kEct0));
  s.expect(Ack().also(kEce));
  s.inject(Fin());
  s.expect(Ack().also(kEce));
  s.inject(Data("beyond").also(kCwr).seq(8));  // data beyond the peer's FIN is invalid
  s.expect(Ack().also(kEce));
}

TEST_F(EcnTest, CeOutsideOfAClosedWindowIsIgnored) {
  Settings settings = with(Ecn::kAlways);
  settings.receive_buffer = 4000;
  Script narrow(small_capacities(), settings);
  (void)narrow.connect(80);
  narrow.expect(Syn().also(kEce | kCwr));
  narrow.inject(SynAck().also(kEce).mss(1000));
  narrow.expect(Ack());
  for (int i = 0; i < 4; ++i) narrow.inject(Data(std::string(1000, 'x')).ecn(i == 3 ? kCe : kEct0));
  narrow.skip();
  narrow.inject(Data("probe").seq(4001).also(kCwr));
  narrow.expect(Ack().ack(4001).also(kEce));
}

TEST_F(EcnTest, EceBeforeAnyDataIsIgnored) {
  agree();
  s.inject(Ack().also(kEce));
  EXPECT_EQ(s.count(Count::ecn_reductions), 0u) << "6.1.2: of data that was sent";
}

TEST_F(EcnTest, EceHalvesTheWindowOncePerWindow) {  // 6.1.2
  agree();
  s.send(id, std::string(10'000, 'x'));
  EXPECT_EQ(s.take_all().size(), 10u);
  s.inject(Ack().ack(1001).also(kEce));
  s.inject(Ack().ack(2001).also(kEce));
  EXPECT_EQ(s.stack().counters()[Count::ecn_reductions], 1u);
  EXPECT_EQ(s.info(id).cwnd, s.info(id).ssthresh);
  EXPECT_EQ(s.info(id).retransmits, 0u);
  s.inject(Ack().ack(10'001));
  // The next new segment has CWR, once.
  s.send(id, std::string(1000, 'y'));
  s.expect(Data(std::string(1000, 'y')).also(kCwr));
  s.send(id, std::string(1000, 'z'));
  s.expect(Data(std::string(1000, 'z')));
  s.inject(Ack());
  // The next window of data may be reduced again.
  s.send(id, std::string(1000, 'x'));
  s.skip();
  s.inject(Ack().also(kEce));
  EXPECT_EQ(s.stack().counters()[Count::ecn_reductions], 2u);
}

TEST_F(EcnTest, ASynAckThatReflectsBothFlagsDoesNotNegotiate) {  // 6.1.1
  id = s.connect(80);
  s.expect(Syn().also(kEce | kCwr));
  s.inject(SynAck().also(kEce | kCwr).mss(1000));
  s.expect(Ack());
  s.send(id, "x");
  s.expect(Data("x").ecn(0));
  (void)s.abort(id);
  s.skip();
}

TEST_F(EcnTest, ARetransmittedSynDoesNotNegotiate) {  // 6.1.1.1
  id = s.connect(80);
  s.expect(Syn().also(kEce | kCwr));
  s.expect_after(1s, Syn());
  s.inject(SynAck().also(kEce).mss(1000));
  s.expect(Ack());
  s.send(id, "x");
  s.expect(Data("x").ecn(0));
  (void)s.abort(id);
  s.skip();
}

TEST(EcnPassiveTest, NegotiatedAtThePeersRequest) {  // 6.1.1
  Script s(small_capacities(), with(Ecn::kOnRequest));
  const auto listener = s.listen(7);
  s.peer(5000, 7);
  s.inject(Syn().also(kEce | kCwr).mss(1000));
  s.expect(SynAck().also(kEce).ecn(0));
  s.inject(Ack());
  const auto id = s.accept(listener);
  s.send(id, "x");
  s.expect(Data("x").ecn(kEct0));
  (void)s.abort(id);
  s.skip();
}

TEST(EcnPassiveTest, NotRequestedUnlessAlways) {
  Script s(small_capacities(), with(Ecn::kOnRequest));
  s.connect(80);
  s.expect(Syn());
}

TEST(EcnPassiveTest, CanBeOff) {
  Script s(small_capacities(), with(Ecn::kOff));
  s.listen(7);
  s.peer(5000, 7);
  s.inject(Syn().also(kEce | kCwr).mss(1000));
  s.expect(SynAck());
}

TEST(EcnPassiveTest, CeWithoutNegotiationIsIgnored) {
  Script s(small_capacities(), with(Ecn::kOnRequest));
  const auto id = s.established(80, 1000);
  s.inject(Data("x").ecn(kCe));
  s.expect(Ack());
  s.send(id, "y");
  s.expect(Data("y"));
  s.inject(Ack().also(kEce));
  EXPECT_EQ(s.stack().counters()[Count::ecn_reductions], 0u);
}

}  // namespace
}  // namespace conker::test
