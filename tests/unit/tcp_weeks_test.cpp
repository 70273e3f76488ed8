// Use after an idle time of weeks. Ticks of 32 bits wrap after 51 days, and two of them can only be
// compared within half of that: no time in the past may be taken for one in the future.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <tuple>

#include "stack/net/reassembly.hpp"
#include "stack/tcp/cubic.hpp"
#include "stack/tcp/sack_recovery.hpp"
#include "stack/tcp/syn_cookies.hpp"
#include "stack/tcp/tcp.hpp"
#include "stack/wire/ethernet.hpp"
#include "stack/wire/ipv4.hpp"
#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

constexpr Duration kWrap = Tick::duration(0xffffffff) + Tick::duration(1);
constexpr std::uint16_t kSegment = 1460;
const std::string kWholeSegment(kSegment, 'x');

/// Whether the stack has its turns meanwhile.
enum class Embedder { kAsleep, kAwake };

class Weeks : public testing::TestWithParam<std::tuple<int, Embedder>> {
 protected:
  static Duration pause() { return std::get<0>(GetParam()) * 24h; }

  static Settings settings() {
    Settings settings = plain_settings();
    settings.delayed_ack = 40ms;
    return settings;
  }
  static Capacities capacities() {
    Capacities capacities = small_capacities();
    capacities.chunks = 4096;
    return capacities;
  }

  void pass(Script& script) const {
    if (std::get<1>(GetParam()) == Embedder::kAsleep) return script.sleep(pause());
    for (Duration left = pause(); left > Duration(0); left -= 24h) script.advance(24h);
  }
  void pass() { pass(s); }

  /// An established connection with every option.
  ConnectionId established() {
    const auto id = s.connect(80);
    s.expect(Syn());
    s.advance(20ms);
    s.flow().timestamp = 1000;
    s.inject(SynAck().mss(kSegment + 12).wscale(7).sackok().win(65535));
    s.expect(Ack());
    return id;
  }
  bool rests(ConnectionId id) { return s.stack().tcp().tables().connections.is_compact(id.slot); }

  Script s{capacities(), settings()};
};

std::string name_of(const testing::TestParamInfo<std::tuple<int, Embedder>>& info) {
  const auto [days, embedder] = info.param;
  return std::to_string(days) + (embedder == Embedder::kAsleep ? "DaysAsleep" : "DaysAwake");
}
INSTANTIATE_TEST_SUITE_P(Days, Weeks,
                         testing::Combine(testing::Values(26, 50, 75, 125, 400),
                                          testing::Values(Embedder::kAsleep, Embedder::kAwake)),
                         name_of);

// ---- Times in the past that a connection remembers ----

TEST_P(Weeks, AfterAPauseAcksAreQuick) {  // RFC 5681, 4.1
  const auto id = established();
  for (int i = 0; i < 16; ++i) s.inject(Data(kWholeSegment));
  (void)s.receive(id);
  s.skip();
  s.inject(Data(kWholeSegment));
  s.expect_nothing();
  s.expect_after(40ms, Ack());
  (void)s.receive(id);
  s.skip();
  ASSERT_TRUE(rests(id));
  pass();
  s.flow().timestamp = 2000;
  s.inject(Data(kWholeSegment));
  s.expect(Ack());
}

TEST_P(Weeks, AfterAPauseTheWindowIsTheInitialOne) {  // RFC 5681, 4.1
  const auto id = established();
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(s.send(id, std::string(20 * kSegment, 'x')), 20u * kSegment);
    for (std::size_t sent = 1; sent > 0;) {
      s.advance(20ms);
      s.inject(Ack());
      sent = s.take_all().size();
    }
  }
  ASSERT_GT(s.info(id).cwnd, 15u * kSegment);
  ASSERT_TRUE(rests(id));
  pass();
  ASSERT_EQ(s.send(id, std::string(30 * kSegment, 'y')), 30u * kSegment);
  EXPECT_EQ(s.take_all().size(), 10u);
  EXPECT_EQ(s.abort(id), Error::kOk);
  s.forget();
}

