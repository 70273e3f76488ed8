// Loss recovery with SACK: RFC 2018, 6675, 8985 (RACK-TLP), 9937 (PRR), 5682 (F-RTO).
#include <gtest/gtest.h>

#include <string>

#include "stack/tcp/cubic.hpp"
#include "stack/tcp/sack_recovery.hpp"
#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

constexpr SackRecovery kRecovery;
constexpr Cubic kCubic;
constexpr std::uint16_t kMss = 1000;

class SackSender : public testing::Test {
 protected:
  explicit SackSender(const Settings& settings = quiet(),
                      const Capacities& capacities = small_capacities())
      : s(capacities, settings, {.cubic = &kCubic, .recovery = &kRecovery}) {}

  static Settings quiet() {
    Settings settings = plain_settings();
    settings.timestamps = settings.window_scaling = false;
    settings.rto_min = 200ms;
    return settings;
  }

  /// An established connection with a round trip of 20 ms and `segments` segments in flight.
  void send_segments(std::uint32_t segments) {
    id = s.connect(80);
    s.expect(Syn().sackok());
    s.advance(20ms);
    s.inject(SynAck().mss(kMss).sackok());
    s.expect(Ack());
    ASSERT_EQ(s.send(id, std::string(segments * kMss, 'x')), segments * kMss);
    for (std::uint32_t i = 0; i < segments; ++i) expect_segment(i);
    s.expect_nothing();
  }

  static std::uint32_t seq_of(std::uint32_t segment) { return 1 + segment * kMss; }
  void expect_segment(std::uint32_t segment, Where where = Where::current()) {
    s.expect(Data(std::string(kMss, 'x')).seq(seq_of(segment)), where);
  }
  /// An ACK up to segment `next`, with SACK blocks for the segments of each range.
  static Segment acks(std::uint32_t next,
                      std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges = {}) {
    for (auto& [left, right] : ranges) {
      left = seq_of(left);
      right = seq_of(right);
    }
    return Ack().ack(seq_of(next)).sack(std::move(ranges));
  }

  Script s;
  ConnectionId id;
};

TEST_F(SackSender, ThreeSackedSegmentsCauseARetransmission) {  // RFC 6675, 4; RFC 8985, 6.2 step 4
  send_segments(8);
  s.advance(20ms);
  s.inject(acks(0, {{1, 2}}));
  s.inject(acks(0, {{1, 3}}));
  s.expect_nothing();
  s.inject(acks(0, {{1, 4}}));
  expect_segment(0);
  s.expect_nothing();
  EXPECT_EQ(s.stack().counters()[Count::fast_retransmits], 1u);
  s.inject(acks(8));
  s.expect_nothing_for(5s);
  EXPECT_EQ(s.info(id).retransmits, 1u);
}

TEST_F(SackSender, AllHolesAreRepairedInOneRoundTrip) {
  send_segments(10);
  s.advance(20ms);
  // 0, 3 and 6 are lost; the rest arrives.
  s.inject({acks(0, {{1, 3}}), acks(0, {{4, 6}, {1, 3}}), acks(0, {{7, 10}, {4, 6}, {1, 3}})});
  expect_segment(0);
  s.skip();  // 3 and 6, as PRR allows
  s.inject(acks(3, {{7, 10}, {4, 6}}));
  s.inject(acks(6, {{7, 10}}));
  s.inject(acks(10));
  EXPECT_EQ(s.info(id).retransmits, 3u);
  EXPECT_EQ(s.info(id).send_queue, 0u);
  EXPECT_EQ(s.stack().counters()[Count::retransmit_timeouts], 0u);
}

// RFC 8985, 3.3: reordering by less than a quarter of the RTT.
TEST_F(SackSender, ReorderedSegmentsAreNotRetransmitted) {
  send_segments(4);
  s.advance(20ms);
  s.inject(acks(0, {{1, 2}}));
  s.advance(3ms);
  s.inject(acks(4));
  s.expect_nothing_for(5s);
  EXPECT_EQ(s.info(id).retransmits, 0u);
}

TEST_F(SackSender, TheReorderingTimerMarksSegmentsLost) {  // RFC 8985, 6.2 step 5
  send_segments(4);
  s.advance(20ms);
  s.inject(acks(0, {{1, 2}}));
  s.expect_after(5ms, Data(std::string(kMss, 'x')).seq(seq_of(0)));
  s.inject(acks(4));
}

