#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "stack/verdict/recent_frames.hpp"
#include "tests/support/frames.hpp"
#include "tests/support/segment.hpp"

namespace conker {
namespace {

using verdict::Exchange;
using verdict::RecentFrames;

class RecentFramesTest : public ::testing::Test {
 protected:
  static constexpr IpAddress kUs = IpAddress::v4(10, 0, 0, 1), kPeer = IpAddress::v4(10, 0, 0, 2);
  static constexpr Exchange kExchange{{kUs, Port{1000}}, kPeer};

  void add(const std::vector<std::byte>& bytes, Direction direction = Direction::kIn) {
    const std::array<std::span<const std::byte>, 1> parts{bytes};
    frames.add({parts, direction}, Instant(now += 1us));
  }
  void segment(Direction direction, std::uint8_t flags, std::uint32_t seq, std::uint16_t port,
               std::uint16_t peer_port = 80) {
    test::WireSegment wire;
    const bool out = direction == Direction::kOut;
    wire.source = out ? kUs : kPeer;
    wire.destination = out ? kPeer : kUs;
    wire.source_port = out ? port : peer_port;
    wire.destination_port = out ? peer_port : port;
    wire.seq = seq;
    wire.flags = flags;
    add(test::encode(wire, MacAddress{}, MacAddress{}), direction);
  }
  void sends(std::uint8_t flags, std::uint32_t seq, std::uint16_t port = 1000) {
    segment(Direction::kOut, flags, seq, port);
  }
  void gets(std::uint8_t flags, std::uint32_t seq, std::uint16_t port = 1000,
            std::uint16_t peer_port = 80) {
    segment(Direction::kIn, flags, seq, port, peer_port);
  }
  RecentFrames::Number begin() const {
    RecentFrames::Connection connection{kExchange};
    frames.find_begins(std::span(&connection, 1));
    return connection.begin;
  }
  std::string text(RecentFrames::Number number) const {
    std::string text;
    for (const std::byte b : frames.at(number).bytes) text += static_cast<char>(b);
    return text;
  }

  Duration now{0};
  RecentFrames frames{1024};
};

TEST_F(RecentFramesTest, KeepsAFrameOfSeveralPartsWhole) {
  const auto front = test::bytes_of("fro"), back = test::bytes_of("nt");
  const std::array<std::span<const std::byte>, 2> parts{front, back};
  frames.add({parts, Direction::kOut}, Instant(5s));
  ASSERT_EQ(frames.end() - frames.first(), 1u);
  EXPECT_EQ(text(0), "front");
  EXPECT_EQ(frames.at(0).at, Instant(5s));
  EXPECT_EQ(frames.at(0).direction, Direction::kOut);
  EXPECT_FALSE(frames.at(0).written);
  frames.mark_written(0);
  EXPECT_TRUE(frames.at(0).written);
}

TEST_F(RecentFramesTest, GivesUpTheOldestWhereBytesRunOut) {
  for (char c = 'a'; c <= 'z'; ++c) add(test::bytes_of(std::string(300, c)));
  EXPECT_EQ(frames.end(), 26u);
  EXPECT_EQ(frames.end() - frames.first(), 3u);
  for (auto number = frames.first(); number != frames.end(); ++number)
    EXPECT_EQ(text(number), std::string(300, static_cast<char>('a' + number)));
}

TEST_F(RecentFramesTest, GivesUpTheOldestWhereThereAreTooMany) {
  for (char c = 'a'; c <= 'z'; ++c) add(test::bytes_of(std::string(1, c)));
  EXPECT_EQ(frames.end() - frames.first(), 1024u / 64);
  EXPECT_EQ(text(frames.first()), "k");
  EXPECT_EQ(text(frames.end() - 1), "z");
}

TEST_F(RecentFramesTest, AFrameAsLongAsTheRing) {
  add(test::bytes_of("short"));
  add(test::bytes_of(std::string(1024, 'x')));
  EXPECT_EQ(frames.end() - frames.first(), 1u);
  EXPECT_EQ(text(1), std::string(1024, 'x'));
}

TEST_F(RecentFramesTest, ManyFramesOfAnyLengthStayWhole) {
  for (std::uint64_t i = 0; i < 5000; ++i) {
    add(test::bytes_of(std::string(i * 7919 % 400, static_cast<char>('a' + i % 26))));
    for (auto number = frames.first(); number != frames.end(); ++number) {
      ASSERT_EQ(text(number),
                std::string(number * 7919 % 400, static_cast<char>('a' + number % 26)));
    }
  }
}

TEST_F(RecentFramesTest, AConnectionBeginsWithItsSyn) {
  gets(test::kAck, 1);
  sends(test::kSyn, 100, 1001);
  sends(test::kSyn, 100);
  gets(test::kSyn | test::kAck, 500);
  EXPECT_EQ(begin(), 2u);
}

TEST_F(RecentFramesTest, AConnectionWithTheSameFourTupleBeginsAnew) {
  sends(test::kSyn, 100);
  sends(test::kSyn, 7000);
  gets(test::kSyn | test::kAck, 500);
  EXPECT_EQ(begin(), 1u);
}

TEST_F(RecentFramesTest, ARetransmittedSynIsNoNewConnection) {
  sends(test::kSyn, 100);
  sends(test::kSyn, 100);
  gets(test::kSyn | test::kAck, 500);
  EXPECT_EQ(begin(), 0u);
}

TEST_F(RecentFramesTest, AConnectionWhoseSynIsGoneBeginsWithWhatIsLeft) {
  sends(test::kSyn, 100, 1001);
  sends(test::kAck, 101);
  gets(test::kAck, 501);
  EXPECT_EQ(begin(), 1u);
}

TEST_F(RecentFramesTest, AConnectionThatThePeerOpens) {
  frames = RecentFrames(1024, verdict::Opener::kPeer);
  gets(test::kSyn, 700, 1883, 5001);
  gets(test::kSyn, 900, 1883, 5002);
  sends(test::kSyn, 1, 1883);
  gets(test::kSyn, 700, 1883, 5002);
  RecentFrames::Connection connection{{{kPeer, Port{5002}}, kUs}};
  frames.find_begins(std::span(&connection, 1));
  EXPECT_EQ(connection.begin, 3u);
  EXPECT_EQ(frames.exchange_of(1), connection.exchange);
}

TEST_F(RecentFramesTest, NothingOfAConnection) {
  sends(test::kSyn, 100, 1001);
  EXPECT_EQ(begin(), frames.end());
}

TEST_F(RecentFramesTest, SeveralConnectionsInOnePass) {
  sends(test::kSyn, 100, 1001);
  sends(test::kSyn, 200, 1002);
  gets(test::kSyn | test::kAck, 500, 1001);
  std::array<RecentFrames::Connection, 3> connections{
      {{{{kUs, Port{1002}}, kPeer}}, {kExchange}, {{{kUs, Port{1001}}, kPeer}}}};
  frames.find_begins(connections);
  EXPECT_EQ(connections[0].begin, 1u);
  EXPECT_EQ(connections[1].begin, frames.end());
  EXPECT_EQ(connections[2].begin, 0u);
}

TEST_F(RecentFramesTest, AnAnswerFromAnotherPortBelongsToIt) {
  gets(test::kAck, 1, 1000, 81);
  gets(test::kAck, 1, 1001);
  add(test::bytes_of("no frame"));
  EXPECT_EQ(frames.exchange_of(0), kExchange);
  EXPECT_NE(frames.exchange_of(1), kExchange);
  EXPECT_EQ(frames.exchange_of(2), std::nullopt);
}

}  // namespace
}  // namespace conker