TEST_P(Weeks, AfterAPausePawsAcceptsAnyTimestamp) {  // RFC 7323, 5.5
  const auto id = established();
  ASSERT_TRUE(rests(id));
  pass();
  s.flow().timestamp = 1000u - 0x1000000u;  // the peer's clock has wrapped: it seems to be older
  s.inject(Data("new").seq(1));
  EXPECT_EQ(s.receive(id), "new");
  s.flow().next = 4;
  const auto acks = s.take_all();
  ASSERT_FALSE(acks.empty());
  EXPECT_EQ(acks.back().options.timestamps->second, 1000u - 0x1000000u)
      << "it is TS.Recent from now on";
  s.flow().timestamp = 999u - 0x1000000u;
  s.inject(Data("old").seq(4));
  s.expect(Ack().ack(4));
  EXPECT_EQ(s.receive(id), "");
}

TEST_P(Weeks, ALargerPathMtuIsTried) {  // RFC 1191, 6.3
  const auto id = established();
  ASSERT_EQ(s.send(id, std::string(2 * kSegment, 'x')), 2u * kSegment);
  s.expect(Data(std::string(kSegment - 12, 'x')));
  s.inject_unreachable(4, 1000);
  s.skip();
  s.inject(Ack());
  s.skip();
  ASSERT_EQ(s.info(id).mss, 948u);
  ASSERT_TRUE(rests(id));
  pass();
  ASSERT_EQ(s.send(id, std::string(2 * kSegment, 'y')), 2u * kSegment);
  EXPECT_EQ(s.info(id).mss, 1448u);
  EXPECT_EQ(s.count(Count::path_mtu_raised), 1u);
  s.skip();
  s.inject(Ack());
}

TEST_P(Weeks, TheWindowStillGrows) {
  const auto id = established();
  const auto limit = s.info(id).receive_limit;
  ASSERT_TRUE(rests(id));
  pass();
  for (int i = 0; i < 60; ++i) {
    s.flow().timestamp = 2000u + static_cast<std::uint32_t>(i);
    s.inject(Data(kWholeSegment));
    EXPECT_EQ(s.receive(id).size(), kSegment);
    s.skip();
    if (i == 40) s.advance(30ms);
  }
  EXPECT_GT(s.info(id).receive_limit, limit);
}

TEST_P(Weeks, AKeepaliveOfAWeekIsSent) {  // RFC 9293, 3.8.4
  const auto id = established();
  ASSERT_EQ(s.stack().set_keepalive(id, {.idle = 7 * 24h, .interval = 48h, .count = 255}),
            Error::kOk);
  s.turn();
  ASSERT_TRUE(rests(id));
  pass();
  const auto probes = s.take_all().size();
  EXPECT_GE(probes, 1u);
  EXPECT_LE(probes, static_cast<std::size_t>(pause() / 24h));
  EXPECT_GE(s.info(id).keepalive_unanswered, 1);
}

TEST_P(Weeks, KeepaliveCountsFromTheLastSegment) {
  const auto id = established();
  pass();
  ASSERT_EQ(s.stack().set_keepalive(id, {.idle = 7 * 24h, .interval = 1min, .count = 2}),
            Error::kOk);
  s.turn();
  s.advance(24h);
  s.flow().timestamp = 5000;
  s.inject(Data("x"));
  s.skip();
  s.expect_nothing_for(7 * 24h - 1min);
  s.advance(90s);
  s.expect(Ack().seq(0).ack(2));
}

// ---- Connections that are not idle ----

TEST_P(Weeks, UnreadDataIsKept) {
  const auto id = established();
  s.inject(Data("kept"));
  s.skip();
  ASSERT_FALSE(rests(id));
  pass();
  s.flow().timestamp = 2000;
  s.inject(Data(" too"));
  s.expect(Ack());
  EXPECT_EQ(s.receive(id), "kept too");
  s.skip();
}

TEST_P(Weeks, HalfClosedForWeeks) {
  const auto id = established();
  s.inject(Fin());
  s.expect(Ack());
  s.expect_state(id, State::kCloseWait);
  pass();
  ASSERT_EQ(s.send(id, "still"), 5u);
  s.expect(Data("still"));
  s.flow().timestamp = 3000;
  s.inject(Ack());
  EXPECT_EQ(s.info(id).send_queue, 0u);
}

// ---- Deadlines that are long past ----

TEST_P(Weeks, UnacknowledgedDataIsRetransmittedOrGivenUp) {  // RFC 9293, 3.8.1
  const auto id = established();
  ASSERT_EQ(s.send(id, "x"), 1u);
  s.expect(Data("x"));
  pass();
  s.advance(1h);
  EXPECT_FALSE(s.take_all().empty());
  s.expect_ended(id, CloseReason::kTimedOut);
}