// RFC 8985, 7.3: after two round trips, the last segment again.
TEST_F(SackSender, ALostTailCausesATailLossProbe) {
  send_segments(4);
  s.advance(20ms);
  s.inject(acks(2));
  s.expect_after(40ms, Data(std::string(kMss, 'x')).seq(seq_of(3)));
  EXPECT_EQ(s.stack().counters()[Count::tail_loss_probes], 1u);
  // The ACK of the probe shows what is missing.
  s.advance(20ms);
  s.inject(acks(2, {{3, 4}}));
  expect_segment(2);
  s.inject(acks(4));
  EXPECT_EQ(s.stack().counters()[Count::retransmit_timeouts], 0u);
}

TEST_F(SackSender, ALossRepairedByTheProbeHalvesTheWindow) {  // RFC 8985, 7.4.2
  send_segments(4);
  s.advance(20ms);
  s.inject(acks(2));
  s.expect_after(40ms, Data(std::string(kMss, 'x')).seq(seq_of(3)));
  const auto before = s.info(id).cwnd;
  s.send(id, std::string(kMss, 'y'));
  s.expect(Data(std::string(kMss, 'y')).seq(seq_of(4)));
  s.advance(20ms);
  s.inject(acks(5));  // no D-SACK, so the segment that the probe repeated was lost
  EXPECT_LT(s.info(id).cwnd, before);
  EXPECT_EQ(s.info(id).ssthresh, 2u * kMss);  // three were in flight
  EXPECT_EQ(s.stack().counters()[Count::retransmit_timeouts], 0u);
}

TEST_F(SackSender, SegmentsThatABusyLinkRefusesAreNotInFlight) {
  send_segments(1);
  s.inject(acks(1));
  s.link().busy = true;
  s.send(id, "kept back");
  s.inject(acks(1).win(0));
  s.link().busy = false;
  s.turn();
  s.expect_nothing();
  EXPECT_FALSE(s.info(id).tracked);
  s.expect_after(200ms, Segment(kAck, "k").seq(seq_of(1)));  // a window probe (RFC 9293, 3.8.6.1)
}

TEST_F(SackSender, ADsackOfTheProbeKeepsTheWindow) {  // RFC 8985, 7.4.2
  send_segments(4);
  s.advance(20ms);
  s.inject(acks(2));
  s.expect_after(40ms, Data(std::string(kMss, 'x')).seq(seq_of(3)));
  const auto before = s.info(id).cwnd;
  s.inject(acks(4));  // of the first transmission, which was only delayed
  EXPECT_GE(s.info(id).cwnd, before);
}

// RFC 9293, 3.10.7.4: any byte may be the next.
TEST_F(SackSender, AnAckInTheMiddleOfASegmentLeavesTheRestInFlight) {
  send_segments(4);
  s.advance(20ms);
  s.inject(Ack().ack(seq_of(1) + 400));
  EXPECT_EQ(s.info(id).send_queue, 2600u);
  s.expect_nothing();
  // The retransmission begins where the ACK ended.
  s.inject(Ack().ack(seq_of(1) + 400).sack({{seq_of(2), seq_of(4)}}));
  s.skip();
  s.expect_nothing_for(5ms);
  s.inject(acks(4));
  s.expect_nothing_for(5s);
  EXPECT_EQ(s.info(id).send_queue, 0u);
}

TEST_F(SackSender, AnAckInTheMiddleOfASackedSegment) {
  send_segments(4);
  s.advance(20ms);
  s.inject(acks(0, {{1, 3}}));
  s.inject(Ack().ack(seq_of(1) + 400).sack({{seq_of(1) + 400, seq_of(3)}}));
  s.skip();
  s.inject(acks(4));
  s.expect_nothing_for(5s);
  EXPECT_EQ(s.info(id).send_queue, 0u);
}

TEST_F(SackSender, TheProbePrefersNewData) {  // RFC 8985, 7.3
  send_segments(10);                          // the whole initial window
  ASSERT_EQ(s.send(id, std::string(kMss, 'x')), kMss);
  s.expect_nothing();
  s.expect_after(40ms, Data(std::string(kMss, 'x')).seq(seq_of(10)));
  s.inject(acks(11));
  EXPECT_EQ(s.info(id).retransmits, 0u);
}

