// Scenario files: what is read of them, every error with its place, and their schema.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "ctl/scenario_reader.hpp"
#include "ctl/scenario_schema.hpp"
#include "ctl/strike_options.hpp"

namespace conker::ctl {
namespace {

Scenario read(const std::string& text, const std::vector<std::string>& targets = {}) {
  return scenario_of(text, "f.yaml", targets);
}

std::string refused(const std::string& text, const std::vector<std::string>& targets = {}) {
  try {
    (void)read(text, targets);
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.exit(), kExitUsage);
    return failure.what();
  }
  return "none";
}

const std::string kHead = "name: t\ntargets: {a: 10.0.0.1:7}\n";

/// A file of one phase with this line, its fifth.
std::string phase(const std::string& line) {
  return kHead + "phases:\n  - name: x\n    " + line + "\n";
}

TEST(ScenarioTest, APhaseIsACommandLine) {
  const Scenario scenario = read(kHead +
                                 "about: what for\n"
                                 "seed: 7\n"
                                 "defaults: {rate: 100, close: rst, duration: 5s}\n"
                                 "phases:\n"
                                 "  - {name: one, counts: false}\n"
                                 "  - name: two\n"
                                 "    pause: 2s\n"
                                 "    target: 10.0.0.2:80\n"
                                 "    mix: {fin: 3, rst: 1}\n"
                                 "    max: {failed: 1%, close_p99: 20ms}\n"
                                 "    keep-going: true\n"
                                 "    cycles: 200\n"
                                 "    faults: {loss: 1%, delay: 5ms}\n"
                                 "    repeat: 2\n");
  ASSERT_EQ(scenario.phases.size(), 3U);
  const ScenarioPhase& one = scenario.phases[0];
  EXPECT_FALSE(one.counts);
  EXPECT_EQ(one.command(),
            "conkerctl strike 10.0.0.1:7 --duration 5s --rate 100 --close rst --seed 7");
  EXPECT_EQ(one.stem(), "01-one");
  const ScenarioPhase& two = scenario.phases[2];
  EXPECT_EQ(two.label(), "two (2 of 2)");
  EXPECT_EQ(two.stem(), "03-two-2");
  EXPECT_EQ(two.command(),
            "conkerctl strike 10.0.0.2:80 --cycles 200 --mix fin=3,rst=1 --max failed=1% "
            "--max close_p99=20ms --keep-going --rate 100 --seed 9");
  EXPECT_EQ(two.faults, (std::vector<std::string>{"loss=1%", "delay=5ms"}));
  EXPECT_EQ(two.parameters.max_failed_ppm, 10'000U);
  EXPECT_EQ(two.expected(), 4s);  // its pause, and 200 cycles at 100 a second
  EXPECT_EQ(scenario.extent(), "3 phases, about 13.0 s");
}

TEST(ScenarioTest, WhatDependsOnTheTargetIsNotKnownBefore) {
  EXPECT_EQ(read(phase("cycles: 10")).extent(), "1 phase, as long as their cycles take");
  EXPECT_EQ(read(phase("cycles: 10") + "  - {name: y, duration: 3s}\n").extent(),
            "2 phases, about 3.0 s and what the cycles of 1 of them take");
}

TEST(ScenarioTest, CommandLinesAreQuotedForAShell) {
  EXPECT_EQ(read(phase("monitor: \"exec:it's up\"")).phases[0].command(),
            "conkerctl strike 10.0.0.1:7 --monitor 'exec:it'\\''s up'");
}

TEST(ScenarioTest, TargetsFromTheCommandLine) {
  const std::string open = "name: t\ntargets:\n  dev:\nphases: [{name: x, monitor: ping}]\n";
  EXPECT_EQ(read(open).phases[0].open_target, "dev");
  EXPECT_EQ(read(open).phases[0].command(), "conkerctl strike HOST:PORT --monitor ping");
  EXPECT_EQ(read(open, {"dev=10.0.0.9:7"}).phases[0].target, "10.0.0.9:7");
  EXPECT_EQ(read(open, {"10.0.0.9:7"}).phases[0].target, "10.0.0.9:7");
  EXPECT_EQ(refused(open, {"other=10.0.0.9:7"}),
            "--target other=10.0.0.9:7: the scenario has no target other; it has dev");
  EXPECT_EQ(refused(open, {"dev=10.0.0.9"}), "10.0.0.9: the port is missing: write ADDRESS:PORT");
  EXPECT_EQ(
      refused("name: t\ntargets: {a: , b: }\nphases: [{name: x, target: a}]\n", {"10.0.0.9:7"}),
      "--target 10.0.0.9:7: say which: NAME=HOST:PORT, where NAME is one of a, b");
}

TEST(ScenarioTest, OneThatListensNeedsNoTarget) {
  const Scenario scenario =
      read("name: t\nphases: [{name: x, listen: 1883, cycles: 5, duration: 3s}]\n");
  EXPECT_TRUE(scenario.phases[0].parameters.passive);
  EXPECT_EQ(scenario.phases[0].command(),
            "conkerctl strike --listen 1883 --cycles 5 --duration 3s");
}

TEST(ScenarioTest, MonitorsBesideTheWhole) {
  const Scenario scenario = read(phase("duration: 1s") + "monitor: [ping, tcp://10.0.0.1:80]\n");
  ASSERT_EQ(scenario.monitors.monitors.size(), 2U);
  EXPECT_EQ(scenario.monitors.monitors[0].name, "ping:10.0.0.1");
  EXPECT_TRUE(scenario.phases[0].monitors.monitors.empty());
}

struct Refused {
  const char* name;
  std::string text, error;
};

class ScenarioRefusal : public ::testing::TestWithParam<Refused> {};

TEST_P(ScenarioRefusal, HasItsPlaceAndWhatToDo) {
  EXPECT_EQ(refused(GetParam().text), "f.yaml:" + GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    File, ScenarioRefusal,
    testing::Values(
        Refused{"empty", "", "1:1: the file is empty; the key name is missing"},
        Refused{"no_name", "phases: [{name: x}]\n", "1:1: the key name is missing"},
        Refused{"no_phases", "name: t\n", "1:1: the key phases is missing"},
        Refused{"empty_phases", "name: t\nphases: []\n",
                "2:9: phases: must have at least one phase"},
        Refused{"not_yaml", "name: [\n", "2:1: not valid YAML: end of sequence flow not found"},
        Refused{"key", kHead + "phasse: []\n", "3:1: phasse: unknown key; did you mean phases?"},
        Refused{"target_without_port", "name: t\ntargets: {a: 10.0.0.1}\nphases: [{name: x}]\n",
                "2:14: targets.a: 10.0.0.1: the port is missing: write ADDRESS:PORT"},
        Refused{"target_name", "name: t\ntargets: {\"a b\": 10.0.0.1:7}\nphases: [{name: x}]\n",
                "2:18: targets.a b: a target's name has no space, : or ="},
        Refused{"no_target", "name: t\nphases: [{name: x}]\n",
                "2:10: phases[0]: give a target: HOST:PORT, or one that `targets` names"},
        Refused{"which_target",
                "name: t\ntargets: {a: 10.0.0.1:7, b: 10.0.0.2:7}\nphases: [{name: x}]\n",
                "3:10: phases[0]: give a target: HOST:PORT, or one of a, b"},
        Refused{"seed", kHead + "seed: -1\nphases: [{name: x}]\n",
                "3:7: seed: \"-1\" is not a whole number from 0 to 1000000000000"},
        Refused{"default", kHead + "defaults: {hold: long}\nphases: [{name: x}]\n",
                "3:18: defaults.hold: long: write a time, like 90s, 50ms, 5min, 8h or 2d"},
        Refused{"monitor_beside_all", kHead + "monitor: pong\nphases: [{name: x}]\n",
                "3:10: monitor: pong: give ping, ping:HOST, tcp://HOST:PORT, "
                "http://HOST:PORT/PATH or exec:COMMAND"},
        Refused{"many_strikes", phase("repeat: 1000") + "  - {name: y, repeat: 1000}\n",
                "6:23: phases[1].repeat: that makes more than 1000 strikes: repeat less often"},
        Refused{"same_name", phase("duration: 1s") + "  - {name: x}\n",
                "6:12: phases[1].name: another phase has this name: give it one of its own, or "
                "use repeat"}),
    [](const auto& one) { return std::string(one.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Phase, ScenarioRefusal,
    testing::Values(
        Refused{"name", kHead + "phases: [{name: a b}]\n",
                "3:17: phases[0].name: \"a b\": a name has 1 to 32 letters, digits, - _ or ."},
        Refused{"key", phase("dulation: 5s"),
                "5:5: phases[0].dulation: unknown key; did you mean duration?"},
        Refused{"option_without_a_value", phase("duration:"),
                "5:5: phases[0].duration: has no value"},
        Refused{"time", phase("duration: 5x"),
                "5:15: phases[0].duration: 5x: write a time, like 90s, 50ms, 5min, 8h or 2d"},
        Refused{"list", phase("duration: [5s]"),
                "5:15: phases[0].duration: must be a single value, not a list"},
        Refused{"range", phase("rate: 0"),
                "5:11: phases[0].rate: Value 0 not in range 1 to 10000000"},
        Refused{"size", phase("payload: 64q"),
                "5:14: phases[0].payload: 64q: write a size in bytes, like 512, 64KiB (or 64k) or "
                "1MiB"},
        Refused{"choice", phase("expect: rate"),
                "5:13: phases[0].expect: rate not in {none,echo,discard,close}"},
        Refused{"flag", phase("keep-going: maybe"),
                "5:17: phases[0].keep-going: \"maybe\" must be true or false"},
        Refused{"mix", phase("mix: {fim: 3}"),
                "5:10: phases[0].mix: mix must be ways to close with weights from 1 to 10000, as "
                "fin=60,rst=20: see close for their names"},
        Refused{"limit", phase("max: {failed: 5}"),
                "5:10: phases[0].max: failed=5: write a share from 0% to 100%, like 1% or 0.25%"},
        Refused{"no_limit", phase("max: {}"), "5:10: phases[0].max: is empty"},
        Refused{"needs", phase("ramp: 5s"), "5:11: phases[0].ramp: requires --rate"},
        Refused{"excludes", phase("mix: fin=1\n    close: rst"),
                "6:12: phases[0].close: excludes --mix"},
        Refused{"two_ends", phase("cycles: 5\n    duration: 5s"),
                "5:13: phases[0].cycles: --cycles or --duration: both are for --listen only"},
        Refused{
            "does_not_fit", phase("expect: echo\n    close: rst"),
            "5:13: phases[0].expect: expect is for the ways fin, fin-late, half-close, data-fin, "
            "peer-first and reopen: change close or mix"},
        Refused{"target", phase("target: b"),
                "5:13: phases[0].target: there is no target b: give HOST:PORT, or one that "
                "`targets` names: a"},
        Refused{"pause", phase("pause: 2d"),
                "5:12: phases[0].pause: pause 2d: must be from 0 us to 1 d 0 h"},
        Refused{"repeat", phase("repeat: 0"),
                "5:13: phases[0].repeat: \"0\" is not a whole number from 1 to 1000"},
        Refused{"fault", phase("faults: {loss: 5}"),
                "5:20: phases[0].faults.loss: loss=5: write a share from 0% to 100%, like 1% or "
                "0.25%"},
        Refused{"fault_key", phase("faults: {los: 5%}"),
                "5:14: phases[0].faults.los: unknown key; did you mean loss?"},
        Refused{"watch", phase("watch-fail: panic"),
                "4:5: phases[0]: --watch-...: there is no --watch that it could be about"},
        Refused{"pattern", phase("watch: cat\n    watch-fail: \"(\""),
                "6:17: phases[0].watch-fail: (: not a regular expression of grep -E: Unmatched ( "
                "or \\("}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(ScenarioTest, NoMoreThanAHundredPhasesAreListed) {
  std::string text = kHead + "phases:\n";
  for (int i = 0; i < 101; ++i) text += "  - {name: p" + std::to_string(i) + "}\n";
  EXPECT_EQ(refused(text), "f.yaml:4:3: phases: 101 phases are too many: list 100 at most");
}

/// Every option of a strike is a key of a phase by itself, with its help.
TEST(ScenarioTest, TheSchemaHasEveryOptionOfAStrike) {
  const protocol::json keys = scenario_schema()["$defs"]["phase"]["properties"];
  CLI::App app;
  StrikeOptions options;
  options.add(app);
  std::size_t known = 0;
  for (const CLI::Option* option : std::as_const(app).get_options()) {
    if (option->get_lnames().empty() || option == app.get_help_ptr()) continue;
    const std::string& name = option->get_lnames().front();
    ASSERT_TRUE(keys.contains(name)) << name;
    EXPECT_EQ(keys[name]["description"], option->get_description()) << name;
    ++known;
  }
  EXPECT_GT(known, 20U);
  EXPECT_EQ(keys["rate"]["minimum"], 1);
  EXPECT_EQ(keys["expect"]["enum"], protocol::json({"none", "echo", "discard", "close"}));
}

}  // namespace
}  // namespace conker::ctl
