// The receive window: growth with the reader, silly window avoidance, zero windows (RFC 9293,
// 3.8.6); urgent data (RFC 6093).
#include <string>

#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

constexpr std::uint32_t kMss = 1460;

Settings growing(std::uint32_t most = 1 << 20) {
  Settings settings = plain_settings();
  settings.receive_buffer = most;
  return settings;
}

Capacities with_chunks(std::uint32_t chunks) {
  Capacities capacities = small_capacities();
  capacities.chunks = chunks;
  return capacities;
}

class TcpWindowGrowthTest : public ::testing::Test {
 protected:
  static constexpr unsigned kShift = 5;  // for 1 MiB

  /// A connection with window scaling and a round trip of 10 ms.
  ConnectionId open(Script& s) {
    const auto id = s.connect(80);
    s.expect(Syn().wscale(kShift));
    s.advance(10ms);
    s.inject(SynAck().mss(kMss).wscale(0));
    s.expect(Ack());
    return id;
  }
  /// `bytes` arrive and are read, in one round trip.
  void round(Script& s, ConnectionId id, std::size_t bytes) {
    s.on_event = [&s, id](const Event& event) {
      std::array<std::byte, 4096> buffer;
      if (event.has(Event::kReadable)) {
        for (auto got = s.stack().receive(id, buffer); got && *got > 0;)
          got = s.stack().receive(id, buffer);
      }
    };
    for (std::size_t sent = 0; sent < bytes; sent += kMss) {
      s.inject(Data(std::string(std::min<std::size_t>(kMss, bytes - sent), 'x')));
    }
    s.advance(11ms);
  }
  std::uint32_t announced(Script& s) {
    const auto all = s.take_all();
    return all.empty() ? 0 : *all.back().announced << kShift;
  }
};

TEST_F(TcpWindowGrowthTest, BeginsSmallAndDoublesForAReaderThatKeepsUp) {
  Script s(with_chunks(4096), growing());
  const auto id = open(s);
  EXPECT_LE(s.info(id).rcv_wnd, 65535u + 31);
  std::uint32_t window = 65535;
  for (int i = 0; i < 4; ++i) {
    round(s, id, window);
    round(s, id, kMss);
    const std::uint32_t now = announced(s);
    EXPECT_NEAR(now, 2.0 * window, 2 * kMss) << "round " << i;
    window = now;
  }
  for (int i = 0; i < 3; ++i) round(s, id, window);
  EXPECT_LE(announced(s), (1u << 20) + 31) << "settings.receive_buffer is the end of it";
  EXPECT_EQ(s.count(Count::window_growth_refused), 0u);
}