TEST_F(SackSender, AnUnansweredProbeIsFollowedByTheTimeout) {
  send_segments(2);
  s.expect_after(40ms, Data(std::string(kMss, 'x')).seq(seq_of(1)));
  s.expect_after(200ms, Data(std::string(kMss, 'x')).seq(seq_of(0)));
  EXPECT_EQ(s.stack().counters()[Count::retransmit_timeouts], 1u);
  EXPECT_EQ(s.info(id).cwnd, kMss);
  s.inject(acks(2));
}

TEST_F(SackSender, ASpuriousTimeoutIsUndone) {  // RFC 5682, 3.1
  send_segments(6);
  const std::uint32_t before = s.info(id).cwnd;
  s.expect_after(40ms, Data(std::string(kMss, 'x')).seq(seq_of(5)));
  s.expect_after(200ms, Data(std::string(kMss, 'x')).seq(seq_of(0)));
  EXPECT_EQ(s.info(id).cwnd, kMss);
  // The path was slow, nothing was lost: ACKs arrive of segments that were sent only once.
  s.inject(acks(3));
  EXPECT_EQ(s.stack().counters()[Count::spurious_timeouts], 1u);
  EXPECT_GE(s.info(id).cwnd, before);
  s.inject(acks(6));
  s.expect_nothing_for(5s);
  EXPECT_EQ(s.info(id).retransmits, 2u);
}

TEST_F(SackSender, TheDelayAfterALostAckIsNoRttSample) {
  send_segments(3);  // the peer receives them, and its ACKs are lost
  s.expect_after(40ms, Data(std::string(kMss, 'x')).seq(seq_of(2)));
  s.expect_after(200ms, Data(std::string(kMss, 'x')).seq(seq_of(0)));
  s.advance(20ms);
  s.inject(acks(3));
  EXPECT_EQ(s.info(id).srtt, 20ms);
}

class SackSenderWithTimestamps : public SackSender {
 protected:
  explicit SackSenderWithTimestamps(Duration round_trip = 100ms) : SackSender(settings()) {
    id = s.connect(80);
    s.expect(Syn());
    s.flow().timestamp = 1000;
    s.advance(round_trip);
    s.inject(SynAck().mss(kMss + 12).sackok());  // of which timestamps take 12
    s.expect(Ack());
  }

  static Settings settings() {
    Settings settings = quiet();
    settings.timestamps = true;
    return settings;
  }
};

TEST_F(SackSenderWithTimestamps, TheEchoTellsWhichTransmissionAnAckIsFor) {  // RFC 7323, 4.1; Karn
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.expect(Data("x"));
  s.expect_after(300ms, Data("x"));
  s.advance(60ms);
  s.inject(Ack());
  EXPECT_EQ(s.info(id).srtt, 95ms);

  const Duration rto = s.info(id).rto;
  EXPECT_EQ(s.send(id, "y"), 1u);
  s.expect(Data("y"));
  const std::uint32_t first = s.flow().timestamp_seen;
  s.expect_after(rto, Data("y"));
  s.inject(
      Ack().ts(1000, first));  // late, or of a retransmission: it may have taken this long or not
  EXPECT_EQ(s.info(id).srtt, 95ms);
  EXPECT_EQ(s.info(id).rto, 2 * rto);
}

class SackSenderWithinATick : public SackSenderWithTimestamps {
 protected:
  SackSenderWithinATick() : SackSenderWithTimestamps(300us) {}
};

TEST_F(SackSenderWithinATick, TheEchoTellsNothingWithinOneTick) {
  EXPECT_EQ(s.send(id, std::string(4 * kMss, 'x')), 4u * kMss);
  s.skip();
  s.advance(300us);
  s.inject(acks(0, {{1, 4}}));
  expect_segment(0);
  s.advance(5us);
  s.inject(acks(4));  // was only reordered
  EXPECT_EQ(s.info(id).srtt, 300us);
}

class SackSenderOfMuch : public SackSender {
 protected:
  SackSenderOfMuch() : SackSender(settings(), capacities()) {}
  static Settings settings() {
    Settings settings = quiet();
    settings.window_scaling = true;
    settings.send_buffer = 1 << 20;
    return settings;
  }
  static Capacities capacities() {
    Capacities capacities = small_capacities();
    capacities.chunks = 2048;
    return capacities;
  }
  std::uint32_t in_flight() { return s.info(id).snd_nxt - s.info(id).snd_una; }
  std::uint32_t unsent() { return s.info(id).send_queue - in_flight(); }
};

