// SYNs of peers that are to be crossed: which of them are kept silent about, and for how long.
#include <gtest/gtest.h>

#include "stack/strike/crossings.hpp"

namespace conker {
namespace {

constexpr Endpoint kEnd{IpAddress::v4(10, 0, 0, 1), Port{1883}};

class CrossingsTest : public ::testing::Test, private Guests {
 protected:
  static FourTuple from(std::uint16_t port) {
    return {kEnd.address, IpAddress::v4(10, 0, 0, 2), kEnd.port, Port{port}};
  }
  bool syn(const FourTuple& tuple, Instant at = Instant(1s)) {
    return crossings_.keeps(tuple, {.flags = TcpFlags::kSyn}, at);
  }
  std::optional<FourTuple> next(Instant at = Instant(1s)) { return crossings_.next(at); }
  bool admits(const IpAddress&) const override { return admitted_; }

  bool admitted_ = true;
  Crossings crossings_{kEnd, static_cast<const Guests&>(*this)};
};

TEST_F(CrossingsTest, EachOnceInTheOrderInWhichTheyCome) {
  EXPECT_FALSE(next());
  for (const int port : {1, 2, 1}) EXPECT_TRUE(syn(from(static_cast<std::uint16_t>(port))));
  EXPECT_EQ(next(), from(1));
  EXPECT_EQ(next(), from(2));
  EXPECT_FALSE(next());
  EXPECT_TRUE(syn(from(1)));
  EXPECT_EQ(next(), from(1));
}

TEST_F(CrossingsTest, OthersAreRefused) {
  FourTuple other = from(1);
  other.local_port = Port{80};
  EXPECT_FALSE(syn(other));
  other = from(1);
  other.local = IpAddress::v4(10, 0, 0, 9);
  EXPECT_FALSE(syn(other));
  constexpr std::uint8_t kSynAck = TcpFlags::kSyn | TcpFlags::kAck;
  for (const std::uint8_t flags : {TcpFlags::kAck, kSynAck})
    EXPECT_FALSE(crossings_.keeps(from(1), {.flags = flags}, Instant(1s)));
  EXPECT_EQ(crossings_.turned_away(), 0u);
  admitted_ = false;
  EXPECT_FALSE(syn(from(1)));
  EXPECT_EQ(crossings_.turned_away(), 1u);
  EXPECT_FALSE(next());
}

TEST_F(CrossingsTest, ThoseThatCameLongAgoMustComeAgain) {
  EXPECT_TRUE(syn(from(1)));
  EXPECT_TRUE(syn(from(2)));
  const Instant later = Instant(1s) + Crossings::kFresh;
  EXPECT_TRUE(syn(from(2), later));
  EXPECT_EQ(next(later), from(2));
  EXPECT_FALSE(next(later));
}

TEST_F(CrossingsTest, ThoseThatFindNoRoomAreAsIfLost) {
  for (std::uint16_t port = 1; port <= Crossings::kMost + 1; ++port) EXPECT_TRUE(syn(from(port)));
  for (std::uint16_t port = 1; port <= Crossings::kMost; ++port) EXPECT_EQ(next(), from(port));
  EXPECT_FALSE(next());
}

}  // namespace
}  // namespace conker
