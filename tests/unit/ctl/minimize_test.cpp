// The search for the least strike that still finds something, over targets that are functions.
#include "ctl/minimize.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace conker::ctl {
namespace {

using Parameters = protocol::Strike::Parameters;

class CtlMinimize : public testing::Test {
 protected:
  CtlMinimize() {
    start_.target = "10.0.0.1:80";
    start_.cycles = 10'000;
    start_.concurrency = 64;
    start_.mix = "fin=60,rst=20,half-close=20";
  }

  /// A target in which it is found after so many cycles, if `shows` says so of the parameters.
  template <typename F>
  Minimum search(std::uint64_t needed, F shows, std::size_t most = 100) {
    return minimize(start_, std::nullopt,
                    [&, needed, shows, most](const Trial& trial) -> std::optional<Sighting> {
                      if (tries_.size() == most) return std::nullopt;
                      tries_.push_back(trial.what);
                      const Parameters& p = trial.parameters;
                      Sighting sighting;
                      sighting.found = shows(p) && *p.cycles >= needed;
                      sighting.cycle = needed;
                      return sighting;
                    });
  }

  Parameters start_;
  std::vector<std::string> tries_;
};

TEST_F(CtlMinimize, ComesToTheOneWayThatShowsItOneAtATime) {
  const Minimum least = search(1, [](const Parameters& p) {
    return p.mix ? p.mix->find("half-close") != std::string::npos
                 : p.close == WayToClose::kHalfClose;
  });
  EXPECT_TRUE(least.found && least.whole);
  EXPECT_EQ(command_of(least.parameters),
            "conkerctl strike 10.0.0.1:80 --cycles 1 --close half-close");
  EXPECT_EQ(tries_,
            (std::vector<std::string>{"as recorded", "1 at a time", "fin alone", "rst alone",
                                      "half-close alone", "1 cycle", "1 cycle again"}));
}

TEST_F(CtlMinimize, HalvesWhatIsInFlight) {
  const Minimum least = search(1, [](const Parameters& p) { return p.concurrency >= 10; });
  EXPECT_EQ(least.parameters.concurrency, 16u);
}

TEST_F(CtlMinimize, TriesOneAtATimeWhereConcurrencyWasLearnt) {
  start_.concurrency = 1;
  start_.concurrency_auto = 0;
  const Minimum least = search(1, [](const Parameters&) { return true; });
  ASSERT_GE(tries_.size(), 2u);
  EXPECT_EQ(tries_[1], "1 at a time");
  EXPECT_FALSE(least.parameters.concurrency_auto);
}

TEST_F(CtlMinimize, KeepsAMixOfWhichNoWayAloneShowsIt) {
  const Minimum least = search(1, [](const Parameters& p) { return p.mix.has_value(); });
  EXPECT_EQ(least.parameters.mix, start_.mix);
}

TEST_F(CtlMinimize, FindsHowManyCyclesAreNeeded) {
  for (const std::uint64_t needed : {1u, 2u, 7u, 700u, 5'000u}) {
    tries_.clear();
    const Minimum least = search(needed, [](const Parameters&) { return true; });
    EXPECT_GE(*least.parameters.cycles, needed);
    EXPECT_LE(*least.parameters.cycles, needed + needed / 8 + 1);
  }
}

TEST_F(CtlMinimize, ADeviceThatCountsIsNotTakenForOneThatNeedsFewer) {
  std::uint64_t done = 0;
  start_.mix.reset();
  const Minimum least =
      minimize(start_, std::nullopt, [&](const Trial& trial) -> std::optional<Sighting> {
        const std::uint64_t left = 300 - done % 300;
        Sighting sighting;
        sighting.found = *trial.parameters.cycles >= left;
        sighting.cycle = left;
        done += sighting.found ? left : *trial.parameters.cycles;
        return sighting;
      });
  EXPECT_EQ(least.parameters.cycles, 300u);
}

TEST_F(CtlMinimize, HoldAndDataAreLeftOutWhereTheyDoNotMatter) {
  start_.mix = "rst-outside=1";
  start_.payload = 100;
  Minimum least = search(1, [](const Parameters&) { return true; });
  EXPECT_EQ(least.parameters.payload, 1u);
  EXPECT_EQ(least.parameters.hold_ms, 0u);
  least = search(1, [](const Parameters& p) { return p.hold_ms >= 50 && p.payload == 100; });
  EXPECT_EQ(command_of(least.parameters),
            "conkerctl strike 10.0.0.1:80 --cycles 1 --mix rst-outside=1 --payload 100");
}

TEST_F(CtlMinimize, KeepsPortsWhereTheyMatter) {
  start_.mix.reset();
  start_.from_port = 40'000;
  Minimum least = search(1, [](const Parameters& p) { return p.from_port == 40'000; });
  EXPECT_EQ(tries_[1], "other ports");
  EXPECT_EQ(command_of(least.parameters),
            "conkerctl strike 10.0.0.1:80 --cycles 1 --close fin --from-port 40000");
  least = search(1, [](const Parameters&) { return true; });
  EXPECT_EQ(command_of(least.parameters), "conkerctl strike 10.0.0.1:80 --cycles 1 --close fin");
}

TEST_F(CtlMinimize, WhatComesLongAfterItsCycleNeedsFewerCyclesThatTakeLonger) {
  start_.mix.reset();
  start_.concurrency = 1;
  // In cycle 20, and half a second after it; without a rate 10,000 are begun a second.
  const Minimum least =
      minimize(start_, std::nullopt, [&](const Trial& trial) -> std::optional<Sighting> {
        tries_.push_back(trial.what);
        const std::uint64_t rate = trial.parameters.rate.value_or(10'000);
        Sighting sighting;
        sighting.cycle = 20;
        sighting.cycles = 20 + rate / 2;
        sighting.at = Duration(1s) * 20 / static_cast<std::int64_t>(rate) + 500ms;
        sighting.found = *trial.parameters.cycles >= sighting.cycles;
        return sighting;
      });
  EXPECT_EQ(tries_[2], "20 a second");
  EXPECT_EQ(least.parameters.rate, 20u);
  EXPECT_GE(*least.parameters.cycles, 30u);
  EXPECT_LE(*least.parameters.cycles, 33u);
}

TEST_F(CtlMinimize, PeersThatOpenConnectionsAreWaitedFor) {
  start_.mix = "fin=1,rst=1";
  start_.passive = true;
  start_.target = "10.0.0.2:1883";
  start_.duration_ms = 30'000;
  const Minimum least = search(5, [](const Parameters& p) {
    return p.duration_ms == 30'000 && (p.mix || p.close == WayToClose::kReset);
  });
  EXPECT_EQ(command_of(least.parameters),
            "conkerctl strike --listen 10.0.0.2:1883 --cycles 5 --duration 30000ms --close rst");
}

TEST_F(CtlMinimize, WhatDoesNotComeAgainIsNotSearchedFor) {
  EXPECT_FALSE(search(1, [](const Parameters&) { return false; }).found);
  EXPECT_EQ(tries_.size(), 1u);
}

TEST_F(CtlMinimize, EndsWhenNoMoreStrikesAreMade) {
  for (std::size_t most = 1; most < 7; ++most) {
    tries_.clear();
    const Minimum least = search(
        700, [](const Parameters&) { return true; }, most);
    EXPECT_TRUE(least.found);
    EXPECT_FALSE(least.whole);
    EXPECT_GE(*least.parameters.cycles, 700u);
    EXPECT_EQ(tries_.size(), most);
  }
}

TEST(CtlMinimizeCommand, HasWhatDiffersFromTheUsual) {
  Parameters p;
  p.target = "10.0.0.1:80";
  p.cycles = 5;
  p.concurrency = 2;
  p.max_opening = 1;
  p.rate = 100;
  p.ramp_ms = 2000;
  p.mix = "fin=1,rst=2";
  p.hold_ms = 5;
  p.expect = Expect::kEcho;
  p.connect_timeout_ms = 700;
  p.close_timeout_ms = 800;
  p.seed = 3;
  p.look = protocol::LookHow::kNone;
  p.keep_going = true;
  p.stop_on_rule = "reset-sequence";
  EXPECT_EQ(command_of(p),
            "conkerctl strike 10.0.0.1:80 --cycles 5 --concurrency 2 --max-opening 1 --rate 100 "
            "--ramp 2000ms --mix fin=1,rst=2 --hold 5ms --expect echo --connect-timeout 700ms "
            "--close-timeout 800ms --seed 3 "
            "--look none --keep-going --stop-on-rule reset-sequence");
  p.rate.reset();
  p.ramp_ms.reset();
  p.concurrency_auto = 8;
  EXPECT_NE(command_of(p).find(" --concurrency auto:8 --max-opening 1 --mix "), std::string::npos)
      << command_of(p);
}

}  // namespace
}  // namespace conker::ctl