TEST_P(Weeks, AConnectTimesOut) {
  const auto id = s.connect(80);
  s.expect(Syn());
  pass();
  s.forget();
  s.expect_ended(id, CloseReason::kTimedOut);
}

TEST_P(Weeks, TimeWaitEnds) {  // RFC 9293, 3.6.1
  const auto id = established();
  EXPECT_EQ(s.close(id), Error::kOk);
  s.expect(Fin());
  s.inject(Fin());
  s.expect(Ack());
  ASSERT_EQ(s.audit().time_wait, 1u);
  pass();
  EXPECT_EQ(s.audit().time_wait, 0u);
  EXPECT_EQ(s.count(Count::time_wait_expired), 1u);
}

TEST_P(Weeks, AHalfOpenRecordEnds) {
  (void)s.listen(80);
  s.peer(40000, 80);
  s.inject(Syn());
  s.expect(SynAck());
  pass();
  s.advance(5min);
  s.forget();
  EXPECT_EQ(s.audit().half_open, 0u);
  EXPECT_EQ(s.count(Count::half_open_timed_out), 1u);
}

TEST_P(Weeks, ANeighbourIsResolvedAgain) {
  const auto id = established();
  const auto asked = s.count(Count::arp_out);
  pass();
  ASSERT_EQ(s.send(id, "x"), 1u);
  EXPECT_GT(s.count(Count::arp_out), asked);
  s.expect(Data("x"));
  s.flow().timestamp = 3000;
  s.inject(Ack());
}

TEST_P(Weeks, AnOldSynCookieIsRefused) {  // RFC 4987, 3.6
  SynCookies cookies(SipKey{1, 2});
  Script script(capacities(), settings(), {.cookies = &cookies});
  (void)script.listen(80, 128, 1);
  script.peer(39999, 80);
  script.inject(Syn());
  script.skip();  // the only record
  script.peer(40000, 80);
  script.inject(Syn().mss(kSegment));
  script.expect(SynAck());
  ASSERT_EQ(script.count(Count::syn_cookies_sent), 1u);
  pass(script);
  script.forget();
  script.inject(Ack());
  script.expect(Rst());
  EXPECT_EQ(script.count(Count::syn_cookies_accepted), 0u);
}

// Two fragments of one packet, weeks apart, are not reassembled (RFC 1122, 3.3.2).
TEST_P(Weeks, AFragmentTimesOut) {
  std::array<Reassembly::Datagram, 2> table;
  std::vector<std::byte> whole(2000);
  Reassembly reassembly(table, whole, 16);
  Script script(capacities(), settings(), {.reassembler = &reassembly});
  const auto fragment = [](std::uint16_t offset, bool more) {
    Ipv4Packet ip;
    ip.source = kPeerAddress;
    ip.destination = kStackAddress;
    ip.protocol = 17;
    ip.identification = 77;
    ip.dont_fragment = false;
    ip.fragment_offset = offset;
    ip.more_fragments = more;
    Bytes frame(kEthernetHeader + kIpv4HeaderMin + 16);
    const auto bytes = std::span(frame);
    emit_ethernet({kStackMac, kPeerMac, kEtherTypeIpv4, {}}, bytes);
    emit_ipv4(ip, 16, bytes.subspan(kEthernetHeader));
    return frame;
  };
  const auto free = script.stack().chunks().free();
  script.inject_frames({fragment(0, true)});
  ASSERT_LT(script.stack().chunks().free(), free);
  pass(script);
  EXPECT_EQ(script.stack().chunks().free(), free);
  script.inject_frames({fragment(2, false)});
  EXPECT_EQ(script.count(Count::packets_reassembled), 0u);
  script.sleep(2min);
  EXPECT_EQ(script.stack().chunks().free(), free);
}

// ---- At the very wrap ----

TEST(TcpWeeksTest, AChallengeAckAWrapAgoDoesNotLimitTheNext) {  // RFC 5961, 7
  Script s;
  const auto id = s.established();
  s.inject(Syn().seq(1));
  s.expect(Ack());
  s.inject(Data("unread, so that it stays at work"));
  s.skip();
  s.sleep(kWrap);
  s.inject(Syn().seq(5));
  s.expect(Ack());
  (void)id;
}

