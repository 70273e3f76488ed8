// The passive strike between two stacks in memory: the right end opens connections, again and
// again, and the left end lets them in and ends them.
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "stack/strike/probes.hpp"
#include "stack/strike/reception.hpp"
#include "stack/tcp/tcp.hpp"
#include "stack/verdict/judge.hpp"
#include "tests/unit/strike_fixture.hpp"

namespace conker::test {
namespace {

constexpr Endpoint kHere{IpAddress::v4(10, 0, 0, 1), Port{1883}};
constexpr std::array<std::byte, 100> kGiven{};

class StrikeAcceptTest : public StrikeTest, private verdict::Judge::Sink, private Guests {
 protected:
  static constexpr std::uint64_t kCycles = 400;
  static constexpr ClientId kClient{1};

  /// The right end has so many connections open at a time, and opens another one for each that
  /// ends.
  void build_with(std::uint32_t clients, const Impairments& impairments = {}) {
    build(impairments);
    const Guests& guests = *this;
    verdict::Judge::Sink& sink = *this;
    judge_.emplace(verdict::Judge::Visitors{kHere, guests}, 4096, sink);
    left().observer = &*judge_;
    reception_.emplace(left().stack(), guests);
    probes_.emplace(left().stack());
    strike_.emplace(left().stack(), slots_, kUs, nullptr, &*probes_);
    right().on_event = [this](const Event& event) { on_client_event(event); };
    wanted_ = clients;
    open_ = 0;
  }
  StrikeRequest request(WayToClose way) {
    StrikeRequest request;
    request.target = kHere;
    request.door = &*reception_;
    request.cycles = kCycles;
    request.concurrency = 16;
    request.mix = Mix::only(way);
    request.hold = 5ms;
    request.payload = std::span(kGiven).first(10);
    request.filling = kGiven;
    return request;
  }
  StrikeReport strike_passively(const StrikeRequest& request, Duration limit = 10min) {
    EXPECT_EQ(strike_->start(request), Error::kOk);
    right().on_turn = [this] { open_more(); };
    right().deadline = [this] { return open_ < wanted_ ? right().stack().now() + 1ms : kNever; };
    EXPECT_TRUE(wire_->run([this] { return !strike_->running(); }, limit));
    right().on_turn = {};
    right().deadline = {};
    wanted_ = 0;
    const StrikeReport report = strike_->report();
    EXPECT_TRUE(report.balanced());
    EXPECT_EQ(report.live, 0u);
    EXPECT_EQ(strike_->next_deadline(), kNever);
    return report;
  }
  std::string found() const {
    std::string all;
    for (const auto& [rule, count] : found_) all += rule + " ";
    return all;
  }

  std::optional<Reception> reception_;
  std::optional<verdict::Judge> judge_;
  std::optional<Probes> probes_;
  bool admitted_ = true;
  // What the client does as soon as it is connected.
  bool speaks_ = true;   // sends something
  bool closes_ = false;  // and closes

  std::map<std::string, int> found_;

 private:
  void open_more() {
    for (; open_ < wanted_; ++open_) {
      ConnectRequest connect;
      connect.remote = kHere;
      connect.token = Token(kClient, 1);
      if (!right().stack().connect(connect)) return;
    }
  }
  void on_client_event(const Event& event) {
    Stack& stack = right().stack();
    const ConnectionId id = event.connection;
    if (event.has(Event::kConnected) && speaks_) (void)stack.send(id, std::span(kGiven).first(30));
    if (event.has(Event::kConnected) && closes_) (void)stack.close(id);
    if (event.has(Event::kReadable)) {
      std::array<std::byte, 1024> read;
      for (auto n = stack.receive(id, read); n && *n != 0;) n = stack.receive(id, read);
    }
    if (event.has(Event::kPeerClosed)) (void)stack.close(id);
    if (event.has(Event::kClosed)) {
      (void)stack.close(id);
      --open_;
    }
  }
  bool admits(const IpAddress&) const override { return admitted_; }
  void on_finding(const verdict::Judge::Found& found) override {
    ++found_[verdict::info_of(found.finding.rule).name];
  }

