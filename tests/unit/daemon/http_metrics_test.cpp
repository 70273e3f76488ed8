// The metrics: whatever the verbs count is there, under a name that Prometheus takes.
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "daemon/http/metrics.hpp"

namespace conker::daemon {
namespace {

HttpFacts facts() {
  HttpFacts facts;
  facts.status.version = "1.2.3";
  facts.status.links.resize(2);
  facts.status.links[0].name = "lan";
  facts.status.links[0].state = "up";
  facts.status.links[1].name = "wan";
  facts.status.links[1].state = "gone";
  facts.status.states = {{State::kEstablished, 7}};
  facts.status.audit.opened = 9;
  for (const CountText& text : kCountTexts) facts.stats.counters.push_back({text.name, 3, "x"});
  facts.stats.links.resize(2);
  facts.stats.links[0].name = "lan";
  facts.stats.links[1].name = "wan";
  facts.stats.links[1].counters.bytes_in = 1500;
  facts.stats.strikes.connect = {3, 1500us, {{100us, 1}, {1ms, 3}}};
  facts.stats.strikes.findings = {{"isn \"repeats\"\n", "weakness", 4}};
  facts.stats.http.emplace();
  return facts;
}

bool has_line(const std::string& text, const std::string& line) {
  return text.find("\n" + line + "\n") != std::string::npos;
}

TEST(HttpMetricsTest, HaveTheValuesOfTheVerbs) {
  const std::string text = metrics_text(facts());
  for (const std::string line : {
           "conker_connections{state=\"ESTABLISHED\"} 7",
           "conker_connections{state=\"SYN-SENT\"} 0",
           "conker_connections_opened_total 9",
           "conker_connections_balanced 1",
           "conker_build_info{version=\"1.2.3\"} 1",
           "conker_link_up{link=\"lan\"} 1",
           "conker_link_up{link=\"wan\"} 0",
           "conker_link_in_bytes_total{link=\"wan\"} 1500",
           "conker_strike_connect_seconds_bucket{le=\"0.001\"} 3",
           "conker_strike_connect_seconds_bucket{le=\"+Inf\"} 3",
           "conker_strike_connect_seconds_sum 0.0015",
           "conker_stack_reaped_total 3",
           "conker_http_clients 0",
           "conker_http_out_bytes_total 0",
           R"(conker_strike_findings_total{rule="isn \"repeats\"\n",severity="weakness"} 4)",
           "# TYPE conker_stack_reaped_total counter",
           "# TYPE conker_connections gauge",
       })
    EXPECT_TRUE(has_line(text, line)) << line;
}

TEST(HttpMetricsTest, HaveEveryCounterThatAVerbHas) {
  const std::string text = metrics_text(facts());
  for (const CountText& counter : kCountTexts)
    EXPECT_TRUE(has_line(text, std::string("conker_stack_") + counter.name + "_total 3"));
  const auto lines_begin_with = [&](const std::string& prefix) {
    std::size_t count = 0;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) count += line.starts_with(prefix) ? 1 : 0;
    return count;
  };
  std::size_t fields = 0;
  const protocol::HttpCounters http;
  protocol::HttpCounters::visit(http, [&](auto&&...) { ++fields; });
  EXPECT_EQ(lines_begin_with("conker_http_"), fields);
  fields = 0;
  const protocol::DeviceCounters device;
  protocol::DeviceCounters::visit(device, [&](auto&&...) { ++fields; });
  const FaultCounters injected;
  FaultCounters::visit(injected, [&](auto&&...) { ++fields; });
  constexpr std::size_t kOfStatus = 5;  // up, state, MTU, faults, capture
  EXPECT_EQ(lines_begin_with("conker_link_"), 2 * (fields + kOfStatus));
}

/// As Prometheus' own check has them: one family of a name, with its help and type, and samples of
/// it alone; counters end in _total, and nothing else does.
TEST(HttpMetricsTest, AreWellFormed) {
  static const std::regex kSample(
      R"(([a-z_]+)(\{[a-z]+="([^"\\\n]|\\.)*"(,[a-z]+="([^"\\\n]|\\.)*")*\})? [-+.e0-9]+)");
  std::istringstream lines(metrics_text(facts()));
  std::map<std::string, std::string> types;
  std::set<std::string> seen;
  std::string family;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# HELP ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(seen.insert(family).second) << "twice: " << family;
    } else if (line.starts_with("# TYPE ")) {
      types[family] = line.substr(line.rfind(' ') + 1);
      EXPECT_EQ(family.ends_with("_total"), types[family] == "counter") << family;
    } else {
      std::smatch match;
      ASSERT_TRUE(std::regex_match(line, match, kSample)) << line;
      EXPECT_TRUE(match[1].str().starts_with(family)) << line;
      EXPECT_TRUE(seen.insert(line.substr(0, line.rfind(' '))).second || match[1] == family)
          << line;
    }
  }
}

}  // namespace
}  // namespace conker::daemon
