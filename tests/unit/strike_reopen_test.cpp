// The way to close `reopen`: the same four-tuple again at once.
#include <gtest/gtest.h>

#include <cstdint>
#include <map>

#include "stack/strike/origins.hpp"
#include "tests/unit/strike_fixture.hpp"
#include "tests/unit/strike_scene.hpp"

namespace conker::test {
namespace {

Endpoint from(std::uint32_t port) {
  return {IpAddress::v4(10, 0, 0, 1), Port{static_cast<std::uint16_t>(port)}};
}

TEST(Origins, FourTuplesComeAgainInTheirOrderAndNotBeforeTheyAreReady) {
  Origins origins;
  const Instant now(5s);
  EXPECT_FALSE(origins.reopen(now));
  origins.ended(from(1), now + 2ms);
  origins.ended(from(2), now + 3ms);
  EXPECT_FALSE(origins.reopen(now + 2ms - 1us));
  EXPECT_EQ(origins.reopen(now + 2ms), from(1));
  EXPECT_FALSE(origins.reopen(now + 2ms)) << "a fresh one in between";
  EXPECT_FALSE(origins.reopen(now + 3ms - 1us)) << "not ready";
  EXPECT_EQ(origins.reopen(now + 3ms), from(2));
  EXPECT_FALSE(origins.reopen(now + 1s)) << "each comes once";
  EXPECT_FALSE(origins.reopen(now + 1s));
}

TEST(Origins, NoMoreWaitThanThereIsRoomFor) {
  Origins origins;
  const Instant now(5s);
  for (std::uint32_t port = 1; port <= Origins::kMaxEnded + 3; ++port)
    origins.ended(from(port), now);
  for (std::uint32_t port = 1; port <= Origins::kMaxEnded; ++port) {
    EXPECT_EQ(origins.reopen(now), from(port));
    EXPECT_FALSE(origins.reopen(now));
  }
  EXPECT_FALSE(origins.reopen(now));
  origins.ended(from(9), now);
  EXPECT_EQ(origins.reopen(now), from(9));
}

// ---- Two stacks ----

class StrikeReopenTest : public StrikeTest {
 protected:
  static constexpr std::uint64_t kCycles = 20'000;