  std::uint32_t wanted_ = 0, open_ = 0;
};

/// Whether the way has the client close first.
bool waits_for_fin(WayToClose way) {
  return way == WayToClose::kPeerFirst || way == WayToClose::kDataToClosed;
}

TEST_F(StrikeAcceptTest, EachWayThatEndsConnectionsOfAClientThatSpeaks) {
  for (std::size_t i = 0; i < kWaysToClose; ++i) {
    const auto way = static_cast<WayToClose>(i);
    if (!fits_passive(Mix::only(way)) || waits_for_fin(way)) continue;
    SCOPED_TRACE(i);
    build_with(16);
    const StrikeReport report = strike_passively(request(way));
    EXPECT_EQ(report.begun, kCycles);
    EXPECT_EQ(report.completed(), kCycles) << report.reset() << " reset " << report.timed_out()
                                           << " timed out " << report.other() << " other";
    EXPECT_EQ(found(), "");
    EXPECT_GE(judge_->judged(), kCycles * 2);
  }
}

TEST_F(StrikeAcceptTest, WhatClosesFirstIsWaitedFor) {
  build_with(16);
  closes_ = true;
  const StrikeReport report = strike_passively(request(WayToClose::kPeerFirst));
  EXPECT_EQ(report.closed, kCycles);
  EXPECT_EQ(found(), "");
}

TEST_F(StrikeAcceptTest, AClientThatHasClosedResetsWhatComesThen) {
  build_with(16);
  closes_ = true;
  const StrikeReport report = strike_passively(request(WayToClose::kDataToClosed));
  EXPECT_EQ(report.aborted, kCycles);
  EXPECT_EQ(right().stack().counters()[Count::resets_out], kCycles);
  EXPECT_EQ(found(), "");
}

TEST_F(StrikeAcceptTest, AClientMeetsASynInSynSent) {
  build_with(16);
  StrikeRequest crossing = request(WayToClose::kSimultaneousOpen);
  EXPECT_EQ(strike_passively(crossing).closed, kCycles);
  std::uint32_t met = 0, others = 0;
  right().stack().tcp().for_each_transition([&](const Transition& t) {
    if (t.from == State::kSynSent) ++(t.to == State::kSynReceived ? met : others);
  });
  EXPECT_GT(met, 0u);
  EXPECT_EQ(others, 0u);
  EXPECT_EQ(found(), "");
  EXPECT_EQ(left().stack().counters()[Count::resets_out], 0u);
}

TEST_F(StrikeAcceptTest, ASynThatIsNotCrossedIsRefused) {
  build_with(4);
  StrikeRequest crossing = request(WayToClose::kSimultaneousOpen);
  crossing.cycles = 0;
  crossing.duration = 100ms;
  admitted_ = false;
  EXPECT_EQ(strike_passively(crossing).begun, 0u);
  EXPECT_GE(reception_->turned_away(), 4u);
  EXPECT_GE(left().stack().counters()[Count::resets_out], 4u);
  crossing.mix.weights[0] = 1;
  EXPECT_EQ(strike_->start(crossing), Error::kInvalidArgument) << "there is no listener";
  crossing = request(WayToClose::kSimultaneousOpen);
  crossing.door = nullptr;
  EXPECT_EQ(strike_->start(crossing), Error::kInvalidArgument) << "nobody comes";
}

TEST_F(StrikeAcceptTest, NoFaultIsFoundOnALinkThatLosesSegments) {
  Impairments bad;
  bad.loss = 20;
  build_with(16, bad);
  const StrikeReport report = strike_passively(request(WayToClose::kHalfClose));
  EXPECT_EQ(report.begun, kCycles);
  EXPECT_GE(report.completed(), kCycles * 9 / 10);
  for (const auto& [rule, count] : found_)
    EXPECT_NE(verdict::info_of(*verdict::rule_named(rule)).severity(), verdict::Severity::kFault)
        << rule;
}

TEST_F(StrikeAcceptTest, NoMoreAreHeldAtATimeThanMayBe) {
  build_with(64);
  speaks_ = false;  // what waits unread would take all of the small pool
  StrikeRequest few = request(WayToClose::kFinLate);
  few.concurrency = 4;
  const StrikeReport report = strike_passively(few);
  EXPECT_EQ(report.completed(), kCycles);
  EXPECT_EQ(most_live_, 4u);
}

TEST_F(StrikeAcceptTest, WhoMayNotComeIsResetAndNotJudged) {
  build_with(4);
  admitted_ = false;
  StrikeRequest brief = request(WayToClose::kFin);
  brief.cycles = 0;
  brief.duration = 100ms;
  const StrikeReport report = strike_passively(brief);
  EXPECT_EQ(report.begun, 0u);
  EXPECT_GE(reception_->turned_away(), 4u);
  EXPECT_EQ(judge_->judged(), 0u);
}

TEST_F(StrikeAcceptTest, NobodyComes) {
  build_with(0);
  StrikeRequest brief = request(WayToClose::kFin);
  brief.cycles = 0;
  brief.duration = 2s;
  const StrikeReport report = strike_passively(brief);
  EXPECT_EQ(report.begun, 0u);
  EXPECT_EQ(report.elapsed, 2s);
}

TEST_F(StrikeAcceptTest, WhatIsNotForConnectionsOfPeersIsRefused) {
  build_with(0);
  StrikeRequest wrong = request(WayToClose::kAbortConnecting);
  EXPECT_EQ(strike_->start(wrong), Error::kInvalidArgument);
  wrong = request(WayToClose::kFin);
  wrong.rate = 100;
  EXPECT_EQ(strike_->start(wrong), Error::kInvalidArgument);
  wrong = request(WayToClose::kFin);
  wrong.expect = Expect::kEcho;
  EXPECT_EQ(strike_->start(wrong), Error::kInvalidArgument);
  ListenRequest taken;
  taken.local = kHere;
  ASSERT_TRUE(left().stack().listen(taken));
  EXPECT_EQ(strike_->start(request(WayToClose::kFin)), Error::kAddressInUse);
  EXPECT_FALSE(strike_->running());
}

}  // namespace
}  // namespace conker::test
