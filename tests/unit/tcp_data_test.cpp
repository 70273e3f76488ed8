// Data in both directions: order, windows, segmentation (RFC 9293, 3.8 and 3.10.7.4).
#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

std::string pattern(std::size_t length) {
  std::string text(length, '\0');
  for (std::size_t i = 0; i < length; ++i) text[i] = static_cast<char>('a' + i * 7 % 26);
  return text;
}

// ---- Receiving ----

TEST(TcpReceiveTest, InOrder) {
  Script s;
  const auto id = s.established();
  s.inject(Data("abc"));
  s.expect(Ack().seq(1).ack(4).win(65532));
  s.expect_events(id, Event::kReadable);
  EXPECT_EQ(s.info(id).receive_queue, 3u);
  EXPECT_EQ(s.receive(id, 2), "ab");
  EXPECT_EQ(s.receive(id), "c");
  s.expect_nothing_for(1h);
}

TEST(TcpReceiveTest, OneAckForABatch) {
  Script s;
  const auto id = s.established();
  s.inject({Data("one "), Data("two "), Data("three")});
  s.expect(Ack().ack(14));
  s.expect_nothing();
  EXPECT_EQ(s.receive(id), "one two three");
}

TEST(TcpReceiveTest, DataCarriesTheAck) {
  Script s;
  const auto id = s.established();
  s.on_event = [&](const Event& event) {
    if (event.has(Event::kReadable)) (void)s.stack().send(id, std::as_bytes(std::span("pong", 4)));
  };
  s.inject(Data("ping"));
  s.expect(Data("pong").seq(1).ack(5));
  s.expect_nothing();
  s.inject(Ack());
}

TEST(TcpReceiveTest, OutOfOrderDataIsKept) {
  Script s;
  const auto id = s.established();
  s.inject(Data("ef").seq(5));
  s.expect(Ack().ack(1));
  s.inject(Data("cd").seq(3));
  s.expect(Ack().ack(1));
  EXPECT_EQ(s.info(id).out_of_order, 4u);
  EXPECT_EQ(s.receive(id), "");
  s.expect_events(id, 0);
  s.inject(Data("ab").seq(1));
  s.expect(Ack().ack(7));
  EXPECT_EQ(s.receive(id), "abcdef");
  EXPECT_EQ(s.info(id).out_of_order, 0u);
}

TEST(TcpReceiveTest, EachOutOfOrderSegmentGetsADuplicateAck) {
  Script s;
  (void)s.established();
  s.inject({Data("b").seq(2), Data("c").seq(3), Data("d").seq(4)});
  // The peer counts duplicate ACKs to detect the loss (RFC 5681, 4.2).
  for (int i = 0; i < 3; ++i) s.expect(Ack().ack(1));
  s.expect_nothing();
}

TEST(TcpReceiveTest, Overlaps) {
  Script s;
  const auto id = s.established();
  s.inject(Data("abcd").seq(1));
  s.expect(Ack().ack(5));
  s.inject(Data("cdef").seq(3));
  s.expect(Ack().ack(7));
  s.inject(Data("ijkl").seq(9));
  s.expect(Ack().ack(7));
  s.inject(Data("ghij").seq(7));
  s.expect(Ack().ack(13));
  EXPECT_EQ(s.receive(id), "abcdefghijkl");
}

