// The strike between two stacks in memory.
#include "stack/strike/strike.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <vector>

#include "tests/unit/two_ends.hpp"

namespace conker::test {
namespace {

constexpr ClientId kUs{3};
constexpr std::array<std::byte, 10> kPayload{};

Capacities roomy() {
  return {.connections = 4096,
          .half_open = 1024,
          .time_wait = 65536,
          .listeners = 4,
          .neighbours = 16,
          .addresses = 32,
          .interfaces = 1,
          .chunks = 64,
          .chunk_bytes = 2048,
          .transitions = 64};
}

/// The left end strikes; the right end has a listener that closes when its peer does.
class StrikeTest : public ::testing::Test {
 protected:
  void build(const Impairments& impairments = {}, const Capacities& capacities = roomy(),
             const Settings& settings = {}) {
    wire_ = std::make_unique<Wire>(capacities, settings, impairments);
    wire_->audit_every = 97;
    strike_.emplace(left().stack(), slots_, kUs);
    left().on_event = [this](const Event& event) {
      ASSERT_EQ(event.token.client(), kUs);
      strike_->on_event(event);
      check();
    };
    left().on_turn = [this] {
      strike_->step();
      check();
    };
    left().deadline = [this] { return strike_->next_deadline(); };
    right().on_event = [this](const Event& event) {
      Stack& stack = right().stack();
      if (event.has(Event::kAcceptable)) {
        for (auto id = stack.accept(event.listener); id; id = stack.accept(event.listener))
          ++accepted_;
      } else if (event.has(Event::kPeerClosed) || event.has(Event::kReadable)) {
        std::array<std::byte, 1024> read;
        for (auto n = stack.receive(event.connection, read); n && *n != 0;)
          n = stack.receive(event.connection, read);
        if (event.has(Event::kPeerClosed)) (void)stack.close(event.connection);
      }
    };
  }

  End& left() { return wire_->left(); }
  End& right() { return wire_->right(); }

  void check() {
    const StrikeReport report = strike_->report();
    ASSERT_TRUE(report.balanced())
        << "begun " << report.begun << " completed " << report.completed() << " failed "
        << report.failed() << " live " << report.live;
    ASSERT_LE(report.live, strike_->request().concurrency);
    most_live_ = std::max(most_live_, report.live);
  }

  void listen(std::uint16_t port) {
    ListenRequest request;
    request.local.port = Port{port};
    ASSERT_TRUE(right().stack().listen(request));
  }

  static StrikeRequest at(std::uint16_t port, std::uint64_t cycles, std::uint32_t concurrency) {
    StrikeRequest request;
    request.target = {IpAddress::v4(10, 0, 0, 2), Port{port}};
    request.cycles = cycles;
    request.concurrency = concurrency;
    return request;
  }

  /// Strikes until it is done, and until the other side's connections have ended.
  StrikeReport strike(const StrikeRequest& request, Duration limit = 10min) {
    EXPECT_EQ(strike_->start(request), Error::kOk);
    EXPECT_TRUE(wire_->run([this] { return !strike_->running(); }, limit));
    const StrikeReport report = strike_->report();
    EXPECT_EQ(report.live, 0u);
    EXPECT_EQ(strike_->next_deadline(), kNever);
    EXPECT_EQ(left().stack().audit().live, 0u) << "the strike leaves nothing behind";
    return report;
  }

  std::unique_ptr<Wire> wire_;
  std::vector<Strike::Slot> slots_ = std::vector<Strike::Slot>(2048);
  std::optional<Strike> strike_;
  std::uint64_t accepted_ = 0, most_live_ = 0;
};

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

TEST_F(StrikeTest, OneAtATime) {
  build();
  listen(7);
  const StrikeReport report = strike(at(7, 100, 1));
  EXPECT_EQ(report.completed(), 100u);
  EXPECT_EQ(most_live_, 1u);
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
    void on_begin(WayToClose way, std::uint32_t, Instant) override { order.push_back(way); }
    void on_connected(Duration, Instant) override {}
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

// ---- Pace ----

TEST_F(StrikeTest, TheRateIsExact) {
  for (const std::uint32_t rate : {7u, 1'000u, 3'333u, 30'000u}) {
    build();
    listen(7);
    StrikeRequest request = at(7, 0, 256);
    request.rate = rate;
    request.duration = 1s;
    wire_->audit_every = 5'000;
    std::map<std::int64_t, std::uint32_t> per_turn;
    std::uint64_t before = 0;
    left().on_turn = [&] {
      strike_->step();
      check();
      const std::uint64_t begun = strike_->report().begun;
      per_turn[wire_->now().time_since_epoch().count()] +=
          static_cast<std::uint32_t>(begun - before);
      before = begun;
    };
    const StrikeReport report = strike(request);
    EXPECT_EQ(report.begun, rate) << rate;
    EXPECT_EQ(report.completed(), rate) << rate;
    for (const auto& [when, count] : per_turn) EXPECT_LE(count, 2u) << "a burst at " << when;
    EXPECT_GE(report.elapsed, 1s - 1s / rate);
    EXPECT_LE(report.elapsed, 1001ms);
  }
}

TEST_F(StrikeTest, WhatIsMissedIsReportedAndNotMadeUpFor) {
  build();
  listen(7);
  StrikeRequest request = at(7, 0, 1024);
  request.rate = 1'000;
  request.duration = 1s;
  ASSERT_EQ(strike_->start(request), Error::kOk);
  Stack& stack = left().stack();
  const Instant start = stack.now();
  const auto turn_at = [&](Duration when) {
    stack.begin(start + when);
    do strike_->step();
    while (strike_->next_deadline() <= stack.now());
  };
  turn_at(0ms);
  EXPECT_EQ(strike_->report().begun, 1u);
  turn_at(50ms);
  EXPECT_EQ(strike_->report().begun, 3u) << "of 49 and 50 ms";
  EXPECT_EQ(strike_->report().missed, 48u);
  turn_at(51ms);
  EXPECT_EQ(strike_->report().begun, 4u);
  stack.begin(start + 1500ms);
  strike_->step();
  EXPECT_EQ(strike_->report().begun, 4u);
  EXPECT_EQ(strike_->report().missed, 996u) << "a thousand were asked for";
}

TEST_F(StrikeTest, WithoutAFreeSlotTheRateIsMissed) {
  build();
  StrikeRequest request = at(7, 0, 2);
  request.target.address = IpAddress::v4(10, 0, 0, 99);
  request.rate = 100;
  request.duration = 10s;
  request.connect_timeout = 2s;
  const StrikeReport report = strike(request);
  EXPECT_EQ(report.begun + report.missed, 1'000u);
  EXPECT_EQ(report.begun, 10u) << "two at a time, of two seconds each";
}

TEST(Pace, SlotsAreExactAndDoNotDrift) {
  for (const std::uint32_t rate : {1u, 3u, 7u, 1'000u, 333'333u, 10'000'000u}) {
    Pace pace(rate, Instant(5s));
    for (std::uint32_t n = 0; n < std::min(rate, 1'000u) * 3; ++n) {
      const auto due = static_cast<std::int64_t>(std::uint64_t{n} * 1'000'000 / rate);
      ASSERT_EQ(pace.due(), Instant(5s) + Duration(due)) << rate << " " << n;
      pace.next();
    }
    Pace passed(rate, Instant(5s));
    EXPECT_EQ(passed.pass(Instant(4s)), 0u);
    EXPECT_EQ(passed.pass(Instant(5s) + 24h * 1'000), std::uint64_t{86'400'000} * rate);
    EXPECT_EQ(passed.due(), Instant(5s) + 24h * 1'000);
  }
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
