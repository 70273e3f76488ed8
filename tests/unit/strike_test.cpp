// The strike between two stacks in memory.
#include "stack/strike/strike.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <optional>
#include <vector>

#include "stack/strike/history.hpp"
#include "tests/unit/strike_fixture.hpp"

namespace conker::test {
namespace {

constexpr std::array<std::byte, 10> kPayload{};

TEST_F(StrikeTest, FinCyclesAllComplete) {
  build();
  listen(7);
  const StrikeReport report = strike(at(7, 20'000, 16));
  EXPECT_EQ(report.begun, 20'000u);
  EXPECT_EQ(report.completed(), 20'000u);
  EXPECT_EQ(report.closed, 20'000u);
  EXPECT_EQ(report.open_failed, 0u);
  EXPECT_EQ(report.connect.count(), 20'000u);
  EXPECT_EQ(report.close.count(), 20'000u);
  EXPECT_EQ(report.connect.quantile(500), 103us) << "there and back, within a sixteenth";
  EXPECT_EQ(report.retransmits, 0u);
  EXPECT_EQ(most_live_, 16u);
  EXPECT_EQ(accepted_, 20'000u);
  wire_->run([] { return false; }, 1s);
  const Audit audit = right().stack().audit();
  EXPECT_EQ(audit.closed, 20'000u);
  EXPECT_EQ(audit.live, 0u);
  EXPECT_EQ(audit.time_wait, 0u) << "who closes first waits, and that is the striker";
  EXPECT_EQ(left().stack().audit().time_wait, 20'000u);
}

TEST_F(StrikeTest, ResetCyclesAllComplete) {
  build();
  listen(7);
  StrikeRequest request = at(7, 20'000, 16);
  request.mix = Mix::only(StrikeRequest::Close::kReset);
  const StrikeReport report = strike(request);
  EXPECT_EQ(report.completed(), 20'000u);
  EXPECT_EQ(report.aborted, 20'000u);
  wire_->run([] { return false; }, 1s);
  const Audit audit = right().stack().audit();
  EXPECT_EQ(audit.opened, 20'000u) << "the last ACK goes before the reset";
  EXPECT_EQ(audit.reset, 20'000u);
  EXPECT_EQ(audit.live, 0u);
  EXPECT_EQ(left().stack().audit().time_wait, 0u);
}

TEST_F(StrikeTest, NoMoreInSynSentThanMayBe) {
  build();
  listen(7);
  StrikeRequest request = at(7, 5'000, 64);
  request.max_opening = 5;
  request.mix.weights = {};
  for (const WayToClose way : {WayToClose::kFinLate, WayToClose::kAbortConnecting})
    request.mix.weights[static_cast<std::size_t>(way)] = 1;
  request.hold = 5ms;
  const auto history = std::make_unique<StrikeHistory>(left().stack(), wire_->now());
  strike_.emplace(left().stack(), slots_, kUs, history.get());
  const StrikeReport report = strike(request);
  EXPECT_EQ(report.completed(), 5'000u);
  EXPECT_EQ(history->most_opening(), 5u);
  EXPECT_EQ(history->most_in_flight(), 64u) << "it does not bound those that are established";
}

TEST_F(StrikeTest, SynsUnansweredKeepTheirPlace) {
  build();
  StrikeRequest request = at(7, 9, 64);
  request.target.address = IpAddress::v4(10, 0, 0, 99);
  request.max_opening = 3;
  request.connect_timeout = 2s;
  const StrikeReport report = strike(request);
  EXPECT_EQ(report.timed_out() + report.other(), 9u);
  EXPECT_EQ(most_live_, 3u);
  EXPECT_GE(report.elapsed, 6s);
}

TEST_F(StrikeTest, ALimitHoldsFromThenOn) {
  build();
  listen(7);
  ASSERT_EQ(strike_->start(at(7, 20'000, 64)), Error::kOk);
  strike_->set_limit(4);
  ASSERT_TRUE(wire_->run([this] { return strike_->report().begun >= 1'000; }, 1min));
  EXPECT_EQ(most_live_, 4u);
  strike_->set_limit(UINT32_MAX);
  ASSERT_TRUE(wire_->run([this] { return most_live_ == 64; }, 1min));
  strike_->set_limit(0);
  ASSERT_TRUE(wire_->run([this] { return strike_->report().live == 1; }, 1min));
  most_live_ = 0;
  EXPECT_TRUE(wire_->run([this] { return !strike_->running(); }, 10min));
  EXPECT_EQ(most_live_, 1u) << "one at a time";
  EXPECT_EQ(strike_->report().completed(), 20'000u);
}

TEST_F(StrikeTest, OneAtATime) {
  build();
  listen(7);
  const StrikeReport report = strike(at(7, 100, 1));
  EXPECT_EQ(report.completed(), 100u);
  EXPECT_EQ(most_live_, 1u);
}

TEST_F(StrikeTest, RetransmissionsOfOtherConnectionsAreNotItsOwn) {
  build();
  listen(7);
  ConnectRequest other;
  other.remote = Endpoint{IpAddress::v4(10, 0, 0, 99), Port{9}};  // nobody's
  other.token = Token(kUs, 4000);
  other.timeout = 10s;
  left().stack().begin(wire_->now());
  ASSERT_TRUE(left().stack().connect(other));
  StrikeRequest request = at(7, 20, 1);
  request.mix = Mix::only(StrikeRequest::Close::kFinLate);
  request.hold = 1s;
  const StrikeReport report = strike(request);
  EXPECT_EQ(report.completed(), 20u);
  EXPECT_GT(left().stack().counters()[Count::segments_retransmitted], 2u);
  EXPECT_EQ(report.retransmits, 0u);
}

TEST_F(StrikeTest, ThroughImpairments) {
  for (const auto close : {StrikeRequest::Close::kFin, StrikeRequest::Close::kReset}) {
    build({.delay = 200us, .loss = 30, .duplicate = 20, .reorder = 30, .seed = 5});
    listen(7);
    StrikeRequest request = at(7, 5'000, 64);
    request.mix = Mix::only(close);
    request.connect_timeout = 60s;
    request.close_timeout = 60s;
    const StrikeReport report = strike(request, 2h);
    EXPECT_EQ(report.begun, 5'000u);
    EXPECT_GT(report.completed(), 4'990u);
    EXPECT_GT(report.retransmits, 100u);
    wire_->run([] { return false; }, 5min);
    // A lost reset leaves the other side with its connection, as TCP must.
    if (close == StrikeRequest::Close::kFin) {
      EXPECT_EQ(right().stack().audit().live, 0u);
    }
  }
}

TEST_F(StrikeTest, ARefusedPort) {
  build();
  const StrikeReport report = strike(at(9, 1'000, 8));
  EXPECT_EQ(report.refused(), 1'000u);
  EXPECT_EQ(report.refused(), 1'000u);
  EXPECT_EQ(report.completed(), 0u);
  EXPECT_EQ(report.connect.count(), 0u);
}

TEST_F(StrikeTest, ASilentTarget) {
  build();
  StrikeRequest request = at(7, 20, 5);
  request.target.address = IpAddress::v4(10, 0, 0, 99);
  request.connect_timeout = 2s;
  const StrikeReport report = strike(request);
  EXPECT_EQ(report.timed_out(), 20u);
  EXPECT_EQ(report.timed_out(), 20u);
  EXPECT_GE(report.elapsed, 8s);
  EXPECT_LT(report.elapsed, 8100ms);
}

TEST_F(StrikeTest, ATargetThatNeverCloses) {
  build();
  listen(7);
  right().on_event = [this](const Event& event) {
    if (event.has(Event::kAcceptable)) (void)right().stack().accept(event.listener);
  };
  StrikeRequest request = at(7, 30, 10);
  request.close_timeout = 3s;
  const StrikeReport report = strike(request);
  EXPECT_EQ(report.timed_out(), 30u);
  EXPECT_EQ(report.count(StrikeFailure::kNoFin), 30u);
  EXPECT_EQ(report.aborted, 0u) << "our own reset of a cycle given up is a timeout";
  EXPECT_EQ(report.completed(), 0u);
  EXPECT_GE(report.elapsed, 9s);
  EXPECT_LT(report.elapsed, 9100ms);
  wire_->run([] { return false; }, 1s);
  EXPECT_EQ(right().stack().audit().reset, 30u);
}

TEST_F(StrikeTest, ATargetThatClosesFirst) {
  build();
  listen(7);
  right().on_event = [this](const Event& event) {
    if (!event.has(Event::kAcceptable)) return;
    const auto id = right().stack().accept(event.listener);
    (void)right().stack().close(*id);
  };
  const StrikeReport report = strike(at(7, 1'000, 1));
  EXPECT_EQ(report.completed(), 1'000u);
  EXPECT_EQ(report.closed, 1'000u);
}

TEST_F(StrikeTest, ATargetThatGreets) {
  build();
  listen(7);
  right().on_event = [this](const Event& event) {
    Stack& stack = right().stack();
    if (event.has(Event::kAcceptable)) {
      const auto id = stack.accept(event.listener);
      (void)stack.send(*id, std::as_bytes(std::span("220 hello", 9)));
    } else if (event.has(Event::kPeerClosed)) {
      (void)stack.close(event.connection);
    }
  };
  const StrikeReport report = strike(at(7, 100, 1));
  EXPECT_EQ(report.begun, 100u);
  EXPECT_EQ(report.completed() + report.other(), 100u)
      << "a greeting that comes after the close is reset";
}

TEST_F(StrikeTest, ATargetThatResets) {
  build();
  listen(7);
  right().on_event = [this](const Event& event) {
    if (!event.has(Event::kAcceptable)) return;
    for (auto id = right().stack().accept(event.listener); id;
         id = right().stack().accept(event.listener)) {
      (void)right().stack().abort(*id);
    }
  };
  const StrikeReport report = strike(at(7, 1'000, 8));
  EXPECT_EQ(report.reset(), 1'000u);
}

// ---- Mixes ----

TEST_F(StrikeTest, AMixKeepsItsProportionsAndItsOrder) {
  struct Counting final : Strike::Observer {
    std::vector<WayToClose> order;
    std::map<WayToClose, int> completed;
    std::uint64_t failed = 0;
    std::vector<std::uint64_t> cycles;
    void on_begin(WayToClose way, std::uint32_t, std::uint32_t, Instant) override {
      order.push_back(way);
    }
    void on_connected(ConnectionId, Duration, std::optional<Duration>, Instant) override {}
    void on_missed(const Pace&, Instant) override {}
    void on_end(const Strike::Ended& ended) override {
      cycles.push_back(ended.cycle);
      ended.failure ? void(++failed) : void(++completed[ended.way]);
    }
  };
  std::array<Counting, 3> seen;
  for (std::size_t i = 0; i < 3; ++i) {
    build();
    listen(7);
    strike_.emplace(left().stack(), slots_, kUs, &seen[i]);
    StrikeRequest request = at(7, 10'000, 32);
    request.seed = i == 2 ? 5 : 4;
    request.mix = {};
    for (const WayToClose way :
         {WayToClose::kFin, WayToClose::kReset, WayToClose::kFinWithAck, WayToClose::kFinLate,
          WayToClose::kResetLate, WayToClose::kAbortConnecting, WayToClose::kHalfClose,
          WayToClose::kDataFin}) {
      request.mix.weights[static_cast<std::size_t>(way)] = way == WayToClose::kFin ? 300 : 100;
    }
    request.hold = 2ms;
    request.payload = kPayload;
    const StrikeReport report = strike(request);
    EXPECT_EQ(report.completed(), 10'000u);
    EXPECT_EQ(seen[i].failed, 0u);
    EXPECT_EQ(seen[i].completed.size(), 8u);
    EXPECT_NEAR(seen[i].completed[WayToClose::kFin], 3'000, 150);
    EXPECT_NEAR(seen[i].completed[WayToClose::kDataFin], 1'000, 100);
    std::ranges::sort(seen[i].cycles);
    EXPECT_EQ(seen[i].cycles.front(), 1u);
    EXPECT_EQ(seen[i].cycles.back(), 10'000u);
  }
  EXPECT_EQ(seen[0].order, seen[1].order) << "the same seed, the same strike";
  EXPECT_NE(seen[0].order, seen[2].order);
}

TEST_F(StrikeTest, TheDurationIsExact) {
  build();
  listen(7);
  StrikeRequest request = at(7, 0, 8);
  request.duration = 300ms;
  Instant last_begin{};
  std::uint64_t before = 0;
  const Instant start = wire_->now();
  left().on_turn = [&] {
    strike_->step();
    if (strike_->report().begun != before) last_begin = wire_->now();
    before = strike_->report().begun;
  };
  const StrikeReport report = strike(request);
  EXPECT_LT(last_begin - start, 300ms);
  EXPECT_GT(last_begin - start, 299ms);
  EXPECT_EQ(report.completed(), report.begun) << "what is in flight is finished";
  EXPECT_GE(report.elapsed, 300ms);
  EXPECT_LE(report.elapsed, 301ms);
}

TEST_F(StrikeTest, NeverMoreThanTheCyclesAskedFor) {
  for (const std::uint64_t cycles : {1u, 15u, 16u, 17u, 1000u}) {
    build();
    listen(7);
    StrikeRequest request = at(7, cycles, 16);
    request.duration = 1h;
    EXPECT_EQ(strike(request).begun, cycles);
    EXPECT_EQ(right().stack().counters()[Count::half_open_created], cycles);
  }
}

TEST_F(StrikeTest, StopInTheMiddle) {
  build();
  listen(7);
  StrikeRequest request = at(7, 1'000'000, 32);
  left().on_turn = [&] {
    strike_->step();
    if (strike_->report().completed() > 500) strike_->stop();
    check();
  };
  const StrikeReport report = strike(request);
  EXPECT_GT(report.completed(), 500u);
  EXPECT_LT(report.completed(), 600u);
  EXPECT_EQ(report.completed(), report.begun);
  // The strike can be used again.
  left().on_turn = [this] { strike_->step(); };
  EXPECT_EQ(strike(at(7, 10, 1)).completed(), 10u);
}

// ---- Limits ----

TEST_F(StrikeTest, InvalidRequestsAreRefused) {
  build();
  const auto refused = [this](auto change) {
    StrikeRequest request = at(7, 10, 1);
    change(request);
    return strike_->start(request);
  };
  EXPECT_EQ(refused([](auto& r) { r.cycles = 0; }), Error::kInvalidArgument);
  EXPECT_EQ(refused([](auto& r) { r.concurrency = 0; }), Error::kInvalidArgument);
  EXPECT_EQ(refused([](auto& r) { r.concurrency = 2049; }), Error::kInvalidArgument);
  EXPECT_EQ(refused([](auto& r) { r.target.port = Port{0}; }), Error::kInvalidArgument);
  EXPECT_EQ(refused([](auto& r) { r.target.address = IpAddress(); }), Error::kInvalidArgument);
  EXPECT_EQ(refused([](auto& r) { r.duration = -1s; }), Error::kInvalidArgument);
  EXPECT_EQ(refused([](auto& r) { r.connect_timeout = 0s; }), Error::kInvalidArgument);
  EXPECT_EQ(refused([](auto& r) { r.mix = {}; }), Error::kInvalidArgument);
  EXPECT_EQ(refused([](auto& r) { r.hold = -1ms; }), Error::kInvalidArgument);
  EXPECT_EQ(refused([](auto& r) { r.ramp = -1ms; }), Error::kInvalidArgument);
  EXPECT_EQ(refused([](auto& r) { r.ramp = Pace::kMaxRamp + 1us; }), Error::kInvalidArgument);
  EXPECT_EQ(refused([](auto& r) { r.close_timeout = Duration::max(); }), Error::kInvalidArgument);
  EXPECT_EQ(refused([](auto& r) { r.target.address = IpAddress::v4(8, 8, 8, 8); }),
            Error::kNoRoute);
  EXPECT_FALSE(strike_->running());
  EXPECT_EQ(strike_->start(at(7, 10, 1)), Error::kOk);
  EXPECT_EQ(strike_->start(at(7, 10, 1)), Error::kAddressInUse);
}

TEST_F(StrikeTest, WaitsWhileTheConnectionTableIsFull) {
  Capacities capacities = roomy();
  capacities.connections = 10;
  build({}, capacities);
  listen(7);
  const StrikeReport report = strike(at(7, 500, 50));
  EXPECT_EQ(report.begun, 500u);
  EXPECT_EQ(report.completed(), 500u);
  EXPECT_GT(report.open_failed, 0u);
  EXPECT_LT(report.open_failed, 5'000u) << "it pauses, it does not spin";
}

TEST_F(StrikeTest, MoreCyclesThanPortsGoOnAtFullRate) {
  Settings settings;
  settings.first_port = Port{60000};
  settings.last_port = Port{60999};
  build({}, roomy(), settings);
  listen(7);
  const StrikeReport report = strike(at(7, 5'000, 16));
  EXPECT_EQ(report.completed(), 5'000u);
  EXPECT_EQ(report.open_failed, 0u);
  EXPECT_EQ(report.time_wait_reused, 4'000u);
  EXPECT_LT(report.elapsed, 1s);
}

TEST_F(StrikeTest, SeveralAddressesTakeTurnsByTheSeed) {
  std::vector<std::map<std::uint32_t, int>> uses;
  for (const std::uint64_t seed : {1u, 1u, 2u}) {
    build();
    listen(7);
    for (std::uint8_t i = 10; i < 20; ++i) {
      ASSERT_EQ(left().stack().add_address(InterfaceId{0}, {IpAddress::v4(10, 0, 0, i), 24}),
                Error::kOk);
    }
    auto& used = uses.emplace_back();
    left().on_event = [&](const Event& event) {
      ConnectionInfo info;
      ASSERT_TRUE(left().stack().info(event.connection, info));
      if (event.has(Event::kConnected)) ++used[info.tuple.local.v4_bits()];
      strike_->on_event(event);
    };
    StrikeRequest request = at(7, 5'500, 8);
    request.seed = seed;
    EXPECT_EQ(strike(request).completed(), 5'500u);
  }
  EXPECT_EQ(uses[0].size(), 11u);
  for (const auto& [address, times] : uses[0]) EXPECT_NEAR(times, 500, 100);
  EXPECT_EQ(uses[0], uses[1]) << "the same seed, the same strike";
  EXPECT_NE(uses[0], uses[2]);
}

TEST_F(StrikeTest, EventsOfOtherConnectionsAreIgnored) {
  build();
  listen(7);
  ASSERT_EQ(strike_->start(at(7, 2, 2)), Error::kOk);
  strike_->step();
  Event stray;
  stray.mask = Event::kClosed;
  stray.reason = CloseReason::kClosed;
  stray.token = Token(kUs, 0);
  stray.connection = {77, 77};
  strike_->on_event(stray);
  stray.token = Token(kUs, Token::kMaxValue);
  strike_->on_event(stray);
  EXPECT_EQ(strike_->report().live, 2u);
  EXPECT_TRUE(wire_->run([this] { return !strike_->running(); }, 1min));
  EXPECT_EQ(strike_->report().completed(), 2u);
}

}  // namespace
}  // namespace conker::test