TEST(TcpReceiveTest, HolesInEveryOrder) {
  const std::string text = pattern(12);
  std::vector<std::uint32_t> order{0, 1, 2, 3};
  do {
    Script s;
    const auto id = s.established();
    for (const std::uint32_t piece : order)
      s.inject(Data(text.substr(piece * 3, 3)).seq(1 + piece * 3));
    const auto acks = s.take_all();
    EXPECT_EQ(acks.back().acknowledgment, 13u);
    EXPECT_EQ(s.receive(id), text);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(TcpReceiveTest, DuplicatesAreAcknowledgedAndNotDelivered) {
  Script s;
  const auto id = s.established();
  s.inject(Data("once").seq(1));
  s.expect(Ack().ack(5));
  s.inject(Data("once").seq(1));
  s.expect(Ack().ack(5));
  EXPECT_EQ(s.receive(id), "once");
  s.inject(Data("e").seq(4));
  s.expect(Ack().ack(5));
  EXPECT_EQ(s.receive(id), "");
}

TEST(TcpReceiveTest, DataBeyondTheWindowIsDropped) {
  Settings settings = plain_settings();
  settings.receive_buffer = 10;
  Script s(small_capacities(), settings);
  const auto id = s.connect(80);
  s.expect(Syn().win(10));
  s.inject(SynAck());
  s.expect(Ack().win(10));
  s.inject(Data("x").seq(11));
  s.expect(Ack().ack(1));
  s.inject(Data("0123456789ABCDEF").seq(1));
  s.expect(Ack().ack(11).win(0));
  s.inject(Data("A").seq(11));
  s.expect(Ack().ack(11).win(0));
  EXPECT_EQ(s.receive(id, 10), "0123456789");
  s.expect(Ack().ack(11).win(10));
  s.inject(Data("A").seq(11));
  s.expect(Ack().ack(12).win(9));
  EXPECT_EQ(s.receive(id), "A");
}

TEST(TcpReceiveTest, TheWindowNeverShrinks) {
  Settings settings = plain_settings();
  settings.receive_buffer = 4000;
  Script s(small_capacities(), settings);
  const auto id = s.established();
  std::uint32_t edge = 4001;
  for (int round = 0; round < 50; ++round) {
    s.inject(Data(pattern(100 + round * 13 % 300)));
    if (round % 3 == 2) (void)s.receive(id, round * 37 % 900);
    for (const auto& ack : s.take_all()) {
      const std::uint32_t now = *ack.acknowledgment + *ack.announced;
      EXPECT_GE(now, edge) << "RFC 9293, 3.8.6";
      edge = now;
    }
    if (s.info(id).receive_queue > 3000) (void)s.receive(id, 2000);
  }
  s.skip();
}

TEST(TcpReceiveTest, SillyWindowAvoidance) {
  Settings settings = plain_settings();
  settings.receive_buffer = 4000;
  Script s(small_capacities(), settings);
  const auto id = s.established();
  s.inject({Data(pattern(1460)), Data(pattern(1460)), Data(pattern(1080))});
  s.expect(Ack().ack(4001).win(0));
  for (int i = 0; i < 100; ++i) (void)s.receive(id, 10);
  s.expect_nothing();  // RFC 9293, 3.8.6.2.2: less than a segment and half of the buffer
  (void)s.receive(id, 500);
  s.expect(Ack().win(1500));
}

TEST(TcpReceiveTest, AnEmptyPoolDropsArrivingDataOnly) {
  Capacities capacities = small_capacities();
  capacities.chunks = 3;
  Script s(capacities);
  const auto id = s.established();
  s.inject({Data(pattern(1460)), Data(pattern(1460)), Data(pattern(1460))});
  s.skip();
  const std::uint32_t got = s.info(id).receive_queue;
  EXPECT_GE(got, 2920u);
  EXPECT_EQ(s.receive(id).size(), got);
  s.skip();
  s.inject(Data(pattern(1460)).seq(1 + got));
  s.expect(Ack().ack(1 + got + 1460));
  EXPECT_EQ(s.receive(id), pattern(1460));
  s.skip();
}

TEST(TcpReceiveTest, SequenceNumbersWrap) {
  Script s;  // the peer's numbers begin 4096 before the wrap
  const auto id = s.established();
  std::string all;
  for (int i = 0; i < 10; ++i) {
    s.inject(Data(pattern(1000)));
    all += pattern(1000);
    s.expect(Ack().ack(static_cast<std::uint32_t>(1 + all.size())));
  }
  EXPECT_EQ(s.receive(id), all);
}

// ---- Sending ----

TEST(TcpSendTest, SegmentsHaveThePeersMss) {
  Script s;
  const auto id = s.established(80, 500);
  const std::string text = pattern(1200);
  EXPECT_EQ(s.send(id, text), 1200u);
  s.expect(Data(text.substr(0, 500)).seq(1).ack(1));
  s.expect(Data(text.substr(500, 500)).seq(501));
  s.expect(Data(text.substr(1000)).seq(1001));
  EXPECT_EQ(s.info(id).send_queue, 1200u);
  s.inject(Ack());
  EXPECT_EQ(s.info(id).send_queue, 0u);
  s.expect_nothing_for(1h);
}

TEST(TcpSendTest, SegmentsFitTheInterfacesMtu) {
  Script s;
  const auto id = s.established(80, 9000);
  EXPECT_EQ(s.send(id, pattern(2000)), 2000u);
  s.expect(Data(pattern(2000).substr(0, 1460)));
  s.expect(Data(pattern(2000).substr(1460)));
  s.inject(Ack());
}

// A packet has room for a number of pieces, which small chunks reach before the MSS.
TEST(TcpSendTest, SegmentsFitThePiecesOfAPacket) {
  Capacities capacities = small_capacities();
  capacities.chunk_bytes = 128;
  capacities.pieces = 8;
  Script s(capacities);
  const auto id = s.established();
  const std::string text = pattern(1000);
  EXPECT_EQ(*s.stack().send(id, std::as_bytes(std::span(text))),
            1000u);  // and no turn before the close
  EXPECT_EQ(s.close(id), Error::kOk);
  s.expect(Data(text.substr(0, 768)).seq(1));
  s.expect(Data(text.substr(768)).seq(769).also(kFin));
  s.inject(Fin());
  s.expect(Ack());
  s.expect_ended(id, CloseReason::kClosed);
}

TEST(TcpSendTest, ThePeersWindowIsRespected) {
  Script s;
  const auto id = s.established(80, 1460, 1000);
  const std::string text = pattern(2500);
  EXPECT_EQ(s.send(id, text), 2500u);
  s.expect(Data(text.substr(0, 1000)));
  s.expect_nothing();
  s.inject(Ack().win(1000));
  s.expect(Data(text.substr(1000, 1000)).seq(1001));
  s.inject(Ack().win(1000));
  s.expect(Data(text.substr(2000)).seq(2001));
  s.inject(Ack());
}

TEST(TcpSendTest, AWindowMayShrink) {
  Script s;
  const auto id = s.established(80, 1000, 4000);
  const std::string text = pattern(4000);
  EXPECT_EQ(s.send(id, text), 4000u);
  EXPECT_EQ(s.take_all().size(), 4u);
  s.inject(Ack().ack(1001).win(500));  // the right edge moves back
  s.expect_nothing();
  s.inject(Ack().ack(4001).win(500));
  EXPECT_EQ(s.send(id, "on"), 2u);
  s.expect(Data("on").seq(4001));
  s.inject(Ack());
}

TEST(TcpSendTest, AFullSendBufferReportsWritableOnceThereIsRoom) {
  Settings settings = plain_settings();
  settings.send_buffer = 1000;
  Script s(small_capacities(), settings);
  const auto id = s.established();
  EXPECT_EQ(s.send(id, pattern(1500)), 1000u);
  s.expect(Data(pattern(1000)));
  EXPECT_EQ(s.send(id, "x"), 0u);
  s.expect_events(id, 0);
  s.inject(Ack());
  s.expect_events(id, Event::kWritable);
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.expect(Data("x").seq(1001));
  s.inject(Ack());
  s.expect_events(id, 0);
}

// ---- The send queue's limit beyond the data in flight ----

constexpr std::uint32_t kMostUnsent = 256 << 10;

Capacities many_chunks() {
  Capacities capacities = small_capacities();
  capacities.chunks = 4096;
  return capacities;
}

Settings large_queue() {
  Settings settings = plain_settings();
  settings.send_buffer = 1 << 20;
  return settings;
}

/// A peer whose window never closes, with a congestion window that has grown beyond 300 KB.
ConnectionId wide_open(Script& s) {
  const auto id = s.connect(80);
  s.expect(Syn());
  s.inject(SynAck().mss(1460).wscale(7).win(65535));
  s.skip();
  while (s.info(id).cwnd < 300'000) {
    (void)s.send(id, pattern(kMostUnsent));
    s.skip();
    s.inject(Ack().win(65535));
  }
  while (s.info(id).send_queue > 0) {
    s.skip();
    s.inject(Ack().win(65535));
  }
  s.expect_events(id, Event::kConnected | Event::kWritable);
  return id;
}

TEST(TcpSendTest, DataBeyondTheWindowIsQueuedUpToALimit) {
  Script s(many_chunks(), large_queue());
  const auto id = s.established();
  EXPECT_EQ(s.send(id, pattern(1'000'000)), kMostUnsent);
  s.expect_events(id, 0);
  const auto window = [&] { return std::min(s.info(id).cwnd, s.info(id).snd_wnd); };
  for (std::uint32_t queued = kMostUnsent; queued >= window();) {
    s.expect_events(id, 0);  // the data could not leave
    s.skip();
    s.inject(Ack());
    ASSERT_LT(s.info(id).send_queue, queued);
    queued = s.info(id).send_queue;
  }
  s.expect_events(id, Event::kWritable);
  EXPECT_GT(s.info(id).send_queue, 0u) << "while there is still something for the window";
  s.skip();
}

TEST(TcpSendTest, WritableComesInTheTurnInWhichTheQueueLeaves) {
  Script s(many_chunks(), large_queue());
  const auto id = wide_open(s);
  EXPECT_EQ(s.send(id, pattern(1'000'000)), kMostUnsent);
  s.expect_events(id, Event::kWritable);
  EXPECT_EQ(s.info(id).send_queue, kMostUnsent) << "no ACK was needed";
  s.skip();
}

TEST(TcpSendTest, DataWrittenLeavesBeforeWritableComesAgain) {
  Script s(many_chunks(), large_queue());
  const auto first = wide_open(s);
  const auto flow = s.speaking_for();
  const auto second = s.established(81);
  s.speak_for(flow);
  const std::string text = pattern(kMostUnsent);
  std::uint64_t sent_by_then = 0;
  s.on_event = [&](const Event& event) {
    if (event.connection == first) {
      EXPECT_TRUE(s.stack().send(first, std::as_bytes(std::span(text))));
      EXPECT_EQ(s.stack().abort(second), Error::kOk);  // an event of another connection
    } else {
      sent_by_then = s.count(Count::segments_out);
    }
  };
  const std::uint64_t before = s.count(Count::segments_out);
  s.inject(Data("x"));
  s.expect_ended(second, CloseReason::kAborted);
  EXPECT_GE(sent_by_then, before + kMostUnsent / 1460)
      << "so much is not kept until it is out of the cache";
  s.forget();
}

TEST(TcpSendTest, AnEventForTheNextTurnSurvivesAFullTable) {
  Capacities capacities = many_chunks();
  capacities.connections = 2;
  Script s(capacities, large_queue());
  const auto first = wide_open(s);
  const auto flow = s.speaking_for();
  const auto second = s.established(81);
  s.speak_for(flow);
  const std::string text = pattern(kMostUnsent);
  ConnectRequest third;
  third.remote = {kPeerAddress, Port{82}};
  s.on_event = [&](const Event& event) {
    if (event.connection != first) return;
    EXPECT_EQ(s.stack().abort(second), Error::kOk);
    EXPECT_TRUE(s.stack().send(first, std::as_bytes(std::span(text))));
    EXPECT_EQ(s.stack().connect(third).error(), Error::kTableFull);
  };
  s.inject(Data("x"));
  s.expect_ended(second, CloseReason::kAborted);
  EXPECT_EQ(s.count(Count::events_lost), 0u);
  s.forget();
}

TEST(TcpSendTest, AnEmptyPoolReportsWritableOnceThereIsRoom) {
  Capacities capacities = small_capacities();
  capacities.chunks = 3;
  Script s(capacities);
  const auto id = s.established();
  EXPECT_EQ(s.send(id, pattern(3000)), 2048u);
  s.skip();
  s.inject(Ack());
  s.expect_events(id, Event::kWritable);
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.expect(Data("x"));
  s.inject(Ack());
}

TEST(TcpSendTest, QueuedDataLeavesChunksForArrivingData) {
  Capacities capacities = small_capacities();
  capacities.chunks = 8;
  Script s(capacities);
  ConnectionId id;
  for (std::uint16_t port = 80; port < 86; ++port) {
    id = s.established(port, 1460, 0);  // peers with a closed window
    EXPECT_GT(s.send(id, pattern(8 * 2048)), 0u);
  }
  EXPECT_EQ(s.stack().chunks().free(), 2u);
  s.inject({Data("behind a hole").seq(2), Data("b").seq(1)});
  s.skip();
  EXPECT_EQ(s.receive(id), "b");
  s.inject(Data("ehind a hole").seq(2));
  s.skip();
  EXPECT_EQ(s.receive(id), "ehind a hole");
}

TEST(TcpSendTest, ABusyLinkDelaysData) {
  Script s;
  const auto id = s.established();
  s.link().busy = true;
  EXPECT_EQ(s.send(id, "patience"), 8u);
  s.expect_nothing();
  s.link().busy = false;
  s.turn();
  s.expect(Data("patience").seq(1));
  s.inject(Ack());
}

TEST(TcpSendTest, DataWrittenBeforeTheHandshakeFollowsIt) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn());
  EXPECT_EQ(s.send(id, "early"), 5u);
  s.expect_nothing();
  s.inject(SynAck());
  s.expect(Data("early").seq(1).ack(1));
  s.inject(Ack());
}

