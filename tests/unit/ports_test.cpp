// Ephemeral ports (RFC 6056) and initial sequence numbers (RFC 6528).
#include <map>
#include <set>
#include <vector>

#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

Capacities many_connections(std::uint32_t connections) {
  Capacities capacities = small_capacities();
  capacities.connections = connections;
  return capacities;
}

Settings ports_between(std::uint16_t first, std::uint16_t last) {
  Settings settings = plain_settings();
  settings.first_port = Port{first};
  settings.last_port = Port{last};
  return settings;
}

/// Opens a connection without a turn and returns its port; 0 when it fails.
std::uint16_t open(Script& s, std::uint16_t port = 80, Error* error = nullptr) {
  ConnectRequest request;
  request.remote = {kPeerAddress, Port{port}};
  const auto id = s.stack().connect(request);
  if (error != nullptr) *error = id.error();
  return id ? s.info(*id).tuple.local_port.value : 0;
}

TEST(PortsTest, EachPortIsChosenOnceAndThenNone) {
  Script s(many_connections(200), ports_between(2000, 2099));
  std::set<std::uint16_t> ports;
  for (int i = 0; i < 100; ++i) ports.insert(open(s));
  EXPECT_EQ(ports.size(), 100u);
  EXPECT_EQ(*ports.begin(), 2000);
  EXPECT_EQ(*ports.rbegin(), 2099);
  Error error{};
  EXPECT_EQ(open(s, 80, &error), 0);
  EXPECT_EQ(error, Error::kNoFreePort);
  EXPECT_NE(open(s, 81), 0) << "towards another peer all are free";
  s.turn();
  s.forget();
}

TEST(PortsTest, ListenersPortsAreNotChosen) {
  Script s(many_connections(20), ports_between(2000, 2009));
  (void)s.listen(2003);
  std::set<std::uint16_t> ports;
  for (int i = 0; i < 9; ++i) ports.insert(open(s));
  EXPECT_EQ(ports.size(), 9u);
  EXPECT_FALSE(ports.contains(2003));
  EXPECT_EQ(open(s), 0);
  s.turn();
  s.forget();
}

TEST(PortsTest, TheHighestPortAndARangeOfOne) {
  Script s(many_connections(20), ports_between(65535, 65535));
  EXPECT_EQ(open(s), 65535);
  EXPECT_EQ(open(s), 0);
  s.turn();
  s.forget();
}

TEST(PortsTest, TheWholeRangeTowardsOnePeer) {
  Script s(many_connections(65536));
  std::vector<bool> seen(65536);
  for (int i = 0; i < 65536 - 1024; ++i) {
    const std::uint16_t port = open(s);
    ASSERT_GE(port, 1024);
    ASSERT_FALSE(seen[port]);
    seen[port] = true;
  }
  EXPECT_EQ(open(s), 0);
  EXPECT_EQ(s.count(Count::ports_exhausted), 1u);
  EXPECT_TRUE(s.audit().balanced());
}

// An open tries 256 ports and no more, and the next one those behind them.
TEST(PortsTest, WithAllPortsTakenAnOpenTriesABoundedNumberAndAFreedPortIsFound) {
  Script s(many_connections(4096), ports_between(2000, 2000 + 4095));
  std::vector<ConnectionId> ids;
  for (int i = 0; i < 4096; ++i) {
    ConnectRequest request;
    request.remote = {kPeerAddress, Port{80}};
    const auto id = s.stack().connect(request);
    ASSERT_TRUE(id);
    ids.push_back(*id);
  }
  s.turn();
  s.forget();
  (void)s.abort(ids[2048]);
  int failed = 0;
  while (open(s) == 0) ASSERT_LT(++failed, 16) << "each looks at 256 others";
  EXPECT_GT(failed, 0);
  EXPECT_EQ(s.count(Count::ports_exhausted), static_cast<std::uint64_t>(failed));
  s.turn();
  s.forget();
}

TEST(PortsTest, PortsTowardsDifferentPeersAreIndependent) {
  Script s(many_connections(4096));
  std::map<int, int> distances;
  std::uint16_t before = open(s, 1);
  for (std::uint16_t port = 2; port < 1000; ++port) {
    const std::uint16_t next = open(s, port);
    ++distances[next - before];
    before = next;
  }
  for (const auto& [distance, times] : distances) EXPECT_LT(times, 20) << "distance " << distance;
  // The ports are spread over the whole range.
  std::array<int, 16> sixteenths{};
  for (std::uint16_t port = 1000; port < 3000; ++port) ++sixteenths[open(s, port) / 4096];
  for (std::size_t i = 1; i < 16; ++i) EXPECT_GT(sixteenths[i], 60) << i;
}

TEST(PortsTest, PortsInTimeWaitAreChosenLast) {
  Script s(many_connections(20), ports_between(2000, 2003));
  std::set<std::uint16_t> used;
  for (int i = 0; i < 4; ++i) {
    const auto id = s.established();
    used.insert(s.flow().local_port);
    (void)s.close(id);
    s.skip();
    s.inject(Fin());
    s.expect(Ack());
  }
  EXPECT_EQ(used.size(), 4u);
  EXPECT_EQ(s.count(Count::time_wait_reused), 0u);
  (void)s.established();
  EXPECT_EQ(s.count(Count::time_wait_reused), 1u) << "when all wait, one is replaced";
}

TEST(SequenceTest, EachConnectionHasAnotherIss) {
  Script s(many_connections(2000));
  std::set<std::uint32_t> seen;
  for (std::uint16_t port = 1; port <= 1000; ++port) {
    (void)s.connect(port);
    s.expect(Syn());
    seen.insert(*s.flow().iss);
  }
  EXPECT_EQ(seen.size(), 1000u);
  std::uint32_t low_half = 0;
  for (const std::uint32_t iss : seen) low_half += iss < 0x80000000 ? 1 : 0;
  EXPECT_GT(low_half, 400u);
  EXPECT_LT(low_half, 600u);
}

TEST(SequenceTest, TheIssOfAFourTupleIncreases) {
  Script s;
  ConnectRequest request;
  request.remote = {kPeerAddress, Port{80}};
  request.local_port = Port{5000};
  std::optional<std::uint32_t> before;
  for (int i = 0; i < 100; ++i) {
    const auto id = s.connect(request);
    s.expect(Syn());
    const std::uint32_t iss = *s.flow().iss;
    if (before) {
      EXPECT_EQ(iss - *before, 250'000u) << "M goes up by one each 4 us";
    }
    before = iss;
    (void)s.abort(id);
    s.advance(1s);
  }
}

}  // namespace
}  // namespace conker::test
