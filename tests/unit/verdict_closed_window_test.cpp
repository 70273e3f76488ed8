// Whether a peer that has filled our window goes on when that opens: what proves that it does not.
#include <gtest/gtest.h>

#include <optional>

#include "tests/unit/verdict_exchanges_scene.hpp"

namespace conker {
namespace {

using verdict::Broken;
using verdict::Rule;

/// A is us, B the peer: it has filled a window of 10 bytes with the begin of its answer to 50.
class VerdictClosedWindowTest : public ::testing::Test, protected test::VerdictExchangesScene {
 protected:
  VerdictClosedWindowTest() : VerdictExchangesScene(2) {
    send(0ms, syn());
    fine(1ms, syn_ack());
    send(2ms, with(10, a(kAck, 1, 1, 50)));
  }

  static Segment with(std::uint16_t window, Segment segment) {
    segment.window = window;
    return segment;
  }
  void filled(std::uint32_t bytes = 10) {
    fine(3ms, b(kAck, 1, 51, bytes));
    send(4ms, with(0, a(kAck, 51, 1 + bytes)));
  }
  void opened_and_closed() {
    send(50ms, with(1000, a(kAck, 51, 11)));
    send(100ms, with(1000, a(kFin | kAck, 51, 11)));
  }
  /// What is found when we give up.
  std::optional<Broken> given_up(Duration at) {
    return exchanges_.on_sent(a(kRst | kAck, 52, 11), start_ + at).broken;
  }
};

TEST_F(VerdictClosedWindowTest, ItSendsNoMore) {
  filled();
  opened_and_closed();
  fine(101ms, b(kAck, 11, 52));
  const auto broken = given_up(5s);
  ASSERT_TRUE(broken);
  EXPECT_EQ(broken->rule, Rule::kWindowStuck);
  EXPECT_EQ(broken->expected, 50u);
  EXPECT_EQ(broken->seen, 10u);
}

TEST_F(VerdictClosedWindowTest, ItHasHadLittleTime) {
  filled();
  opened_and_closed();
  fine(101ms, b(kAck, 11, 52));
  EXPECT_FALSE(given_up(1s));
}

TEST_F(VerdictClosedWindowTest, ItMayNotKnowThatTheWindowIsOpen) {
  filled();
  opened_and_closed();
  EXPECT_FALSE(given_up(5s));
}

TEST_F(VerdictClosedWindowTest, TheWindowWasNeverOpened) {
  filled();
  send(100ms, with(0, a(kFin | kAck, 51, 11)));
  fine(101ms, b(kAck, 11, 52));
  EXPECT_FALSE(given_up(5s));
}

TEST_F(VerdictClosedWindowTest, ThereWasRoomForMore) {
  filled(9);
  opened_and_closed();
  fine(101ms, b(kAck, 10, 52));
  EXPECT_FALSE(given_up(5s)) << "what it does not send is the application's matter";
}

TEST_F(VerdictClosedWindowTest, ItGoesOn) {
  filled();
  opened_and_closed();
  fine(101ms, b(kAck, 11, 52, 20));
  EXPECT_FALSE(given_up(5s)) << "as far as the application has answered";
}

TEST_F(VerdictClosedWindowTest, ItHasClosed) {
  filled();
  opened_and_closed();
  fine(101ms, b(kFin | kAck, 11, 52));
  EXPECT_FALSE(given_up(5s));
}

}  // namespace
}  // namespace conker
