// Data after the peer's FIN: when that it was taken says something of the peer.
#include <gtest/gtest.h>

#include <optional>

#include "tests/unit/verdict_exchanges_scene.hpp"

namespace conker {
namespace {

using verdict::Broken;
using verdict::Rule;

/// A is us, B the peer. Each connection is the four-tuple's next.
class VerdictLateDataTest : public ::testing::Test, protected test::VerdictExchangesScene {
 protected:
  static constexpr std::uint32_t kTold = verdict::Patience().late_data;

  VerdictLateDataTest() : VerdictExchangesScene(4) {}

  void peer_closes() {
    at_ += 1s;
    send(at_, syn());
    fine(at_ + 1ms, syn_ack());
    send(at_ + 2ms, a(kAck, 1, 1));
    fine(at_ + 3ms, b(kFin | kAck, 1, 1));
  }
  void data() { send(at_ + 4ms, a(kAck, 1, 2, 10)); }
  void taken() { fine(at_ + 5ms, b(kAck, 2, 11)); }
  void reset() { fine(at_ + 5ms, b(kRst, 2, 0)); }
  /// What is found when we reset the connection.
  std::optional<Broken> ended() {
    return exchanges_.on_sent(a(kRst | kAck, 11, 2), start_ + at_ + 50ms).broken;
  }
  /// Connections of which the data is taken; whether a rule is told.
  bool taken(std::uint32_t connections) {
    bool told = false;
    for (; connections != 0; --connections) {
      peer_closes();
      data();
      taken();
      told = ended().has_value() || told;
    }
    return told;
  }

  Duration at_{0};
};

TEST_F(VerdictLateDataTest, ItIsToldOnceWithTheirNumber) {
  EXPECT_FALSE(taken(kTold - 1));
  peer_closes();
  data();
  taken();
  const auto broken = ended();
  ASSERT_TRUE(broken);
  EXPECT_EQ(broken->rule, Rule::kDataAfterCloseTaken);
  EXPECT_EQ(broken->seen, kTold);
  EXPECT_FALSE(taken(100));
}

TEST_F(VerdictLateDataTest, OneThatResetsHasClosed) {
  EXPECT_FALSE(taken(kTold - 1));
  peer_closes();
  data();
  reset();
  EXPECT_FALSE(taken(100));
}

TEST_F(VerdictLateDataTest, AResetBehindTheAckCounts) {
  peer_closes();
  data();
  taken();
  reset();
  EXPECT_FALSE(taken(100)) << "the application closed without having read";
}

TEST_F(VerdictLateDataTest, WhatIsNotAcknowledgedIsNotTaken) {
  for (int n = 0; n < 100; ++n) {
    peer_closes();
    data();
    EXPECT_FALSE(ended());
  }
}

TEST_F(VerdictLateDataTest, DataThatHasCrossedTheFinProvesNothing) {
  for (int n = 0; n < 100; ++n) {
    at_ += 1s;
    send(at_, syn());
    fine(at_ + 1ms, syn_ack());
    send(at_ + 2ms, a(kAck, 1, 1, 10));
    fine(at_ + 3ms, b(kFin | kAck, 1, 1));
    send(at_ + 4ms, a(kAck, 1, 2, 10));  // again
    taken();
    EXPECT_FALSE(ended());
  }
}

TEST_F(VerdictLateDataTest, ResetsOfOtherConnectionsDoNotCount) {
  peer_closes();
  reset();
  EXPECT_TRUE(taken(kTold));
}

}  // namespace
}  // namespace conker
