// Ports of ours that the strike itself chooses: one after the other, from a given one on.
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "tests/unit/strike_fixture.hpp"

namespace conker::test {
namespace {

class StrikePortsTest : public StrikeTest {
 protected:
  static constexpr std::uint16_t kFirst = 60'000, kLast = 60'099, kPorts = kLast - kFirst + 1;

  /// `addresses`: of our own.
  void build_with(std::uint8_t addresses = 1) {
    Settings settings;
    settings.first_port = Port{kFirst};
    settings.last_port = Port{kLast};
    build({}, roomy(), settings);
    listen(7);
    for (std::uint8_t i = 1; i < addresses; ++i) {
      const IpAddress address = IpAddress::v4(10, 0, 0, static_cast<std::uint8_t>(10 + i));
      ASSERT_EQ(left().stack().add_address(InterfaceId{0}, {address, 24}), Error::kOk);
    }
    left().on_event = [this](const Event& event) {
      ConnectionInfo info;
      if (event.has(Event::kConnected) && left().stack().info(event.connection, info))
        seen_.push_back(info.local());
      strike_->on_event(event);
    };
  }

  /// From where the cycles of a strike were opened, in their order.
  std::vector<Endpoint> opened(std::uint32_t from, std::uint64_t cycles, std::uint64_t seed = 1) {
    seen_.clear();
    StrikeRequest request = at(7, cycles, 1);
    request.from_port = from;
    request.seed = seed;
    EXPECT_EQ(strike(request).completed(), cycles);
    return std::exchange(seen_, {});
  }

  std::vector<Endpoint> seen_;
};

TEST_F(StrikePortsTest, FollowEachOtherFromTheGivenOne) {
  build_with();
  const std::vector<Endpoint> seen = opened(60'090, 30);
  ASSERT_EQ(seen.size(), 30u);
  for (std::uint16_t i = 0; i < 30; ++i)
    EXPECT_EQ(seen[i].port.value, i < 10 ? 60'090 + i : kFirst + i - 10);
  EXPECT_EQ(strike_->next_port(), kFirst + 20);
}

TEST_F(StrikePortsTest, AreTheSameOnceMore) {
  build_with(5);
  const std::vector<Endpoint> seen = opened(60'042, 1'000);
  EXPECT_EQ(opened(60'042, 1'000), seen) << "although our own end has them in TIME-WAIT";
  EXPECT_NE(opened(60'043, 1'000), seen);
  EXPECT_NE(opened(60'042, 1'000, 2), seen);
}

TEST_F(StrikePortsTest, EachHasAllAddressesBeforeAFourTupleComesAgain) {
  build_with(5);
  const std::vector<Endpoint> seen = opened(60'042, 5 * kPorts, 3);
  std::set<std::pair<std::uint32_t, std::uint16_t>> all;
  std::map<std::uint32_t, int> uses;
  for (const Endpoint& from : seen) {
    all.emplace(from.address.v4_bits(), from.port.value);
    ++uses[from.address.v4_bits()];
  }
  EXPECT_EQ(all.size(), 5u * kPorts);
  EXPECT_EQ(uses.size(), 5u);
  EXPECT_EQ(strike_->next_port(), 60'042u);
}

TEST_F(StrikePortsTest, OneStrikeGoesOnWhereAnotherEnded) {
  build_with(5);
  std::vector<Endpoint> seen = opened(60'042, 3 * kPorts + 7, 3);
  EXPECT_EQ(strike_->next_port(), 60'049u + 3 * Origins::kRound);
  const std::vector<Endpoint> more = opened(strike_->next_port(), 2 * kPorts - 7, 3);
  seen.insert(seen.end(), more.begin(), more.end());
  std::set<std::pair<std::uint32_t, std::uint16_t>> all;
  for (const Endpoint& from : seen) all.emplace(from.address.v4_bits(), from.port.value);
  EXPECT_EQ(all.size(), 5u * kPorts);
}

TEST_F(StrikePortsTest, ThatAreTakenArePassedOver) {
  build_with();
  ConnectRequest other;
  other.remote = at(7, 1, 1).target;
  other.local_port = Port{60'002};
  other.token = Token(kUs, 2'000);
  const auto taken = left().stack().connect(other);
  ASSERT_TRUE(taken);
  StrikeRequest request = at(7, 2 * kPorts, 1);
  request.from_port = kFirst;
  ASSERT_EQ(strike_->start(request), Error::kOk);
  ASSERT_TRUE(wire_->run([this] { return !strike_->running(); }, 10min));
  EXPECT_EQ(strike_->report().completed(), 2u * kPorts);
  EXPECT_EQ(strike_->report().open_failed, 0u);
  EXPECT_EQ(strike_->next_port(), kFirst + 2) << "two rounds, and in each of them one more";
  EXPECT_EQ(left().stack().abort(*taken), Error::kOk);
}

TEST_F(StrikePortsTest, ThatAreAllTakenAreWaitedFor) {
  build_with();
  const StrikeReport report = [&] {
    StrikeRequest request = at(7, 500, 200);
    request.from_port = kFirst;
    request.mix = Mix::only(WayToClose::kFinLate);
    request.hold = 20ms;
    return strike(request);
  }();
  EXPECT_EQ(report.completed(), 500u);
  EXPECT_GT(report.open_failed, 0u);
  EXPECT_LT(report.open_failed, 5'000u) << "it pauses, it does not spin";
}

TEST_F(StrikePortsTest, MustBeOfTheRange) {
  build_with();
  for (const std::uint16_t port :
       {std::uint16_t{1}, std::uint16_t{59'999}, std::uint16_t{60'100}}) {
    StrikeRequest request = at(7, 1, 1);
    request.from_port = port;
    EXPECT_EQ(strike_->start(request), Error::kInvalidArgument) << port;
  }
}

}  // namespace
}  // namespace conker::test
