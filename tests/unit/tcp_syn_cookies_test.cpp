// SYN cookies: when there is no room for a half-open record (RFC 4987, 3.6).
#include <map>
#include <set>
#include <string>

#include "stack/tcp/syn_cookies.hpp"
#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

class TcpSynCookiesTest : public ::testing::Test {
 protected:
  static Settings settings() {
    Settings settings = plain_settings();
    settings.receive_buffer = 1 << 20;
    return settings;
  }
  explicit TcpSynCookiesTest(const Settings& settings = TcpSynCookiesTest::settings())
      : s_(small_capacities(), settings, {.cookies = &cookies_}) {}
  /// Half-open handshakes from other peers up to the cap.
  void flood(std::uint16_t port = 7) {
    for (std::uint16_t i = 0; i < 8; ++i) {
      s_.peer(static_cast<std::uint16_t>(50000 + i), port, IpAddress::v4(10, 0, 0, 99));
      s_.inject(Syn());
    }
    s_.forget();
    EXPECT_EQ(s_.audit().half_open, 8u);
  }

  SynCookies cookies_{{1, 2}};
  Script s_;
};

TEST_F(TcpSynCookiesTest, SentOnlyWhenTheHalfOpenTableIsFull) {
  const auto listener = s_.listen(7);
  s_.handshake(40000, 7);
  EXPECT_TRUE(s_.acceptable(listener));
  EXPECT_EQ(s_.count(Count::syn_cookies_sent), 0u);
  flood();
  s_.handshake(40001, 7);
  EXPECT_TRUE(s_.acceptable(listener));
  EXPECT_EQ(s_.count(Count::syn_cookies_sent), 1u);
  EXPECT_EQ(s_.count(Count::syn_cookies_accepted), 1u);
  EXPECT_EQ(s_.count(Count::drop_segment_syn_backlog), 0u);
  EXPECT_EQ(s_.audit().half_open, 8u);
}

TEST_F(TcpSynCookiesTest, SentWhenTheListenersCapIsReached) {
  const auto listener = s_.listen(7, 128, 1);
  s_.peer(40000, 7);
  s_.inject(Syn());
  s_.expect(SynAck());
  s_.handshake(40001, 7);
  EXPECT_TRUE(s_.acceptable(listener));
  EXPECT_EQ(s_.count(Count::syn_cookies_accepted), 1u);
}

TEST_F(TcpSynCookiesTest, TheConnectionTransfersDataAndCloses) {
  const auto listener = s_.listen(7);
  flood();
  const auto id = s_.accepted(listener, 40000, 7);
  s_.inject(Data("question"));
  s_.expect(Ack().ack(9));
  EXPECT_EQ(s_.receive(id), "question");
  EXPECT_EQ(s_.send(id, "answer"), 6u);
  s_.expect(Data("answer").seq(1));
  s_.inject(Fin());
  s_.expect(Ack());
  EXPECT_EQ(s_.close(id), Error::kOk);
  s_.expect(Fin());
  s_.inject(Ack());
  s_.expect_ended(id, CloseReason::kClosed);
  EXPECT_EQ(s_.count(Count::opened_passive), 1u);
}

TEST_F(TcpSynCookiesTest, DataMayComeWithTheLastAck) {
  const auto listener = s_.listen(7);
  flood();
  s_.peer(40000, 7);
  s_.inject(Syn());
  s_.expect(SynAck());
  s_.inject(Data("first"));
  s_.expect(Ack().ack(6));
  EXPECT_EQ(s_.receive(s_.accept(listener)), "first");
}

TEST_F(TcpSynCookiesTest, TheMssIsRoundedDownToAStep) {
  const auto listener = s_.listen(7);
  flood();
  std::uint16_t port = 40000;
  for (const auto& [offered, kept] : std::map<std::uint16_t, std::uint16_t>{
           {0, 48}, {100, 48}, {536, 536}, {1459, 1440}, {1460, 1460}, {8000, 1460}}) {
    s_.peer(port++, 7);
    s_.inject(Syn().mss(offered));
    s_.expect(SynAck());
    s_.inject(Ack());
    const auto id = s_.accept(listener);
    EXPECT_EQ(s_.info(id).mss, kept) << offered;
    (void)s_.abort(id);
    s_.skip();
  }
}