// The data that is kept until a hole is filled exceeds the halved window, and stops no
// transmission.
TEST_F(SackSenderOfMuch, WritableComesDuringRecovery) {
  id = s.connect(80);
  s.expect(Syn().sackok());
  s.advance(20ms);
  s.inject(SynAck().mss(kMss).sackok().wscale(7).win(65535));
  s.skip();
  ASSERT_EQ(s.send(id, std::string(1'000'000, 'x')), 256u << 10);
  std::uint32_t next = 0;
  while (unsent() > 3 * kMss) {
    s.advance(20ms);
    s.inject(acks(++next).win(65535));
    s.skip();
  }
  s.expect_events(id, Event::kConnected);
  const std::uint32_t hole = next, out = in_flight() / kMss;
  ASSERT_GT(out, 40u);
  s.advance(20ms);
  for (std::uint32_t sacked = 1; sacked < out; ++sacked) {
    s.inject(acks(hole, {{hole + 1, hole + 1 + sacked}}).win(65535));
    s.skip();
  }
  s.expect_events(id, Event::kWritable);
  EXPECT_EQ(unsent(), 0u);
}

TEST_F(SackSender, AGenuineTimeoutRetransmitsAllAsTheWindowGrows) {
  send_segments(6);
  s.expect_after(40ms, Data(std::string(kMss, 'x')).seq(seq_of(5)));
  s.expect_after(200ms, Data(std::string(kMss, 'x')).seq(seq_of(0)));
  s.inject(acks(1));
  expect_segment(1);
  expect_segment(2);
  s.inject(acks(3));
  s.skip();
  s.inject(acks(6));
  EXPECT_EQ(s.info(id).send_queue, 0u);
  EXPECT_EQ(s.stack().counters()[Count::spurious_timeouts], 0u);
}

TEST_F(SackSender, RenegedDataIsRetransmitted) {  // RFC 2018, 8: reneging
  send_segments(4);
  s.advance(20ms);
  s.inject(acks(0, {{1, 4}}));
  expect_segment(0);
  s.inject(acks(1));  // without SACK blocks for the rest
  s.expect_after(200ms, Data(std::string(kMss, 'x')).seq(seq_of(1)));
  s.inject(acks(2));
  expect_segment(2);
  expect_segment(3);
  s.inject(acks(4));
  EXPECT_EQ(s.info(id).send_queue, 0u);
}

TEST_F(SackSender, InvalidBlocksAreIgnored) {  // RFC 2018, 8
  send_segments(4);
  s.advance(20ms);
  s.inject(Ack().ack(1).sack({{seq_of(3), seq_of(2)}}));            // backwards
  s.inject(Ack().ack(1).sack({{seq_of(2), seq_of(2)}}));            // empty
  s.inject(Ack().ack(1).sack({{seq_of(1), seq_of(9)}}));            // never sent
  s.inject(Ack().ack(1).sack({{seq_of(1) + 10, seq_of(2) - 10}}));  // no whole segment
  EXPECT_EQ(s.info(id).sacked, 0u);
  s.inject(acks(4));
  s.expect_nothing_for(5s);
  EXPECT_EQ(s.info(id).retransmits, 0u);
}

TEST_F(SackSender, DsackWidensTheReorderingWindow) {  // RFC 8985, 6.2 step 4; RFC 2883
  send_segments(4);
  s.advance(20ms);
  s.inject(acks(0, {{1, 4}}));
  expect_segment(0);
  s.advance(20ms);
  s.inject(acks(4, {{0, 1}}));  // D-SACK: it was received twice
  EXPECT_EQ(s.stack().counters()[Count::duplicates_reported], 1u);
}

// RFC 9937: a window halved.
TEST_F(SackSender, PrrSendsOneSegmentForEveryTwoDelivered) {
  send_segments(10);
  ASSERT_EQ(s.send(id, std::string(20 * kMss, 'x')), 20u * kMss);
  s.expect_nothing();
  s.advance(20ms);
  s.inject({acks(0, {{1, 2}}), acks(0, {{1, 3}}), acks(0, {{1, 4}})});
  expect_segment(0);
  s.skip();
  std::size_t sent = 0;
  for (std::uint32_t i = 4; i < 10; ++i) {
    s.inject(acks(0, {{1, i + 1}}));
    sent += s.take_all().size();
  }
  EXPECT_GE(sent, 2u);
  EXPECT_LE(sent, 4u);
  s.inject(acks(10));
  EXPECT_NEAR(s.info(id).cwnd, 5 * kMss, 2 * kMss);
  s.skip();
  (void)s.abort(id);
  s.skip();
}