// ---- A closed window (RFC 9293, 3.8.6.1) ----

TEST(TcpSendTest, AClosedWindowIsProbed) {
  Script s;
  const auto id = s.established(80, 1460, 0);
  EXPECT_EQ(s.send(id, "hello"), 5u);
  s.expect_after(1s, Data("h").seq(1));
  s.inject(Ack().ack(1).win(0));
  s.expect_after(2s, Data("h").seq(1));
  s.inject(Ack().ack(1).win(0));
  s.expect_after(4s, Data("h").seq(1));
  s.inject(Ack().ack(1).win(100));
  s.expect(Data("hello").seq(1));
  s.inject(Ack());
  s.expect_nothing_for(1h);
  EXPECT_EQ(s.count(Count::zero_window_probes), 3u);
}

TEST(TcpSendTest, UnansweredWindowProbesAreGivenUp) {
  Settings settings = plain_settings();
  settings.retransmits = 3;
  Script s(small_capacities(), settings);
  const auto id = s.established(80, 1460, 0);
  EXPECT_EQ(s.send(id, "hello"), 5u);
  s.advance(60s);
  s.skip();
  s.expect_ended(id, CloseReason::kTimedOut);
}

TEST(TcpSendTest, AnAcceptedWindowProbeIsAcknowledged) {
  Script s;
  const auto id = s.established(80, 1460, 0);
  EXPECT_EQ(s.send(id, "hello"), 5u);
  s.expect_after(1s, Data("h").seq(1));
  s.inject(Ack().ack(2).win(0));
  EXPECT_EQ(s.info(id).send_queue, 4u);
  s.advance(61s);
  for (const auto& probe : s.take_all()) EXPECT_EQ(probe.data, "e");
  s.inject(Ack().ack(2).win(1000));
  s.expect(Data("ello").seq(2));
  s.inject(Ack());
}

