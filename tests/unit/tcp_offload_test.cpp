// Links with segmentation offload and receive coalescing: frames of many segments, both ways.
#include <gtest/gtest.h>

#include <string>

#include "stack/tcp/sack_recovery.hpp"
#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

constexpr SackRecovery kRecovery;
constexpr std::uint16_t kMss = 1000;

/// A text in which every byte depends on its offset.
std::string text_at(std::size_t from, std::size_t length) {
  std::string text(length, '\0');
  for (std::size_t i = 0; i < length; ++i)
    text[i] = static_cast<char>((from + i) * 2654435761u >> 13);
  return text;
}

class TcpOffloadTest : public ::testing::Test {
 protected:
  explicit TcpOffloadTest(Duration delayed_ack = Duration(0))
      : s(small_capacities(), with(delayed_ack), {.recovery = &kRecovery}) {
    s.link().cuts = 65535;
  }

  static Settings with(Duration delayed_ack) {
    Settings settings = plain_settings();
    settings.timestamps = settings.window_scaling = false;
    settings.delayed_ack = delayed_ack;
    return settings;
  }

  /// Opens a connection with a round trip of 20 ms.
  void open(std::uint32_t window = 65535, bool sack = true) {
    id = s.connect(80);
    s.expect(Syn().sackok());
    s.advance(20ms);
    const Segment answer = SynAck().mss(kMss).win(window);
    s.inject(sack ? answer.sackok() : answer);
    s.expect(Ack());
  }
  void send(std::size_t length) {
    EXPECT_EQ(s.send(id, text_at(written, length)), length);
    written += length;
  }
  /// Expects a frame with these bytes of the stream.
  void expect_frame(std::uint32_t from, std::uint32_t length, Where where = Where::current()) {
    s.expect(Data(text_at(from, length)).seq(1 + from), where);
  }
  static Segment ack(std::uint32_t bytes) { return Ack().ack(1 + bytes); }

  Script s;
  ConnectionId id;
  std::size_t written = 0;
};

TEST_F(TcpOffloadTest, OneFrameHasAllDataWithinTheWindows) {
  open();
  send(60000);
  expect_frame(0, 10000);  // the initial congestion window
  s.expect_nothing();
  EXPECT_EQ(s.link().cut_sizes, std::vector<std::uint16_t>{kMss});
  EXPECT_EQ(s.count(Count::segments_out), 2u + 10);  // with the SYN and the ACK of the handshake
  s.inject(ack(10000));
  expect_frame(10000, 12000);  // the growth of the window by an ACK (RFC 3465)
  s.inject(ack(22000));
  expect_frame(22000, 14000);
  s.expect_nothing();
  EXPECT_EQ(s.link().cut_sizes, (std::vector<std::uint16_t>{kMss, kMss, kMss}));
  EXPECT_EQ(s.count(Count::segments_retransmitted), 0u);
}

TEST_F(TcpOffloadTest, ThePeersWindowLimitsAFrame) {
  open(5500);
  send(20000);
  expect_frame(0, 5000);  // without the small segment of 500
  s.expect_nothing();
  s.inject(ack(5000).win(5500));
  expect_frame(5000, 5000);
  s.expect_nothing();
}

TEST_F(TcpOffloadTest, TheLastSegmentMayBeSmall) {
  open();
  send(3500);
  expect_frame(0, 3500);
  send(3500);
  expect_frame(3500, 3500);
  // Two small segments are in flight: the third waits, full ones do not.
  send(2300);
  expect_frame(7000, 2000);
  s.expect_nothing();
  s.inject(ack(9000));
  expect_frame(9000, 300);
}

TEST_F(TcpOffloadTest, OneSegmentIsNotCut) {
  open();
  send(1000);
  expect_frame(0, 1000);
  EXPECT_TRUE(s.link().cut_sizes.empty());
}

TEST_F(TcpOffloadTest, TheLastSegmentCarriesTheFin) {
  open();
  const std::string text = text_at(0, 4000);
  EXPECT_TRUE(s.stack().send(id, std::as_bytes(std::span(text))));
  EXPECT_EQ(s.shutdown(id), Error::kOk);
  s.expect(Segment(kFin | kPsh | kAck, text).seq(1));
  s.inject(ack(4000 + 1));
  s.expect_state(id, State::kFinWait2);
}

