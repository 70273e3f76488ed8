#include "tests/sim/config.hpp"

#include <algorithm>
#include <cstdio>

namespace conker::sim {
namespace {

Capacities small_capacities(Dice& dice) {
  Capacities c;
  c.connections = dice.of({2u, 4u, 8u, 16u, 24u});
  c.half_open = dice.of({1u, 2u, 4u, 16u});
  c.time_wait = dice.of({1u, 2u, 4u, 16u, 16u});
  c.listeners = dice.of({2u, 4u});
  c.neighbours = dice.of({2u, 8u, 8u});
  c.addresses = 2;
  c.interfaces = 1;
  c.chunks = dice.of({8u, 24u, 64u, 128u, 256u});
  c.chunk_bytes = dice.of({128u, 512u, 2048u});
  c.transitions = 256;
  c.routes = 2;
  c.udp_sockets = 1;
  return c;
}

Settings quick_settings(Dice& dice) {
  Settings s;
  s.time_wait = dice.of<Duration>({1s, 3s});
  s.connect_timeout = dice.of<Duration>({2s, 6s});
  s.fin_wait_2 = dice.of<Duration>({2s, 5s});
  s.rto_initial = dice.of<Duration>({300ms, 1s});
  s.rto_min = dice.of<Duration>({50ms, 200ms});
  s.rto_max = dice.of<Duration>({2s, 4s});
  s.retransmits = dice.of<std::uint8_t>({3, 6});
  s.syn_ack_retransmits = dice.of<std::uint8_t>({1, 3});
  s.delayed_ack = dice.of<Duration>({Duration(0), 40ms});
  s.send_buffer = dice.of({1000u, 8192u, 65536u});
  s.receive_buffer = dice.of({2000u, 8192u, 65535u, 262144u});
  s.window_scaling = !dice.one_in(3);
  s.timestamps = !dice.one_in(3);
  s.sack = !dice.one_in(3);
  s.ecn = dice.of({Ecn::kOff, Ecn::kOnRequest, Ecn::kAlways});
  s.congestion = dice.of({CongestionAlgorithm::kNewReno, CongestionAlgorithm::kCubic});
  if (dice.one_in(3)) s.keepalive = {.idle = 1s, .interval = 500ms, .count = 3};
  if (dice.one_in(4)) s.user_timeout = dice.of<Duration>({2s, 5s});
  if (dice.one_in(4)) {
    s.user_timeout_option = true;
    s.user_timeout_least = 1s;
    s.user_timeout_most = 10s;
  }
  s.first_port = Port{5000};
  s.last_port = Port{static_cast<std::uint16_t>(5000 + dice.of({3, 15, 63}))};
  s.neighbour_reachable = dice.of<Duration>({2s, 60s});
  s.neighbour_retry = 200ms;
  s.reassembly_timeout = 2s;
  return s;
}

// Draws from a generator of its own, so that older seeds keep their meaning.
void choose_parts(Config& config) {
  Dice dice(config.seed ^ 0x7061727473);
  for (std::uint32_t i = 0; i < config.hosts; ++i) {
    config.host[i].datagrams = dice.one_in(2);
    config.host[i].fragments = dice.one_in(2);
  }
}

// Capacities for all that honest and hostile peers do at once, so that no peer has to wait. The
// pool of a scarce world is one that hostile peers can fill.
Capacities siege_capacities(Dice& dice, bool scarce) {
  Capacities c = small_capacities(dice);
  c.connections = 64;
  c.half_open = 32;
  c.time_wait = 64;
  c.listeners = 4;
  c.neighbours = 32;
  c.chunks = scarce ? 64 : 2048;
  c.chunk_bytes = dice.of({512u, 2048u});
  return c;
}

Settings siege_settings(Dice& dice) {
  Settings s = quick_settings(dice);
  s.time_wait = 3s;
  s.connect_timeout = 6s;
  s.rto_initial = 1s;
  s.rto_min = 200ms;
  s.rto_max = 2s;
  s.retransmits = 5;
  s.send_buffer = dice.of({8192u, 65536u});
  s.receive_buffer = dice.of({8192u, 65535u, 262144u});
  s.timestamps = !dice.one_in(4);
  s.keepalive = {};
  if (!dice.one_in(3)) s.keepalive = {.idle = 1s, .interval = 500ms, .count = 3};
  s.last_port = Port{static_cast<std::uint16_t>(s.first_port.value + 63)};
  return s;
}

/// Makes every host by make(host). In half of all worlds all hosts are alike, so that options which
/// both sides must support are in use often.
template <typename Make>
void equip(Config& config, Dice& dice, Make&& make) {
  const bool alike = dice.one_in(2);
  for (std::uint32_t i = 0; i < config.hosts; ++i) {
    if (alike && i > 0) {
      config.host[i] = config.host[0];
    } else {
      make(config.host[i]);
    }
  }
}

Config make_siege(std::uint64_t seed, bool scarce) {
  Dice dice(seed ^ 0x7369656765);
  if (Dice(seed ^ 0x736361726365).one_in(3)) scarce = true;
  Config config;
  config.seed = seed;
  config.siege = true;
  config.scarce = scarce;
  config.hosts = dice.of({2u, 2u, 3u});
  const Capacities capacities = siege_capacities(dice, scarce);
  equip(config, dice, [&](HostConfig& host) {
    host.capacities = capacities;
    host.settings = siege_settings(dice);
    host.cubic = dice.one_in(2);
    host.recovery = dice.one_in(2);
    host.cookies = true;
    host.habits = kAccepts | kReads | kClosesBack;
  });
  choose_parts(config);
  return config;
}

}  // namespace

bool is_siege(std::uint64_t seed) {
  return Dice(seed ^ 0x77616c6c73).one_in(4);
}

Config make_config(std::uint64_t seed, bool scarce) {
  if (is_siege(seed)) return make_siege(seed, scarce);
  Dice dice(seed ^ 0x636f6e666967);
  Config config;
  config.seed = seed;
  config.hosts = dice.of({2u, 2u, 2u, 3u, 4u});
  equip(config, dice, [&](HostConfig& host) {
    host.capacities = small_capacities(dice);
    host.settings = quick_settings(dice);
    host.mtu = dice.of<std::uint16_t>({576, 1500, 1500});
    host.cubic = dice.one_in(2);
    host.recovery = dice.one_in(2);
    host.cookies = dice.one_in(3);
    host.habits = kAccepts | kReads;
    if (dice.one_in(6)) host.habits = static_cast<std::uint32_t>(dice()) & kAllHabits;
    if (!dice.one_in(3)) host.habits |= kClosesBack;
    if (dice.one_in(3)) host.habits |= kGreets;
    if (dice.one_in(8)) host.habits |= kHangsUp;
  });
  choose_parts(config);
  return config;
}

std::string describe(const Config& config) {
  std::string text;
  const auto ms = [](Duration d) { return static_cast<long long>(d.count() / 1000); };
  for (std::uint32_t i = 0; i < config.hosts; ++i) {
    const HostConfig& h = config.host[i];
    const Settings& s = h.settings;
    char line[512];
    std::snprintf(
        line, sizeof line,
        "host %u: %u connections, %u half-open, %u TIME-WAIT, %u chunks of %u, mtu %u, buffers "
        "%u/%u,"
        " TIME-WAIT %lld ms, connect %lld ms, rto %lld/%lld/%lld ms, %u retransmits, ack %lld "
        "ms%s%s%s"
        "%s%s%s%s%s%s%s%s, habits %u\n",
        i, h.capacities.connections, h.capacities.half_open, h.capacities.time_wait,
        h.capacities.chunks, h.capacities.chunk_bytes, h.mtu, s.send_buffer, s.receive_buffer,
        ms(s.time_wait), ms(s.connect_timeout), ms(s.rto_initial), ms(s.rto_min), ms(s.rto_max),
        s.retransmits, ms(s.delayed_ack), s.window_scaling ? ", wscale" : "",
        s.timestamps ? ", timestamps" : "", s.sack ? ", sack" : "", h.recovery ? ", recovery" : "",
        h.cubic ? ", cubic" : "", h.cookies ? ", cookies" : "", h.datagrams ? ", udp" : "",
        h.fragments ? ", fragments" : "", s.keepalive.idle > Duration(0) ? ", keepalive" : "",
        s.user_timeout > Duration(0) ? ", user timeout" : "", s.user_timeout_option ? ", uto" : "",
        h.habits);
    text += line;
  }
  return text;
}

}  // namespace conker::sim
