// Goodput of bulk data between two stacks on virtual time over a lossy line, compared with the
// response function of the congestion control. The table is printed.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "stack/tcp/cubic.hpp"
#include "stack/tcp/sack_recovery.hpp"
#include "tests/unit/two_ends.hpp"

namespace conker::test {
namespace {

constexpr double kRoundTrip = 0.020;  // seconds
constexpr double kMss = 1448;

/// RFC 3649, section 2, after Mathis et al.: average window in segments at this rate of loss.
double reno_window(double loss) {
  return std::sqrt(1.5 / loss);
}
/// RFC 9438, 5.1, figure 6 in its general form, and no less than Reno's (4.3).
double cubic_window(double loss) {
  const double cubic = std::pow(0.4 * 3.7 / 1.2, 0.25) * std::pow(kRoundTrip / loss, 0.75);
  return std::max(cubic, reno_window(loss));
}

/// A sender that always has data, and a receiver that reads all.
class Goodput {
 public:
  Goodput(CongestionAlgorithm algorithm, std::uint32_t loss_in_1000, bool worse)
      : wire_(capacities(), settings(algorithm), impairments(loss_in_1000, worse),
              Parts{.cubic = &cubic_, .recovery = &recovery_}) {
    wire_.audit_every = 5000;
  }

  /// Goodput in bytes a second.
  double run(Duration duration) {
    Stack& from = wire_.left().stack();
    Stack& to = wire_.right().stack();
    ListenRequest listen;
    listen.local.port = Port{9};
    EXPECT_TRUE(to.listen(listen));
    ConnectRequest connect;
    connect.remote = {IpAddress::v4(10, 0, 0, 2), Port{9}};
    const auto id = from.connect(connect);
    EXPECT_TRUE(id);
    const std::vector<std::byte> block(16384);
    std::uint64_t received = 0;
    wire_.left().on_turn = [&] { (void)from.send(*id, block); };
    wire_.right().on_event = [&](const Event& event) {
      if (event.has(Event::kAcceptable)) reader_ = *to.accept(event.listener);
      ConnectionInfo info;
      if (!to.info(reader_, info)) return;
      received += info.receive_queue;
      (void)to.consume(reader_, info.receive_queue);
    };
    wire_.run([&] { return received > 0; }, 60s);
    const Instant begin = wire_.now();
    received = 0;
    wire_.run([] { return false; }, duration);
    EXPECT_TRUE(from.audit().balanced());
    const double seconds = static_cast<double>((wire_.now() - begin).count()) / 1e6;
    return static_cast<double>(received) / seconds;
  }

 private:
  static Capacities capacities() {
    Capacities c;
    c.connections = c.half_open = c.time_wait = c.listeners = 4;
    c.neighbours = c.addresses = 8;
    c.chunks = 4096;
    c.transitions = 16;
    return c;
  }
  static Settings settings(CongestionAlgorithm algorithm) {
    Settings s;
    s.congestion = algorithm;
    s.send_buffer = s.receive_buffer = 1 << 20;
    return s;
  }
  static Impairments impairments(std::uint32_t loss_in_1000, bool worse) {
    Impairments w;
    w.delay = Duration(static_cast<std::int64_t>(kRoundTrip * 1e6 / 2));
    w.loss = loss_in_1000;
    if (worse) w.duplicate = w.reorder = 10;
    w.seed = 42;
    return w;
  }

  Cubic cubic_;
  SackRecovery recovery_;
  Wire wire_;
  ConnectionId reader_;
};

TEST(GoodputTest, MeetsTheResponseFunction) {
  struct Row {
    std::uint32_t loss;  // of 1000
    Duration duration;
    bool asserted;
  };
  std::printf("loss     algorithm  KB/s  promised  ratio\n");
  for (const Row& row :
       {Row{1, 120s, true}, Row{10, 120s, true}, Row{50, 120s, false}, Row{200, 240s, false}}) {
    for (const auto algorithm : {CongestionAlgorithm::kNewReno, CongestionAlgorithm::kCubic}) {
      const double loss = row.loss / 1000.0;
      const double measured = Goodput(algorithm, row.loss, false).run(row.duration);
      const double window =
          algorithm == CongestionAlgorithm::kCubic ? cubic_window(loss) : reno_window(loss);
      const double promised = window * kMss / kRoundTrip;
      std::printf("%4.1f %%   %-9s %5.0f     %5.0f   %.2f\n", loss * 100, to_string(algorithm),
                  measured / 1000, promised / 1000, measured / promised);
      EXPECT_GT(measured, 0);
      if (!row.asserted) continue;
      EXPECT_GT(measured, promised / 2);
      EXPECT_LT(measured, promised * 2);
    }
  }
}

TEST(GoodputTest, ReorderingAndDuplicationCostLittle) {
  const double clean = Goodput(CongestionAlgorithm::kCubic, 10, false).run(60s);
  const double worse = Goodput(CongestionAlgorithm::kCubic, 10, true).run(60s);
  EXPECT_GT(worse, clean / 4);
}

}  // namespace
}  // namespace conker::test