TEST_F(TcpOffloadTest, OnlyLostSegmentsAreRetransmitted) {
  open();
  send(10000);
  expect_frame(0, 10000);
  s.advance(20ms);
  // The fourth and the fifth are lost: each is retransmitted in a frame of its own.
  s.inject(ack(3000).sack({{5001, 10001}}));
  expect_frame(3000, 1000);
  s.inject(ack(3000).sack({{5001, 10001}}));
  s.advance(1ms);
  s.inject(ack(4000).sack({{5001, 10001}}));
  const auto again = s.take_all();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].sequence, 1u + 4000);
  EXPECT_EQ(again[0].data, text_at(4000, 1000));
  s.inject(ack(10000));
  s.expect_nothing();
  EXPECT_EQ(s.link().cut_sizes.size(), 1u);
}

TEST_F(TcpOffloadTest, AfterATimeoutSegmentsAreSentOneByOne) {
  open(65535, false);
  send(10000);
  expect_frame(0, 10000);
  s.expect_after(1s, Data(text_at(0, 1000)).seq(1));
  s.inject(ack(1000));
  expect_frame(1000, 1000);
  expect_frame(2000, 1000);
  s.inject(ack(10000));
  s.expect_nothing();
  EXPECT_EQ(s.link().cut_sizes.size(), 1u);
}

TEST_F(TcpOffloadTest, ABusyLinkDelaysAFrame) {
  open();
  s.link().busy = true;
  send(8000);
  s.expect_nothing();
  s.link().busy = false;
  s.turn();
  expect_frame(0, 8000);
}

TEST_F(TcpOffloadTest, LinksWithoutOffloadGetSegments) {
  s.link().cuts = 0;
  open();
  send(10000);
  for (std::uint32_t at = 0; at < 10000; at += kMss) expect_frame(at, kMss);
  s.link().cuts = 4080;
  send(10000);
  s.inject(ack(10000));
  for (std::uint32_t at = 10000; at < 19000; at += 3000) expect_frame(at, 3000);
  expect_frame(19000, 1000);
  EXPECT_TRUE(s.link().cut_sizes == std::vector<std::uint16_t>(3, kMss));
}

TEST_F(TcpOffloadTest, ManySegmentsInOneFrame) {
  open();
  s.inject(Data(text_at(0, 40000)));
  s.expect(Ack().ack(1 + 40000));
  s.expect_nothing();
  EXPECT_EQ(s.receive(id), text_at(0, 40000));
  s.skip();  // the window opens again
  // Only bytes within the window are accepted.
  s.inject(Data(text_at(40000, 60000)));
  s.inject(Data(text_at(100000, 20000)));
  EXPECT_EQ(s.info(id).receive_queue, 65535u);
  EXPECT_EQ(s.receive(id), text_at(40000, 65535));
  s.skip();
}

TEST_F(TcpOffloadTest, ManyOutOfOrderSegmentsInOneFrame) {
  open();
  s.inject(Data(text_at(20000, 20000)).seq(1 + 20000));
  s.expect(Ack().ack(1).sack({{20001, 40001}}));
  s.inject(Data(text_at(10000, 20000)).seq(1 + 10000));
  s.take_all();
  s.inject(Data(text_at(0, 10000)).seq(1));
  s.expect(Ack().ack(1 + 40000));
  EXPECT_EQ(s.receive(id), text_at(0, 40000));
  s.skip();
}

class TcpOffloadDelayedAckTest : public TcpOffloadTest {
 protected:
  TcpOffloadDelayedAckTest() : TcpOffloadTest(40ms) {}
};

TEST_F(TcpOffloadDelayedAckTest, OneAckForAFrameAndOneForABatch) {
  open();
  std::size_t at = 0;
  const auto next = [&] {
    const Segment data = Data(text_at(at, 8000));
    at += 8000;
    return data;
  };
  for (int i = 0; i < 20; ++i) {  // past the quick ACKs at the beginning
    s.inject(next());
    s.expect(Ack().ack(static_cast<std::uint32_t>(1 + at)));
    (void)s.receive(id);
    s.skip();
  }
  s.inject(std::vector{next(), next(), next()});
  s.expect(Ack().ack(static_cast<std::uint32_t>(1 + at)));
  s.expect_nothing_for(1s);
}

}  // namespace
}  // namespace conker::test