  /// How often each local port was connected from.
  std::map<std::uint16_t, int> strike_again(std::uint32_t concurrency, Duration hold = 1ms) {
    std::map<std::uint16_t, int> uses;
    left().on_event = [&](const Event& event) {
      ConnectionInfo info;
      if (event.has(Event::kConnected) && left().stack().info(event.connection, info))
        ++uses[info.tuple.local_port.value];
      strike_->on_event(event);
      check();
    };
    StrikeRequest request = at(7, kCycles, concurrency);
    request.mix = Mix::only(WayToClose::kReopen);
    request.hold = hold;
    report_ = strike(request);
    EXPECT_EQ(report_.closed, kCycles);
    EXPECT_EQ(report_.kept, 0u);
    EXPECT_EQ(report_.open_failed, 0u);
    EXPECT_EQ(report_.retransmits, 0u);
    EXPECT_EQ(report_.reopened, kCycles - uses.size()) << "all others are fresh";
    return uses;
  }
  StrikeReport report_;
};

TEST_F(StrikeReopenTest, ATargetThatClosesAfterUs) {
  build();
  listen(7);
  const auto uses = strike_again(16);
  EXPECT_GT(report_.reopened, kCycles / 8);
  EXPECT_LE(report_.reopened, kCycles / 2);
  EXPECT_EQ(report_.time_wait_reused, report_.reopened) << "ours was in TIME-WAIT";
  int most = 0;
  for (const auto& [port, count] : uses) most = std::max(most, count);
  EXPECT_GT(most, 10) << "again and again";
}

TEST_F(StrikeReopenTest, ATargetThatClosesFirst) {
  build();
  listen(7);
  right().on_event = [this](const Event& event) {
    Stack& stack = right().stack();
    if (!event.has(Event::kAcceptable)) return;
    for (auto id = stack.accept(event.listener); id; id = stack.accept(event.listener)) {
      ++accepted_;
      (void)stack.close(*id);
    }
  };
  strike_again(4, 1s);
  EXPECT_EQ(accepted_, kCycles);
  EXPECT_GT(report_.reopened, kCycles / 8);
  EXPECT_EQ(report_.time_wait_reused, 0u) << "TIME-WAIT was the target's";
  EXPECT_EQ(right().stack().counters()[Count::time_wait_reused], report_.reopened);
}

TEST_F(StrikeReopenTest, OtherWaysDoNotOpenAgain) {
  build();
  listen(7);
  const StrikeReport report = strike(at(7, 5'000, 4));
  EXPECT_EQ(report.reopened, 0u);
  EXPECT_EQ(report.time_wait_reused, 0u);
}

// ---- A scripted target ----

class StrikeReopenScriptTest : public StrikeScene {
 protected:
  StrikeReopenScriptTest() { strike_.emplace(s_.stack(), slots_, kStriker); }

  /// A cycle that the peer closes first, and the SYN of the next one.
  void reopen() {
    StrikeRequest request = one_cycle(Close::kReopen);
    request.cycles = 2;
    request.rate = 100;
    begin(request);
    port_ = s_.flow().local_port;
    s_.inject(SynAck());
    s_.expect(Ack().seq(1).ack(1));
    s_.inject(Fin());
    s_.expect(Fin().seq(1).ack(2));
    s_.inject(Ack());
    strike_->step();
    s_.expect_nothing();
    EXPECT_EQ(strike_->report().closed, 1u);
    s_.advance(10ms);
    turn();
    s_.peer(80, port_);
    s_.expect(Syn());
    EXPECT_EQ(strike_->report().reopened, 1u);
  }
  /// The peer's ACK in TIME-WAIT, and what the stack sends for it.
  void challenge(bool syn_again) {
    s_.speak_for(0);
    s_.inject(Ack().seq(2).ack(2));
    const auto frames = s_.take_frames();
    ASSERT_EQ(frames.size(), syn_again ? 2u : 1u);
    EXPECT_EQ(frames[0].flags, TcpFlags::kRst);
    EXPECT_TRUE(!syn_again || (frames[1].flags & TcpFlags::kSyn) != 0);
  }

  std::uint16_t port_ = 0;
};

TEST_F(StrikeReopenScriptTest, ThePeerOpensItAgain) {
  reopen();
  s_.inject(SynAck());
  s_.expect(Ack().seq(1).ack(1));
  s_.advance(50ms);
  turn();
  s_.expect(Fin().seq(1).ack(1));
  s_.inject(Fin());
  s_.expect(Ack().ack(2));
  EXPECT_EQ(end().closed, 2u) << "by us, since the peer did not within the time to hold it";
}

TEST_F(StrikeReopenScriptTest, ThePeerIsConvincedByTheReset) {
  reopen();
  challenge(true);
  s_.speak_for(1);
  s_.inject(SynAck());
  s_.expect(Ack().seq(1).ack(1));
  s_.inject(Fin());
  s_.expect(Fin().seq(1).ack(2));
  s_.inject(Ack());
  EXPECT_EQ(end().closed, 2u);
  EXPECT_EQ(strike_->report().kept, 0u);
}

TEST_F(StrikeReopenScriptTest, ThePeerKeepsTimeWait) {
  reopen();
  challenge(true);
  challenge(false);
  s_.advance(6s);
  turn();
  s_.forget();  // SYNs
  const StrikeReport report = end();
  EXPECT_EQ(report.failed(), 0u);
  EXPECT_EQ(report.closed, 1u);
  EXPECT_EQ(report.aborted, 1u);
  EXPECT_EQ(report.kept, 1u);
}

TEST_F(StrikeReopenScriptTest, ThePeerIsSilent) {
  reopen();
  s_.advance(6s);
  turn();
  s_.forget();  // SYNs
  const StrikeReport report = end();
  EXPECT_EQ(report.count(StrikeFailure::kSynUnanswered), 1u);
  EXPECT_EQ(report.kept, 0u);
}

TEST_F(StrikeReopenScriptTest, ThePeerRefuses) {
  reopen();
  s_.inject(RstAck().seq(0).ack(1));
  EXPECT_EQ(end().count(StrikeFailure::kSynReset), 1u);
}

}  // namespace
}  // namespace conker::test
