// The same conversation twice, once with idle connections kept compact and once with connections
// that never are: neither the peer nor the application sees a difference.
#include <sstream>

#include "stack/tcp/cubic.hpp"
#include "stack/tcp/sack_recovery.hpp"
#include "stack/tcp/tcp.hpp"
#include "tests/support/random.hpp"
#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

constexpr SackRecovery kRecovery;
constexpr Cubic kCubic;

Capacities with_compact(std::uint32_t compact) {
  Capacities capacities = small_capacities();
  capacities.compact = compact;
  return capacities;
}

Settings settings_of(bool whole) {
  Settings settings = plain_settings();
  settings.ecn = Ecn::kAlways;
  if (!whole) {
    settings.timestamps = settings.window_scaling = settings.sack = false;
    return settings;
  }
  settings.delayed_ack = 40ms;
  settings.congestion = CongestionAlgorithm::kCubic;
  settings.keepalive = {.idle = 30s, .interval = 3s, .count = 4};
  settings.user_timeout_option = true;
  return settings;
}

/// All that can be asked about a connection.
std::string told(Script& s, ConnectionId id) {
  ConnectionInfo i;
  if (!s.stack().info(id, i)) return "gone";
  std::ostringstream out;
  const auto time = [](auto t) { return t.time_since_epoch().count(); };
  out << to_string(i.state) << " token " << i.token.value() << " age " << i.age.count()
      << " queues " << i.send_queue << ' ' << i.receive_queue << ' ' << i.out_of_order << " snd "
      << i.snd_una.value() << ' ' << i.snd_nxt.value() << ' ' << i.snd_wnd << " rcv "
      << i.rcv_nxt.value() << ' ' << i.rcv_wnd << " cwnd " << i.cwnd << ' ' << i.ssthresh << ' '
      << int(i.congestion) << " mss " << i.mss << ' ' << i.rcv_mss << " rtt " << i.rtt_measured
      << ' ' << i.srtt.count() << ' ' << i.rttvar.count() << ' ' << i.rto.count() << " resent "
      << i.retransmits << ' ' << i.resent_lost << ' ' << i.resent_timeout << ' ' << i.resent_probe
      << " bytes " << i.bytes_sent << ' ' << i.bytes_received << " negotiated " << i.window_scaling
      << i.timestamps << i.sack << i.ecn << ' ' << int{i.snd_wscale} << ' ' << int{i.rcv_wscale}
      << " limit " << i.receive_limit << " quick " << int{i.quick_acks} << " sack "
      << int{i.sack_count} << " keepalive " << i.keepalive.idle.count() << ' '
      << i.keepalive.interval.count() << ' ' << int{i.keepalive.count} << ' '
      << int{i.keepalive_unanswered} << ' ' << time(i.keepalive_at) << " user timeout "
      << i.user_timeout.count() << ' ' << time(i.user_timeout_at) << " timers "
      << time(i.retransmit_at) << ' ' << time(i.persist_at) << ' ' << time(i.delayed_ack_at)
      << " times " << time(i.opened_at) << ' ' << time(i.established_at);
  return out.str();
}

std::string sent(Script& s) {
  std::ostringstream out;
  for (const Segment& segment : s.take_all()) out << segment << '\n';
  return out.str();
}

/// Two stacks that get the same calls and segments.
class Both {
 public:
  Both(bool whole, bool sack_sender)
      : compacts_(with_compact(8), settings_of(whole), parts_of(sack_sender)),
        never_(with_compact(0), settings_of(whole), parts_of(sack_sender)) {}
  static Parts parts_of(bool sack_sender) {
    return sack_sender ? Parts{.cubic = &kCubic, .recovery = &kRecovery} : Parts{};
  }

  /// Calls f for both; false, and a failure, when the results differ.
  template <typename Do>
  bool same(Do&& what) {
    what(compacts_);
    what(never_);
    const std::string ours = sent(compacts_), theirs = sent(never_);
    EXPECT_EQ(ours, theirs);
    const std::string now = told(compacts_, id), then = told(never_, id);
    EXPECT_EQ(now, then);
    const auto& connections = compacts_.stack().tcp().tables().connections;
    compacted += connections.compact_count();
    EXPECT_EQ(never_.stack().tcp().tables().connections.compact_count(), 0u);
    over = now == "gone";
    return ours == theirs && now == then;
  }
  /// The same for the data that the application reads.
  bool read() {
    const std::string ours = compacts_.receive(id), theirs = never_.receive(id);
    EXPECT_EQ(ours, theirs);
    return ours == theirs;
  }
  Flow& flow() { return compacts_.flow(); }