TEST_F(TcpWindowGrowthTest, NotForAReaderThatIsSlowerThanTheWindow) {
  Script s(with_chunks(4096), growing());
  const auto id = open(s);
  for (int i = 0; i < 50; ++i) round(s, id, 20'000);
  EXPECT_LE(announced(s), 65536u);
}

// Once a queue has grown on the path, the round trip of the handshake is out of date.
TEST_F(TcpWindowGrowthTest, TheRoundTripIsMeasuredByThePeersData) {
  Script s(with_chunks(4096), growing());
  const auto id = s.connect(80);
  s.expect(Syn().wscale(kShift));
  s.advance(10ms);
  s.flow().timestamp = 1000;
  s.inject(SynAck().mss(kMss).wscale(0));
  s.expect(Ack());
  for (int i = 0; i < 60; ++i) {  // half a window in 100 ms, a tenth of it at a time
    round(s, id, 3500);
    const std::uint32_t seen = s.flow().timestamp_seen;
    s.skip();
    if (i % 10 != 0) s.flow().timestamp_seen = seen;
  }
  s.inject(Data("x"));
  EXPECT_GE(announced(s), 100'000u);
}

TEST_F(TcpWindowGrowthTest, NotForAPeerThatDoesNotScale) {
  Script s(with_chunks(4096), growing());
  const auto id = s.established();
  for (int i = 0; i < 5; ++i) round(s, id, 65'000);
  s.skip();
  EXPECT_LE(s.info(id).rcv_wnd, 65535u);
}

TEST_F(TcpWindowGrowthTest, NoFurtherThanAShareOfTheFreePool) {
  Script s(with_chunks(128), growing());  // 256 KiB
  const auto id = open(s);
  for (int i = 0; i < 20; ++i) round(s, id, 65'000);
  s.skip();
  EXPECT_LE(s.info(id).rcv_wnd, 262'144u);
  EXPECT_GE(s.info(id).rcv_wnd, 131'000u);
  Script t(with_chunks(64), growing());  // 128 KiB, and two connections
  (void)t.established(81);
  const auto second = open(t);
  for (int i = 0; i < 20; ++i) round(t, second, 65'000);
  t.skip();
  EXPECT_LE(t.info(second).rcv_wnd, 65'568u);
  EXPECT_GT(t.count(Count::window_growth_refused), 0u);
}

TEST_F(TcpWindowGrowthTest, TheRightEdgeNeverMovesBack) {
  Script s(with_chunks(4096), growing());
  const auto id = open(s);
  std::uint32_t edge = 0;
  for (std::uint32_t i = 0; i < 60; ++i) {
    round(s, id, 3000 + i * 7919 % 70'000);
    for (const auto& ack : s.take_all()) {
      const std::uint32_t now = *ack.acknowledgment + (*ack.announced << kShift);
      EXPECT_GE(now, edge) << "RFC 9293, 3.8.6";
      edge = now;
    }
  }
}

// A whole window of out-of-order data is kept, however large.
TEST_F(TcpWindowGrowthTest, AWindowOfOutOfOrderDataIsKept) {
  Script s(with_chunks(4096), growing());
  const auto id = open(s);
  for (std::uint32_t window : {65'000u, 130'000u, 260'000u, 520'000u, 1'000'000u})
    round(s, id, window);
  s.skip();
  s.on_event = nullptr;
  const std::uint32_t begin = s.flow().next;
  ASSERT_GT(s.info(id).rcv_wnd, 900'000u);
  for (std::uint32_t at = kMss; at < 900'000; at += kMss)
    s.inject(Data(std::string(kMss, 'h')).seq(begin + at));
  EXPECT_EQ(s.count(Count::out_of_order_dropped), 0u);
  s.inject(Data(std::string(kMss, 'h')).seq(begin));
  s.skip();
  EXPECT_GE(s.info(id).receive_queue, 900'000u);
}

// ---- Silly windows, zero windows ----

class TcpZeroWindowTest : public ::testing::Test {
 protected:
  void fill(std::uint32_t bytes) {
    while (bytes > 0) {
      const std::uint32_t n = std::min(bytes, kMss);
      s_.inject(Data(std::string(n, 'x')));
      bytes -= n;
    }
    s_.skip();
  }
  Script s_{small_capacities(), growing(10'000)};
  const ConnectionId id_ = s_.established();
};

TEST_F(TcpZeroWindowTest, TheWindowClosesAndOpensByASegmentAtLeast) {
  fill(10'000);
  EXPECT_EQ(s_.info(id_).rcv_wnd, 0u);
  EXPECT_EQ(s_.receive(id_, 1459).size(), 1459u);
  s_.expect_nothing();  // RFC 9293, 3.8.6.2.2
  EXPECT_EQ(s_.receive(id_, 1).size(), 1u);
  s_.expect(Ack().ack(10'001).win(1460));
}

TEST_F(TcpZeroWindowTest, AWindowProbeIsAcknowledgedAndNotAccepted) {
  fill(10'000);
  s_.inject(Data("p").seq(10'001));  // RFC 9293, 3.8.6.1: the receiver must answer
  s_.expect(Ack().ack(10'001).win(0));
  EXPECT_EQ(s_.receive(id_), std::string(10'000, 'x'));
  s_.expect(Ack().ack(10'001).win(10'000));
  s_.inject(Data("p").seq(10'001));
  s_.expect(Ack().ack(10'002).win(9'999));
  EXPECT_EQ(s_.receive(id_), "p");
}

TEST_F(TcpZeroWindowTest, AcksAndResetsAreAccepted) {
  fill(10'000);
  EXPECT_EQ(s_.send(id_, "x"), 1u);
  s_.expect(Data("x"));
  s_.inject(Ack().ack(2));  // RFC 9293, 3.10.7.4: valid ACKs, URGs and RSTs are taken
  EXPECT_EQ(s_.info(id_).send_queue, 0u);
  s_.inject(Data("more").seq(10'001).ack(2));
  s_.expect(Ack().win(0));
  s_.inject(Rst().seq(10'001));
  s_.expect_ended(id_, CloseReason::kReset);
}

TEST_F(TcpZeroWindowTest, SmallReadsDoNotOpenSmallWindows) {
  fill(10'000);
  for (std::uint32_t i = 0; i < 100; ++i) {
    (void)s_.receive(id_, 100);
    for (const auto& ack : s_.take_all()) EXPECT_GE(*ack.announced, kMss);
  }
  EXPECT_GE(s_.info(id_).rcv_wnd, 5000u);
}

TEST_F(TcpZeroWindowTest, TheAckOfAWindowProbeIsNoDuplicateAck) {
  fill(10'000);
  EXPECT_EQ(s_.send(id_, std::string(3000, 'y')), 3000u);
  s_.skip();
  for (int i = 0; i < 4; ++i) {
    s_.inject(Data("p").seq(10'001).ack(1));  // RFC 5681, 2 (b): a duplicate carries no data
    s_.expect(Ack().ack(10'001).win(0));
  }
  EXPECT_EQ(s_.count(Count::fast_retransmits), 0u);
  s_.inject(Ack().seq(10'001).ack(3001));
}

TEST_F(TcpZeroWindowTest, ASegmentWithoutAckIsUnacceptable) {
  fill(10'000);
  s_.inject(Segment(0, "p").seq(10'001));  // RFC 9293, 3.10.7.4, exempts valid ACKs only
  s_.expect(Ack().ack(10'001).win(0));
  EXPECT_EQ(s_.count(Count::drop_segment_unacceptable), 1u);
}

TEST_F(TcpZeroWindowTest, AFinBeyondTheWindowIsIgnored) {
  fill(8'000);
  s_.inject(Fin().carrying(std::string(3000, 'z')).seq(8'001));  // 2,000 of them fit
  s_.skip();
  EXPECT_EQ(s_.receive(id_).size(), 10'000u);
  s_.skip();
  s_.inject(Data(std::string(1000, 'z')).seq(10'001));  // more data had followed
  s_.skip();
  s_.expect_state(id_, State::kEstablished);
}

TEST_F(TcpZeroWindowTest, AFalseOutOfOrderFinIsForgotten) {
  s_.inject(Fin().seq(500));  // out of order, and false
  s_.skip();
  s_.inject(Data(std::string(1000, 'x')).seq(1));
  s_.skip();
  s_.inject(Fin().seq(1001));
  s_.expect(Ack().ack(1002));
  s_.expect_state(id_, State::kCloseWait);
}

TEST_F(TcpZeroWindowTest, AFinAtAClosedWindowIsAcceptedOnceItOpens) {
  fill(9'999);
  s_.inject(Fin().carrying("z"));
  s_.skip();
  EXPECT_EQ(s_.info(id_).receive_queue, 10'000u);
  s_.inject(Fin().seq(10'001));  // the window is closed: not accepted yet
  s_.skip();
  EXPECT_EQ(s_.receive(id_).size(), 10'000u);
  s_.skip();
  s_.advance(600ms);  // a repeated FIN is answered twice a second
  s_.inject(Fin().seq(10'001));
  s_.expect(Ack().ack(10'002));
  s_.expect_state(id_, State::kCloseWait);
}

// ---- Urgent data (RFC 6093) ----

TEST(TcpUrgentTest, UrgentDataIsDeliveredInOrder) {
  Script s;
  const auto id = s.established();
  s.inject(Data("before! after").urg(7));
  s.expect(Ack().ack(14));
  EXPECT_EQ(s.receive(id), "before! after") << "RFC 6093, 3.1 and 6";
  EXPECT_EQ(s.count(Count::urgent_segments), 1u);
}

TEST(TcpUrgentTest, InvalidUrgentPointersAreIgnored) {
  Script s;
  const auto id = s.established();
  s.inject(Data("abc").urg(65535));
  s.expect(Ack().ack(4));
  s.inject(Ack().urg(1));
  s.expect_nothing();
  s.inject(Ack().urg(0));
  s.expect_nothing();
  Segment pointer = Data("def").urg(2);
  pointer.flags = kAck;
  s.inject(pointer);
  s.expect(Ack().ack(7));
  EXPECT_EQ(s.receive(id), "abcdef");
  EXPECT_EQ(s.count(Count::urgent_segments), 3u);
}

}  // namespace
}  // namespace conker::test