// Otherwise two ends whose windows are both closed refuse each other's ACKs for ever.
TEST(TcpSendTest, AcksAndResetsBehindAWindowProbeStayWithinTheWindow) {
  Script s;
  const auto id = s.established(80, 1460, 0);
  EXPECT_EQ(s.send(id, "hello"), 5u);
  s.expect_after(1s, Data("h").seq(1));
  s.inject(Data("abc").seq(1).ack(1).win(0));
  s.expect(Ack().seq(1).ack(4));
  EXPECT_EQ(s.abort(id), Error::kOk);
  s.expect(RstAck().seq(1));
}

TEST(TcpSendTest, TheWindowOfANewAckCountsWhereverItsSegmentBegins) {
  Script s;
  const auto id = s.established(80, 1460, 1000);
  const std::string text = pattern(2500);
  EXPECT_EQ(s.send(id, text), 2500u);
  s.expect(Data(text.substr(0, 1000)));
  s.inject(Data("b").seq(2).ack(1).win(1000));  // out of order
  s.expect(Ack().ack(1));
  s.inject(Data("a").seq(1).ack(601).win(400));  // fills the hole
  s.expect(Ack().ack(3));
  s.expect_nothing();
  EXPECT_EQ(s.info(id).snd_wnd, 400u);
}

TEST(TcpSendTest, OldWindowUpdatesAreIgnored) {
  Script s;
  const auto id = s.established(80, 1460, 100);
  s.inject({Data("a").win(100), Data("b").win(50)});
  s.skip();
  s.inject(Data("a").seq(1).ack(1).win(9999));  // the first segment again, late and with wrong data
  s.skip();
  EXPECT_EQ(s.info(id).snd_wnd, 50u) << "SND.WL1 (RFC 9293, 3.10.7.4)";
}

}  // namespace
}  // namespace conker::test
