// The path MTU: RFC 1191, RFC 5927 (section 7), RFC 4821.
#include <gtest/gtest.h>

#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

constexpr std::uint8_t kFragmentationNeeded = 4;

class PathMtuTest : public testing::Test {
 protected:
  PathMtuTest() : id(s.established(80, 1460)) {
    s.send(id, std::string(2920, 'x'));
    s.expect(Data(std::string(1460, 'x')).seq(1));
    s.expect(Data(std::string(1460, 'x')).seq(1461));
  }

  Script s;
  ConnectionId id;
};

TEST_F(PathMtuTest, FragmentationNeededResegmentsAndRetransmitsAtOnce) {  // RFC 1191, 6.4
  const std::uint32_t window = s.info(id).cwnd;
  s.inject_unreachable(kFragmentationNeeded, 1000);
  s.expect(Data(std::string(960, 'x')).seq(1));
  s.expect(Data(std::string(960, 'x')).seq(961));
  s.expect(Data(std::string(960, 'x')).seq(1921));
  s.expect(Data(std::string(40, 'x')).seq(2881));
  EXPECT_EQ(s.info(id).cwnd, window) << "it was not lost to congestion";
  EXPECT_EQ(s.stack().counters()[Count::path_mtu_reductions], 1u);
  s.inject(Ack());
}

TEST_F(PathMtuTest, AnMtuOfZeroMeansTheNextPlateau) {  // RFC 1191, 5 and 7.1
  s.inject_unreachable(kFragmentationNeeded, 0);
  s.expect(Data(std::string(1452, 'x')).seq(1));
  s.skip();
  s.inject(Ack());
}

TEST_F(PathMtuTest, AnMtuBelowTheLeastIsRaised) {  // RFC 5927, 7.3
  s.inject_unreachable(kFragmentationNeeded, 70);
  s.expect(Data(std::string(512, 'x')).seq(1));
  s.skip();
  s.inject(Ack());
}

TEST_F(PathMtuTest, AnMtuAboveThePresentIsIgnored) {
  s.inject_unreachable(kFragmentationNeeded, 9000);
  s.expect_nothing();
  s.inject(Ack());
  EXPECT_EQ(s.stack().counters()[Count::path_mtu_reductions], 0u);
}

TEST_F(PathMtuTest, AMessageAboutDataNotInFlightIsIgnored) {  // RFC 5927, 7.2
  s.inject(Ack());                                            // all of it is acknowledged
  s.inject_unreachable(kFragmentationNeeded, 600);
  s.send(id, std::string(1460, 'y'));
  s.expect(Data(std::string(1460, 'y')));
  s.inject(Ack());
}

TEST_F(PathMtuTest, ABlackHoleIsDetectedByTimeouts) {  // RFC 4821, 7.7
  s.expect_after(1s, Data(std::string(1460, 'x')).seq(1));
  s.expect_after(2s, Data(std::string(1460, 'x')).seq(1));
  s.expect_after(4s, Data(std::string(1460, 'x')).seq(1));
  s.expect_after(8s, Data(std::string(1452, 'x')).seq(1));  // the next plateau, 1492
  EXPECT_EQ(s.stack().counters()[Count::path_mtu_black_holes], 1u);
  s.inject(Ack().ack(1453));
  s.skip();
  s.inject(Ack());
}

TEST_F(PathMtuTest, LargerSegmentsAreTriedAfterTenMinutes) {  // RFC 1191, 6.3
  s.inject_unreachable(kFragmentationNeeded, 1000);
  s.skip();
  s.inject(Ack());
  s.advance(9min);
  s.send(id, std::string(2000, 'y'));
  s.expect(Data(std::string(960, 'y')));
  s.skip();
  s.inject(Ack());
  s.advance(2min);
  s.send(id, std::string(2000, 'z'));
  s.expect(Data(std::string(1460, 'z')));
  s.skip();
  s.inject(Ack());
  EXPECT_EQ(s.stack().counters()[Count::path_mtu_raised], 1u);
}