  ConnectionId id;
  std::uint64_t compacted = 0;
  bool over = false;

 private:
  Script compacts_, never_;
};

class TcpCompactConversations : public testing::TestWithParam<int> {
 protected:
  TcpCompactConversations() : whole_(GetParam() % 2 != 0), both_(whole_, GetParam() / 2 != 0) {}

  bool open(std::uint16_t port) {
    return both_.same([&](Script& s) { both_.id = s.connect(port); }) && both_.same([&](Script& s) {
      Segment answer = SynAck().mss(1460).also(kEce).win(65535);
      if (whole_) answer = answer.wscale(3).sackok().uto(200);
      if (whole_) s.flow().timestamp = clock_;
      s.inject(answer);
    });
  }

  bool step(Random& random) {
    const std::uint32_t n = random(), length = 1 + random.below(2500);
    if (whole_) clock_ += random.below(3);
    const auto inject = [&](const Segment& segment) {
      return both_.same([&](Script& s) {
        if (whole_) s.flow().timestamp = clock_;
        s.inject(segment);
      });
    };
    constexpr Duration kWaits[] = {1ms, 45ms, 400ms, 600ms, 3s, 40s};
    switch (random.below(15)) {
      case 0:
      case 1:
        return inject(Data(std::string(1 + length % 1400, 'p')).win(n % 65536));
      case 2:
      case 3:
        return both_.read() && both_.same([](Script&) {});
      case 4:
      case 5:
        return both_.same([&](Script& s) { (void)s.send(both_.id, std::string(length, 'a')); });
      case 6:
      case 7:
        return inject(Ack().win(2000 + n % 60000));
      case 8:
        return both_.same([&](Script& s) { s.advance(kWaits[n % std::size(kWaits)]); });
      case 9:
        return both_.same([&](Script& s) {
          const Keepalive keepalive{.idle = Duration((n & 1) * 7s), .interval = 2s, .count = 200};
          EXPECT_EQ(s.stack().set_keepalive(both_.id, keepalive),
                    both_.over ? Error::kNoSuchId : Error::kOk);
          s.turn();
        });
      case 10:
        return both_.same([&](Script& s) {
          (void)s.stack().set_token(both_.id, Token(n));
          (void)s.stack().set_no_delay(both_.id, (n & 1) != 0);
          if ((n & 14) == 0) (void)s.stack().set_user_timeout(both_.id, 1h);
          s.turn();
        });
      case 11:  // a segment received before, and one beyond the window
        return inject(Data("again").seq(both_.flow().next - 5)) &&
               ((n & 1) == 0 || inject(Data("beyond").seq(both_.flow().next + (3u << 20))));
      case 12: {  // an out-of-order segment, and one that fills the hole
        const std::uint32_t at = both_.flow().next;
        return inject(Data("second").seq(at + 5)) && inject(Data("first").seq(at)) &&
               both_.same([&](Script& s) { s.flow().next = at + 11; });
      }
      case 13:  // CE and ECE
        return inject(Data("marked").ecn(3)) && inject(Ack().also(kEce)) &&
               inject(Data("m").also(kCwr));
      default:
        if (!whole_) return true;
        return both_.same([&](Script& s) {  // an old segment
          s.flow().timestamp = clock_ - 100;
          s.inject(Data("old").seq(s.flow().next));
        });
    }
  }

  bool whole_;
  Both both_;
  std::uint32_t clock_ = 1000;
};

TEST_P(TcpCompactConversations, CompactConnectionsBehaveLikeExpandedOnes) {
  Random random(static_cast<std::uint32_t>(GetParam()) + 1);
  for (std::uint16_t port = 80; port < 92; ++port) {
    ASSERT_TRUE(open(port));
    for (int i = 0; i < 150 && !both_.over; ++i) {
      ASSERT_TRUE(step(random)) << "conversation " << port - 79 << ", step " << i;
    }
    ASSERT_TRUE(both_.same([&](Script& s) {
      (void)s.stack().abort(both_.id);
      s.turn();
    }));
  }
  EXPECT_GT(both_.compacted, 100u) << "or it proves nothing";
}

INSTANTIATE_TEST_SUITE_P(Settings, TcpCompactConversations, testing::Range(0, 4));

}  // namespace
}  // namespace conker::test