TEST_F(SackSender, WithoutChunksRecoveryIsByDuplicateAcks) {
  Capacities capacities = small_capacities();
  capacities.chunk_bytes = 128;  // too small for a scoreboard
  capacities.chunks = 1000;
  Script small(capacities, quiet(), {.recovery = &kRecovery});
  const ConnectionId other = small.connect(80);
  small.expect(Syn());
  small.inject(SynAck().mss(100).sackok());
  small.expect(Ack());
  small.send(other, std::string(500, 'x'));
  small.skip();
  EXPECT_FALSE(small.info(other).tracked);
  for (int i = 0; i < 3; ++i) small.inject(Ack().ack(1));
  small.expect(Data(std::string(100, 'x')).seq(1));
  small.inject(Ack().ack(501));
}

// ---- The window before, in and after recovery ----

// RFC 5681, 3.2 (1); RFC 3042.
TEST_F(SackSender, LimitedTransmitSendsTwoSegmentsAndKeepsTheWindow) {
  send_segments(10);
  ASSERT_EQ(s.send(id, std::string(10 * kMss, 'x')), 10u * kMss);
  s.expect_nothing();
  s.advance(20ms);
  s.inject(acks(0, {{1, 2}}));
  expect_segment(10);
  s.expect_nothing();
  s.inject(acks(0, {{1, 3}}));
  expect_segment(11);
  s.expect_nothing();
  EXPECT_EQ(s.info(id).cwnd, 10u * kMss);
  s.inject(acks(0, {{1, 4}}));
  expect_segment(0);
  EXPECT_EQ(s.info(id).ssthresh, 5u * kMss) << "RFC 5681, 3.2 (2): of ten, not of twelve";
  (void)s.abort(id);
  s.skip();
}

TEST_F(SackSender, SackedDataGrowsTheWindowWhenAcknowledged) {  // RFC 5681, 3.1; RFC 3465, 2.2
  send_segments(10);
  s.advance(20ms);
  s.inject(acks(0, {{1, 3}}));  // reordered, not lost
  EXPECT_EQ(s.info(id).cwnd, 10u * kMss);
  s.inject(acks(3));
  EXPECT_EQ(s.info(id).cwnd, 12u * kMss);
  s.inject(acks(10));
}

// RFC 9937; RFC 5681, (3)
TEST_F(SackSender, TheAckThatEndsRecoveryGrowsTheWindowByOneWindowAtMost) {
  send_segments(10);
  ASSERT_EQ(s.send(id, std::string(10 * kMss, 'x')), 10u * kMss);
  s.advance(20ms);
  s.inject({acks(0, {{1, 4}}), acks(0, {{1, 10}})});
  expect_segment(0);
  s.skip();
  s.advance(20ms);
  s.inject(acks(10));  // while the window is full of new data
  EXPECT_EQ(s.info(id).ssthresh, 5u * kMss);
  EXPECT_EQ(s.info(id).cwnd, 6u * kMss);
  (void)s.abort(id);
  s.skip();
}

TEST_F(SackSender, AfterATimeoutOnlyAcknowledgedDataGrowsTheWindow) {
  send_segments(6);
  s.expect_after(40ms, Data(std::string(kMss, 'x')).seq(seq_of(5)));
  s.expect_after(200ms, Data(std::string(kMss, 'x')).seq(seq_of(0)));
  s.advance(20ms);
  s.inject(acks(0, {{5, 6}}));  // the probe has arrived
  EXPECT_EQ(s.info(id).cwnd, kMss);
  s.inject(acks(1, {{5, 6}}));
  EXPECT_EQ(s.info(id).cwnd, 2u * kMss);
  (void)s.abort(id);
  s.skip();
}