// RFC 791 allows a link with an MTU of 68 bytes. Segments below the floor are fragmented on the way
// instead.
TEST_F(PathMtuTest, BelowTheLeastSegmentsLeaveWithoutDf) {
  s.inject_unreachable(kFragmentationNeeded, 500);
  s.expect(Data(std::string(512, 'x')).seq(1));
  const auto sent = s.take_frames();
  EXPECT_EQ(sent.size(), 5u);
  for (const WireSegment& segment : sent) EXPECT_FALSE(segment.dont_fragment);
  s.inject_unreachable(kFragmentationNeeded, 500);
  s.expect_nothing();
  EXPECT_EQ(s.count(Count::path_mtu_reductions), 1u);
  s.inject(Ack().ack(2921));
  s.advance(11min);
  ASSERT_EQ(s.send(id, std::string(1460, 'y')), 1460u);
  const auto later = s.take_frames();
  ASSERT_EQ(later.size(), 1u) << "a larger one is tried again (RFC 1191, 6.3)";
  EXPECT_TRUE(later[0].dont_fragment);
}

TEST_F(PathMtuTest, BelowTheLastPlateauSegmentsLeaveWithoutDf) {  // RFC 1191, 5: an old router
  for (const std::size_t size : {1452, 1240, 966, 536}) {
    s.inject_unreachable(kFragmentationNeeded, 0);
    s.expect(Data(std::string(size, 'x')).seq(1));
    for (const WireSegment& segment : s.take_frames()) EXPECT_TRUE(segment.dont_fragment);
  }
  s.inject_unreachable(kFragmentationNeeded, 0);
  const auto sent = s.take_frames();
  ASSERT_EQ(sent.size(), 6u);
  for (const WireSegment& segment : sent) EXPECT_FALSE(segment.dont_fragment);
  s.inject(Ack().ack(2921));
}

TEST(PathMtu, ABlackHoleOfSmallPacketsClearsDf) {  // RFC 4821, 7.7
  Script s;
  const auto id = s.established(80, 536);
  ASSERT_EQ(s.send(id, std::string(1072, 'x')), 1072u);
  s.expect(Data(std::string(536, 'x')).seq(1));
  s.expect(Data(std::string(536, 'x')).seq(537));
  for (const Duration wait : {1s, 2s, 4s}) s.expect_after(wait, Data(std::string(536, 'x')).seq(1));
  s.advance(9s);
  const auto sent = s.take_frames();
  ASSERT_FALSE(sent.empty());
  for (const WireSegment& segment : sent) EXPECT_FALSE(segment.dont_fragment);
  EXPECT_EQ(s.count(Count::path_mtu_black_holes), 1u);
  s.inject(Ack().ack(1073));
}

// RFC 8201, 5.2, and RFC 4861, 5.1: the path MTU is the destination's.
TEST(PathMtuOfDestinationTest, AllConnectionsLearnOfIt) {
  Script s;
  const auto other = s.established(81, 1460);
  const std::size_t other_flow = s.speaking_for();
  const auto id = s.established(80, 1460);
  s.send(id, std::string(1460, 'x'));
  s.expect(Data(std::string(1460, 'x')).seq(1));
  s.inject_unreachable(kFragmentationNeeded, 1000);
  s.expect(Data(std::string(960, 'x')).seq(1));
  s.expect(Data(std::string(500, 'x')).seq(961));
  s.inject(Ack());
  s.speak_for(other_flow);
  EXPECT_EQ(s.send(other, std::string(1500, 'y')), 1500u);
  s.expect(Data(std::string(960, 'y')).seq(1));
  s.expect(Data(std::string(540, 'y')).seq(961));
  s.inject(Ack());
  // A connection that is opened later begins with it, and offers the MSS of its link all the same
  // (RFC 6691, 2).
  const auto third = s.connect(82);
  s.expect(Syn().seq(0).mss(1460));
  s.inject(SynAck().mss(1460));
  s.expect(Ack().seq(1).ack(1));
  EXPECT_EQ(s.info(third).mss, 960);
}

TEST_F(PathMtuTest, TheDestinationsPathMtuIsForgottenAfterTenMinutes) {  // RFC 8201, 4
  s.inject_unreachable(kFragmentationNeeded, 1000);
  s.skip();
  s.inject(Ack());
  s.sleep(601s);
  EXPECT_EQ(s.info(s.established(81, 1460)).mss, 1460);
}

}  // namespace
}  // namespace conker::test
