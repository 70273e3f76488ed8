// From which port a strike begins: as it says, by its seed, or behind the one before.
#include "daemon/control/strike_ports.hpp"

#include <gtest/gtest.h>

namespace conker::daemon {
namespace {

using Parameters = protocol::Strike::Parameters;

class DaemonStrikePorts : public testing::Test {
 protected:
  DaemonStrikePorts() {
    settings_.first_port = Port{40'000};
    settings_.last_port = Port{49'999};
  }
  std::uint32_t first(const Parameters& parameters) {
    chosen_ = ports_.choose(target_, parameters, settings_);
    return chosen_.first;
  }
  /// The strike of the last first() ends.
  void ended(std::uint32_t next) { ports_.ended(target_, chosen_, next); }
  static Parameters with(std::optional<std::uint64_t> seed,
                         std::optional<std::uint32_t> from = {}) {
    Parameters parameters;
    parameters.seed = seed;
    parameters.from_port = from;
    return parameters;
  }

  Settings settings_;
  StrikePorts ports_;
  Endpoint target_{IpAddress::v4(10, 0, 0, 1), Port{80}};
  StrikePorts::Chosen chosen_;
};

TEST_F(DaemonStrikePorts, GoOnBehindTheStrikeBefore) {
  const std::uint32_t some = first({});
  EXPECT_TRUE(40'000 <= some && some <= 49'999) << some;
  ended(47'000);
  EXPECT_EQ(first({}), 47'000);
  EXPECT_EQ(first(with(5, 0)), 47'000) << "0 asks for others than lately, whatever the seed";
}

TEST_F(DaemonStrikePorts, GoOnForEachTargetByItself) {
  (void)first({});
  ended(47'000);
  target_.port = Port{81};
  (void)first({});
  ended(42'000);
  target_.port = Port{80};
  EXPECT_EQ(first({}), 47'000) << "it may have those before it in TIME-WAIT";
  target_.port = Port{81};
  EXPECT_EQ(first({}), 42'000);
  for (std::uint16_t port = 100; port < 100 + StrikePorts::kTargets; ++port) {
    target_.port = Port{port};
    (void)first({});
    ended(43'000);
  }
  EXPECT_EQ(first({}), 43'000) << "the newest are known";
}

TEST_F(DaemonStrikePorts, AreTheSameForTheSameSeed) {
  const std::uint32_t some = first(with(7));
  EXPECT_TRUE(40'000 <= some && some <= 49'999) << some;
  ended(47'000);
  EXPECT_EQ(first(with(7)), some);
  EXPECT_NE(first(with(8)), some);
}

TEST_F(DaemonStrikePorts, ThatAreNamedAreNotWhereTheNextStrikeGoesOn) {
  (void)first({});
  ended(47'000);
  EXPECT_EQ(first(with({}, 41'000)), 41'000);
  ended(41'500);
  EXPECT_EQ(first({}), 47'000);
}

TEST_F(DaemonStrikePorts, OfAResumedStrikeAreBehindItsEarlierParts) {
  Parameters rest = with({}, 45'000);
  rest.resumed_cycles = 12'345;
  EXPECT_EQ(first(rest), 47'345 + Origins::kRound);
  EXPECT_EQ(chosen_.begun_from, 45'000) << "as all parts say";
  ended(47'500);
  EXPECT_EQ(first({}), 47'500);
}

TEST_F(DaemonStrikePorts, AreOfARoundWhereAddressesAreSeveral) {
  (void)first({});
  ended(47'000 + 3 * Origins::kRound);
  EXPECT_EQ(first({}), 47'000 + 3 * Origins::kRound);
  EXPECT_EQ(first(with({}, 41'000 + 2 * Origins::kRound)), 41'000 + 2 * Origins::kRound);
}

TEST_F(DaemonStrikePorts, MustBeOfTheRange) {
  EXPECT_EQ(StrikePorts::complaint(with({}, 39'999), settings_),
            "strike: from_port 39999 is not within tcp.first_port to last_port of the "
            "configuration, 40000 to 49999");
  for (const std::uint32_t port : std::initializer_list<std::uint32_t>{0, 40'000, 49'999})
    EXPECT_EQ(StrikePorts::complaint(with({}, port), settings_), "");
}

}  // namespace
}  // namespace conker::daemon