TEST(TcpWeeksTest, AnswersOfASecondAWrapAgoAreNotCounted) {
  Script s;
  (void)s.listen(80, 128, 1024);
  const auto resets = [&s](std::uint16_t port) {
    s.peer(port, 80);
    for (int i = 0; i < 1200; ++i) s.inject(Ack().seq(1).ack(1));  // of data never sent
    return s.take_all().size();
  };
  EXPECT_LT(resets(40000), 1000u) << "no more than so many a second";
  s.sleep(kWrap);
  EXPECT_GE(resets(40001), 500u);
}

// ---- Congestion control ----

// RFC 9438, 5.8: time in which nothing is sent does not count for the window's growth.
TEST(TcpWeeksTest, CubicDoesNotGrowWhileNothingIsSent) {
  constexpr Cubic kCurve;
  Congestion c;
  c.cwnd = 100 * kSegment;
  c.ssthresh = kCurve.reduce(c, c.cwnd, kSegment, Instant(1h));
  c.cwnd = c.ssthresh;
  kCurve.on_ack(c, kSegment, kSegment, 100ms, Instant(1h));
  const std::uint32_t before = c.cwnd;
  kCurve.after_idle(c);
  for (std::uint32_t i = 0; i < before / kSegment; ++i)
    kCurve.on_ack(c, kSegment, kSegment, 100ms, Instant(26h));
  EXPECT_LT(c.cwnd, before + 4 * kSegment) << "as if the reduction had been just now";
}

TEST(TcpWeeksTest, CubicGrowsOnAWrapAfterItsLastLoss) {
  constexpr Cubic kCurve;
  Congestion c;
  c.cwnd = 100 * kSegment;
  c.ssthresh = kCurve.reduce(c, c.cwnd, kSegment, Instant(1h));
  c.cwnd = c.ssthresh;
  Instant now(1h);
  for (; now < Instant(1h + kWrap); now += 12h) kCurve.on_ack(c, 1, kSegment, 100ms, now);
  const std::uint32_t before = c.cwnd;
  for (int i = 0; i < 2000; ++i) kCurve.on_ack(c, kSegment, kSegment, 100ms, now += 1ms);
  EXPECT_GT(c.cwnd, before + 10 * kSegment);
}

// ---- RACK's clock of microseconds, which wraps after 71 minutes ----

class RackPause : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Minutes, RackPause,
                         testing::Values(30, 36, 50, 70, 72, 110, 50 * 24 * 60));

// The embedder was stopped with segments in flight; the ACKs that arrived meanwhile show a loss.
TEST_P(RackPause, ALossIsRepairedAtOnce) {  // RFC 8985, 6.2
  static constexpr SackRecovery kRepair;
  Settings settings = plain_settings();
  settings.timestamps = settings.window_scaling = false;
  settings.retransmits = 100;
  Script s(small_capacities(), settings, {.recovery = &kRepair});
  const auto id = s.connect(80);
  s.expect(Syn());
  s.advance(20ms);
  s.inject(SynAck().mss(1000).sackok());
  s.expect(Ack());
  ASSERT_EQ(s.send(id, std::string(8000, 'x')), 8000u);
  s.forget();
  s.advance(20ms);
  s.inject(Ack().ack(1001));
  s.forget();
  s.link().busy = true;  // nothing is sent and time passes, as when the embedder is stopped
  s.sleep(GetParam() * 1min);
  s.link().busy = false;
  s.inject(Ack().ack(1001).sack({{2001, 8001}}));
  s.forget();
  s.advance(3s);
  s.inject(Ack().ack(8001));
  s.forget();
  EXPECT_EQ(s.info(id).snd_una, s.info(id).snd_nxt);
  EXPECT_LE(s.info(id).srtt, 10min);
  // The reordering timer of what follows is not long past a wrap, either.
  ASSERT_EQ(s.send(id, std::string(4000, 'y')), 4000u);
  s.forget();
  s.inject(Ack().ack(8001).sack({{9001, 11001}}));
  bool repaired = false;
  for (int i = 0; i < 600 && !repaired; ++i) {
    s.advance(100ms);
    for (const WireSegment& sent : s.take_frames()) repaired |= sent.data.size() == 1000;
  }
  EXPECT_TRUE(repaired) << "within a minute";
}

}  // namespace
}  // namespace conker::test