TEST_F(TcpSynCookiesTest, TimestampsCarryTheOptions) {
  const auto listener = s_.listen(7);
  flood();
  s_.peer(40000, 7);
  s_.flow().timestamp = 5000;
  s_.inject(Syn().mss(1460).wscale(9).sackok());
  s_.expect(SynAck().wscale(5).sackok());
  s_.inject(Ack().win(100));
  const auto id = s_.accept(listener);
  EXPECT_EQ(s_.info(id).mss, 1448);
  EXPECT_EQ(s_.info(id).snd_wnd, 51'200u) << "the peer's shift is kept";
  s_.inject(Data("b").seq(3));
  s_.expect(Ack().ack(1).sack({{3, 4}}));
  s_.inject(Data("old").seq(1).ts(4999, 0));
  s_.skip();
  EXPECT_EQ(s_.count(Count::drop_segment_paws), 1u) << "and so is PAWS";
}

TEST_F(TcpSynCookiesTest, OnlyOptionsThatThePeerOffered) {
  const auto listener = s_.listen(7);
  flood();
  s_.peer(40000, 7);
  s_.flow().timestamp = 5000;
  s_.inject(Syn());
  const auto answer = s_.take_all();
  ASSERT_EQ(answer.size(), 1u);
  EXPECT_FALSE(answer[0].options.window_scale);
  EXPECT_EQ(answer[0].options.sack_permitted, false);
  s_.inject(Ack().win(100));
  const auto id = s_.accept(listener);
  EXPECT_EQ(s_.info(id).snd_wnd, 100u);
  s_.inject(Data("b").seq(3));
  s_.expect(Ack().ack(1).sack({}));
}

TEST_F(TcpSynCookiesTest, WithoutTimestampsNoOptionsAreOffered) {
  const auto listener = s_.listen(7);
  flood();
  s_.peer(40000, 7);
  s_.inject(Syn().mss(1460).wscale(9).sackok());
  const auto answer = s_.take_all();
  ASSERT_EQ(answer.size(), 1u);
  EXPECT_FALSE(answer[0].options.window_scale);
  EXPECT_EQ(answer[0].options.sack_permitted, false);
  s_.inject(Ack().win(100));
  EXPECT_EQ(s_.info(s_.accept(listener)).snd_wnd, 100u);
}

TEST_F(TcpSynCookiesTest, TheTimestampIsNeverAheadOfTheClock) {
  (void)s_.listen(7);
  flood();
  for (int i = 0; i < 100; ++i) {
    s_.advance(7ms);
    s_.peer(static_cast<std::uint16_t>(41000 + i), 7);
    s_.flow().timestamp = 1;
    s_.inject(Syn().wscale(static_cast<std::uint8_t>(i % 15)).sackok(i % 2 == 0));
    const std::uint32_t cookie = s_.take_all().at(0).options.timestamps->first;
    s_.inject(Data("x"));
    const auto ack = s_.take_all();
    ASSERT_FALSE(ack.empty());
    ASSERT_TRUE(ack.back().options.timestamps);
    const auto ahead = static_cast<std::int32_t>(cookie - ack.back().options.timestamps->first);
    EXPECT_LE(ahead, 0);
    EXPECT_GT(ahead, -32);
    s_.inject(Rst());
  }
}

TEST_F(TcpSynCookiesTest, AForgedCookieIsRefused) {
  const auto listener = s_.listen(7);
  flood();
  s_.peer(40000, 7);
  s_.inject(Syn());
  s_.expect(SynAck());
  // A cookie with one wrong bit in any part of it, or from another port.
  for (const std::uint32_t bit : {0u, 23u, 24u, 26u, 27u, 28u, 31u}) {
    s_.inject(Ack().ack(1 ^ (1u << bit)));
    EXPECT_EQ(s_.take_all().at(0).flags, kRst);
  }
  s_.inject(Ack().seq(2));
  EXPECT_EQ(s_.take_all().at(0).flags, kRst);
  const auto iss = s_.flow().iss;
  s_.peer(40001, 7);
  s_.flow().iss = iss;
  s_.inject(Ack().seq(1).ack(1));
  EXPECT_EQ(s_.take_all().at(0).flags, kRst);
  EXPECT_EQ(s_.count(Count::syn_cookies_refused), 9u);
  EXPECT_EQ(s_.count(Count::opened_passive), 0u);
  EXPECT_FALSE(s_.acceptable(listener));
}

TEST_F(TcpSynCookiesTest, AnOldCookieIsRefused) {
  const auto listener = s_.listen(7);
  flood();
  s_.peer(40000, 7);
  s_.inject(Syn());
  s_.expect(SynAck());
  const std::size_t old = s_.speaking_for();
  s_.advance(50s);
  s_.forget();
  s_.inject(Ack());
  EXPECT_TRUE(s_.acceptable(listener)) << "a slow peer is welcome";
  (void)s_.abort(s_.accept(listener));
  s_.skip();
  s_.advance(90s);
  s_.forget();
  flood();
  s_.handshake(40002, 7);  // so that cookies are accepted
  s_.speak_for(old);
  s_.inject(Ack().seq(1));
  s_.expect(Rst());
  EXPECT_EQ(s_.count(Count::syn_cookies_refused), 1u);
  // A cookie is not accepted when its five bits of time have wrapped, either.
  s_.advance(64s * 30);
  s_.forget();
  flood();
  s_.handshake(40003, 7);
  s_.speak_for(old);
  s_.inject(Ack().seq(1));
  s_.expect(Rst());
}

TEST_F(TcpSynCookiesTest, NotAcceptedWhenNoneWasSentLately) {
  (void)s_.listen(7);
  s_.peer(40000, 7);
  for (std::uint32_t i = 0; i < 100; ++i) {
    s_.inject(Ack().seq(1).ack(i));
    s_.expect(Rst());
  }
  EXPECT_EQ(s_.count(Count::syn_cookies_refused), 0u);
}

TEST_F(TcpSynCookiesTest, NotAcceptedWhenTheAcceptQueueIsFull) {
  const auto listener = s_.listen(7, 1);
  flood();
  s_.handshake(40000, 7);
  s_.peer(40001, 7);
  s_.inject(Syn());
  s_.expect_nothing();
  EXPECT_EQ(s_.count(Count::drop_segment_syn_backlog), 1u);
  (void)s_.accept(listener);
  s_.inject(Syn().seq(0));
  s_.expect(SynAck());
  s_.handshake(40002, 7);
  s_.speak_for(s_.speaking_for() - 1);
  s_.inject(Ack());  // the accept queue has filled meanwhile: dropped, not refused
  s_.expect_nothing();
  EXPECT_EQ(s_.count(Count::drop_segment_accept_queue), 1u);
  (void)s_.accept(listener);
  s_.inject(Ack().seq(1));
  EXPECT_TRUE(s_.acceptable(listener));
}

TEST_F(TcpSynCookiesTest, NotSentForAFourTupleInTimeWait) {
  const auto listener = s_.listen(7);
  const auto id = s_.accepted(listener, 40000, 7);
  (void)s_.close(id);
  s_.expect(Fin());
  s_.inject(Fin());
  s_.expect(Ack());
  const std::size_t closed = s_.speaking_for();
  flood();
  s_.speak_for(closed);
  s_.inject(Syn().seq(1000));
  s_.expect_nothing();  // its numbers might be those of the old connection
  EXPECT_EQ(s_.audit().time_wait, 1u);
}

TEST_F(TcpSynCookiesTest, AMillionSynsTakeNoMemoryAndTheirNumbersAreSpread) {
  (void)s_.listen(7);
  flood();
  std::set<std::uint32_t> numbers;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    s_.peer(static_cast<std::uint16_t>(1024 + i), 7, IpAddress::v4(10, 0, 0, 77));
    s_.inject(Syn());
    for (const auto& sent : s_.take_frames()) numbers.insert(sent.seq & 0xffffff);
  }
  EXPECT_GT(numbers.size(), 990u);
  EXPECT_EQ(s_.audit().half_open, 8u);
  EXPECT_EQ(s_.audit().live, 0u);
}