// RFC 9937: seven segments are lost here, and each ACK releases at least as much as it delivers.
TEST_F(SackSender, PrrReplacesDeliveredData) {
  send_segments(10);
  ASSERT_EQ(s.send(id, std::string(2 * kMss, 'x')), 2u * kMss);
  s.advance(20ms);
  s.inject(acks(0, {{7, 8}}));
  expect_segment(10);
  s.inject(acks(0, {{7, 9}}));
  expect_segment(11);
  s.advance(1ms);
  s.inject(acks(0, {{7, 10}}));
  expect_segment(0);
  s.expect_nothing();
  s.advance(19ms);
  s.inject(acks(0, {{7, 11}}));
  expect_segment(1);
  s.expect_nothing();
  s.advance(20ms);
  s.inject(acks(1, {{7, 12}}));  // progress, and no new loss: one more than was delivered
  for (const std::uint32_t segment : {2, 3, 4}) expect_segment(segment);
  s.expect_nothing();
  s.advance(20ms);
  s.inject(acks(
      1, {{3, 4}, {7, 12}}));  // so that less was delivered than sent; the second is lost again
  expect_segment(1);
  s.expect_nothing();
  (void)s.abort(id);
  s.skip();
}

class SackSenderByCubic : public SackSender {
 protected:
  SackSenderByCubic() : SackSender(settings()) {}
  static Settings settings() {
    Settings settings = quiet();
    settings.congestion = CongestionAlgorithm::kCubic;
    return settings;
  }
};

// RFC 5681, 3.2 (2); RFC 9438, 4.6.
TEST_F(SackSenderByCubic, LimitedTransmitDoesNotRaiseSsthresh) {
  send_segments(10);
  ASSERT_EQ(s.send(id, std::string(2 * kMss, 'x')), 2u * kMss);
  s.advance(20ms);
  s.inject(acks(0, {{1, 2}}));
  s.inject(acks(0, {{1, 3}}));
  expect_segment(10);
  expect_segment(11);
  s.inject(acks(0, {{1, 4}}));
  EXPECT_EQ(s.info(id).ssthresh, 7u * kMss);
  (void)s.abort(id);
  s.skip();
}

TEST_F(SackSenderByCubic, SlowStartEndsWhenRoundTripsGrow) {  // RFC 9406, 4.2, by segments
  send_segments(10);
  ASSERT_EQ(s.send(id, std::string(50 * kMss, 'x')), 50u * kMss);
  s.advance(20ms);
  for (std::uint32_t next = 1; next <= 10; ++next) {
    s.inject(acks(next).win(65535));
    s.skip();
  }
  EXPECT_EQ(s.info(id).cwnd, 20u * kMss);
  s.advance(24ms);  // 4 ms more exceed the threshold
  for (std::uint32_t next = 11; next <= 17; ++next) {
    s.inject(acks(next).win(65535));
    s.skip();
  }
  EXPECT_EQ(s.info(id).cwnd, 27u * kMss);
  for (std::uint32_t next = 18; next <= 21; ++next) {
    s.inject(acks(next).win(65535));
    s.skip();
  }
  EXPECT_EQ(s.info(id).cwnd, 28u * kMss);
  (void)s.abort(id);
  s.skip();
}

// RFC 5682; RFC 9406, 4.2.
TEST_F(SackSenderByCubic, ASpuriousTimeoutKeepsTheInitialSlowStart) {
  send_segments(4);
  s.expect_after(40ms, Data(std::string(kMss, 'x')).seq(seq_of(3)));
  s.expect_after(200ms, Data(std::string(kMss, 'x')).seq(seq_of(0)));
  const std::uint32_t cwnd = 10 * kMss;
  s.inject(acks(2));
  EXPECT_EQ(s.stack().counters()[Count::spurious_timeouts], 1u);
  s.inject(acks(4));
  EXPECT_GE(s.info(id).cwnd, cwnd);
  EXPECT_EQ(s.info(id).ssthresh, Congestion::kUnlimited);
  ASSERT_EQ(s.send(id, std::string(10 * kMss, 'x')), 10u * kMss);
  for (std::uint32_t i = 4; i < 14; ++i) expect_segment(i);
  s.advance(20ms);
  const std::uint32_t before = s.info(id).cwnd;
  s.inject(acks(14));
  EXPECT_EQ(s.info(id).cwnd, before + 8u * kMss);
  (void)s.abort(id);
  s.skip();
}

class SackSenderWithEcn : public SackSender {
 protected:
  SackSenderWithEcn() : SackSender(settings()) {}
  static Settings settings() {
    Settings settings = quiet();
    settings.ecn = Ecn::kAlways;
    return settings;
  }
};

