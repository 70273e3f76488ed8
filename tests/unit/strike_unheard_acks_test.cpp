// ACKs that do not leave: which of them, and when they leave again.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <memory>

#include "stack/strike/unheard_acks.hpp"
#include "tests/unit/outgoing_frame.hpp"

namespace conker {
namespace {

class UnheardAcksTest : public ::testing::Test {
 protected:
  static constexpr std::uint8_t kAck = TcpFlags::kAck;

  static FourTuple tuple(std::uint16_t port) {
    return {IpAddress::v4(10, 0, 0, 2), IpAddress::v4(10, 0, 0, 1), Port{port}, Port{7}};
  }
  /// Whether a segment with this acknowledgment number leaves.
  bool leaves(std::uint32_t ack, std::uint8_t flags = kAck, std::size_t text = 0,
              const FourTuple& of = tuple(5000)) {
    const auto payload = std::span<const std::byte>(text_).first(text);
    const auto head = test::headers_of(of, {.acknowledgment = Seq(ack), .flags = flags}, payload);
    const std::array<std::span<const std::byte>, 2> parts{head, payload};
    return !unheard_->edit({.parts = parts}).parts.empty();
  }

  std::unique_ptr<UnheardAcks> unheard_ = std::make_unique<UnheardAcks>();
  std::array<std::byte, 16> text_{};
};

TEST_F(UnheardAcksTest, EachOfThemUntilThePeerHasSentAgainOftenEnough) {
  EXPECT_TRUE(leaves(1));
  unheard_->begin(tuple(5000));
  for (const std::uint32_t ack : {0xffffff00u, 100u, 101u}) EXPECT_FALSE(leaves(ack));
  for (int i = 0; i < UnheardAcks::kLost; ++i) EXPECT_FALSE(leaves(101));
  EXPECT_TRUE(leaves(101));
  EXPECT_TRUE(leaves(102)) << "all after it";
}

TEST_F(UnheardAcksTest, WhatBringsMoreThanAnAckLeaves) {
  unheard_->begin(tuple(5000));
  EXPECT_TRUE(leaves(1, kAck | TcpFlags::kFin));
  EXPECT_TRUE(leaves(1, kAck, 5));
  EXPECT_FALSE(leaves(1));
  EXPECT_TRUE(leaves(1, TcpFlags::kRst));
  EXPECT_TRUE(leaves(1)) << "it is over";
}

TEST_F(UnheardAcksTest, OthersLeave) {
  unheard_->begin(tuple(5000));
  FourTuple other = tuple(5000);
  other.remote_port = Port{8};
  EXPECT_TRUE(leaves(1, kAck, 0, other));
  EXPECT_TRUE(leaves(1, kAck, 0, tuple(5001)));
  EXPECT_FALSE(leaves(1));
  EXPECT_TRUE(leaves(0, TcpFlags::kSyn)) << "the next connection with this four-tuple";
  EXPECT_TRUE(leaves(1));
}

TEST_F(UnheardAcksTest, TheOldestMakesRoom) {
  for (std::uint16_t i = 0; i <= UnheardAcks::kMost; ++i)
    unheard_->begin(tuple(static_cast<std::uint16_t>(5000 + i)));
  EXPECT_TRUE(leaves(1));
  EXPECT_FALSE(leaves(1, kAck, 0, tuple(5001)));
  EXPECT_FALSE(leaves(1, kAck, 0, tuple(5000 + UnheardAcks::kMost)));
}

}  // namespace
}  // namespace conker