TEST(TcpSynCookiesOffTest, WithoutSynCookiesTheSynIsDropped) {
  Script s;
  (void)s.listen(7, 128, 1);
  s.peer(40000, 7);
  s.inject(Syn());
  s.expect(SynAck());
  s.peer(40001, 7);
  s.inject(Syn());
  s.expect_nothing();
  EXPECT_EQ(s.count(Count::drop_segment_syn_backlog), 1u);
}

class TcpSynCookiesPlainTest : public TcpSynCookiesTest {
 protected:
  static Settings plain() {
    Settings settings = TcpSynCookiesTest::settings();
    settings.timestamps = settings.sack = settings.window_scaling = false;
    return settings;
  }
  TcpSynCookiesPlainTest() : TcpSynCookiesTest(plain()) {}
};

TEST_F(TcpSynCookiesPlainTest, AForgedTimestampDoesNotEnableOptions) {
  const auto listener = s_.listen(7);
  flood();
  s_.peer(40000, 7);
  s_.inject(Syn().ts(1, 0).wscale(3).sackok());
  s_.expect(SynAck());
  s_.inject(Ack().ts(1, 16 | 14).win(100));
  const auto id = s_.accept(listener);
  EXPECT_EQ(s_.info(id).snd_wnd, 100u);
  s_.inject(Data("b").seq(3));
  const auto ack = s_.take_all();
  ASSERT_EQ(ack.size(), 1u);
  EXPECT_FALSE(ack[0].options.timestamps);
  EXPECT_TRUE(ack[0].options.sack.empty());
}

}  // namespace
}  // namespace conker::test