TEST_F(SackSenderWithEcn, EceHalvesTheFlightSize) {  // RFC 3168, 6.1.2; RFC 5681, 3.2 (2)
  id = s.connect(80);
  s.expect(Syn().also(kEce | kCwr));
  s.advance(20ms);
  s.inject(SynAck().also(kEce).mss(kMss).sackok());
  s.expect(Ack());
  ASSERT_EQ(s.send(id, std::string(12 * kMss, 'x')), 12u * kMss);
  s.advance(20ms);
  s.inject(acks(0, {{1, 2}}));
  s.inject(acks(0, {{1, 3}}));
  s.skip();
  s.inject(acks(0, {{1, 3}}).also(kEce));
  EXPECT_EQ(s.info(id).cwnd, 5u * kMss);
  (void)s.abort(id);
  s.skip();
}

// ---- Without SACK ----

TEST_F(SackSender, LimitedTransmit) {  // RFC 3042
  id = s.connect(80);
  s.expect(Syn());
  s.inject(SynAck().mss(kMss));  // no SACK
  s.expect(Ack());
  s.send(id, std::string(14 * kMss, 'x'));
  for (std::uint32_t i = 0; i < 10; ++i) expect_segment(i);
  s.expect_nothing();
  s.inject(Ack().ack(1));
  expect_segment(10);
  s.inject(Ack().ack(1));
  expect_segment(11);
  s.inject(Ack().ack(1));
  expect_segment(0);  // fast retransmit
  s.expect_nothing();
  EXPECT_EQ(s.info(id).ssthresh, 5u * kMss) << "RFC 5681, 3.2 (2)";
  (void)s.abort(id);
  s.skip();
}

TEST_F(SackSender, LimitedTransmitIsNotCountedAtATimeout) {  // RFC 5681, (4)
  id = s.connect(80);
  s.expect(Syn());
  s.advance(20ms);
  s.inject(SynAck().mss(kMss));  // no SACK
  s.expect(Ack());
  s.send(id, std::string(12 * kMss, 'x'));
  s.inject({Ack().ack(1), Ack().ack(1)});
  s.skip();
  s.expect_after(200ms, Data(std::string(kMss, 'x')).seq(seq_of(0)));
  EXPECT_EQ(s.info(id).ssthresh, 5u * kMss);
  (void)s.abort(id);
  s.skip();
}

TEST_F(SackSenderByCubic, LimitedTransmitDoesNotRaiseSsthreshWithoutSack) {
  id = s.connect(80);
  s.expect(Syn());
  s.inject(SynAck().mss(kMss));  // no SACK
  s.expect(Ack());
  s.send(id, std::string(12 * kMss, 'x'));
  s.inject({Ack().ack(1), Ack().ack(1)});
  EXPECT_EQ(s.take_all().size(), 12u);
  s.inject(Ack().ack(1));
  expect_segment(0);
  EXPECT_EQ(s.info(id).ssthresh, 7u * kMss);
  (void)s.abort(id);
  s.skip();
}

// ---- Small segments ----

TEST_F(SackSender, NagleDoesNotDelayWriteWriteRead) {  // RFC 9293, 3.7.4, loosened by one segment
  id = s.established(80, kMss);
  s.send(id, "head");
  s.expect(Data("head"));
  s.send(id, "body");
  s.expect(Data("body"));
  s.send(id, "more");
  s.send(id, " and more");
  s.expect_nothing();
  s.inject(Ack());
  s.expect(Data("more and more"));
}

TEST_F(SackSender, NoDelaySendsAtOnce) {
  id = s.established(80, kMss);
  ASSERT_EQ(s.stack().set_no_delay(id, true), Error::kOk);
  for (const char* text : {"a", "b", "c", "d"}) {
    s.send(id, text);
    s.expect(Data(text));
  }
}

TEST_F(SackSender, AnIdleTimeRestartsTheWindow) {  // RFC 5681, 4.1
  id = s.established(80, kMss);
  for (int i = 0; i < 6; ++i) {
    s.send(id, std::string(20 * kMss, 'x'));
    for (int round = 0; round < 10 && s.info(id).send_queue > 0; ++round) {
      s.skip();
      s.advance(1ms);
      s.inject(Ack());
    }
  }
  ASSERT_GT(s.info(id).cwnd, 20u * kMss);
  s.advance(10s);
  s.send(id, std::string(20 * kMss, 'x'));
  EXPECT_EQ(s.take_all().size(), 10u);
  (void)s.abort(id);
  s.skip();
}

}  // namespace
}  // namespace conker::test
