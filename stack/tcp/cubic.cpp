#include "stack/tcp/cubic.hpp"

#include "stack/tcp/hystart.hpp"

namespace conker {
namespace {

// Words of Congestion::memory once the initial slow start has ended; HyStart++ leaves them zero.
enum Memory : std::size_t {
  kWMax,   // bytes: the window before the last reduction (W_max)
  kEpoch,  // tick at which this epoch began; 0: none
  kK,      // ticks from there until the window is back at kWMax
  kWEst,   // bytes: the window that Reno would have (W_est, 4.3)
  kPrior,  // bytes: the window at the last reduction, up to which kWEst grows more slowly
};

// C = 0.4 segments / s^3 and beta = 0.7 (4.1, 4.6). Time is in ticks of 1024 us.
constexpr std::uint64_t kTicksPerSecond = 1'000'000 / 1024;
constexpr std::int64_t kFarthest =
    200 * static_cast<std::int64_t>(kTicksPerSecond);  // keeps cubes in 64 bits

std::uint32_t cube_root(std::uint64_t value) {
  std::uint64_t root = 0;
  for (std::uint64_t bit = std::uint64_t{1} << 20; bit != 0; bit >>= 1) {
    const std::uint64_t next = root | bit;
    if (next * next * next <= value) root = next;
  }
  return static_cast<std::uint32_t>(root);
}

// K = cbrt((W_max - cwnd) / C), in ticks.
std::uint32_t ticks_to(std::uint32_t bytes_below, std::uint16_t mss) {
  constexpr std::uint64_t kTicksCubedOverC =
      kTicksPerSecond * kTicksPerSecond * kTicksPerSecond * 10 / 4;
  return cube_root(kTicksCubedOverC / mss * bytes_below);
}

// W_cubic(t) = C (t - K)^3 + W_max (4.2), in bytes.
std::uint32_t cubic_window(const Congestion& c, std::int64_t elapsed, std::uint16_t mss) {
  const std::int64_t t = std::clamp<std::int64_t>(elapsed - c.memory[kK], -kFarthest, kFarthest);
  constexpr std::int64_t kCubed =
      static_cast<std::int64_t>(kTicksPerSecond * kTicksPerSecond * kTicksPerSecond);
  const std::int64_t growth = t * t * t / (kCubed / 1000) * 4 / 10 * mss / 1000;
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(c.memory[kWMax] + growth, mss, Congestion::kUnlimited));
}

void begin_epoch(Congestion& c, std::uint16_t mss, std::uint32_t now) {
  c.memory[kEpoch] = std::max<std::uint32_t>(now, 1);
  if (c.memory[kWMax] > c.cwnd) {
    c.memory[kK] = ticks_to(c.memory[kWMax] - c.cwnd, mss);
  } else {  // no loss yet, or beyond W_max: start the epoch here
    c.memory[kWMax] = c.cwnd;
    c.memory[kK] = 0;
  }
  c.memory[kWEst] = c.cwnd;
}

}  // namespace

void Cubic::on_ack(Congestion& c, std::uint32_t acked, std::uint16_t mss, Duration srtt,
                   Instant now) const {
  if (HyStart::in_charge(c)) return HyStart(c).grow(acked, mss);
  if (c.slow_start()) return slow_start(c, acked, mss);
  const std::uint32_t tick = Tick::floor(now).value();
  if (c.memory[kEpoch] == 0) begin_epoch(c, mss, tick);
  const std::uint32_t farthest = c.memory[kK] + static_cast<std::uint32_t>(kFarthest);
  if (tick - c.memory[kEpoch] > farthest)
    c.memory[kEpoch] = std::max<std::uint32_t>(tick - farthest, 1);
  const std::int64_t elapsed = tick - c.memory[kEpoch];
  const std::int64_t rtt = srtt.count() >> Tick::kShift;

  // 4.3: alpha = 3 (1 - beta) / (1 + beta) = 9/17 until the old window is reached, then 1.
  const std::uint64_t reno = std::uint64_t{mss} * acked / c.cwnd;
  std::uint32_t& w_est = c.memory[kWEst];
  w_est += static_cast<std::uint32_t>(w_est < c.memory[kPrior] ? reno * 9 / 17 : reno);
  if (cubic_window(c, elapsed, mss) < w_est) {
    c.cwnd = std::min(std::max(c.cwnd, w_est), Congestion::kUnlimited);
    return;
  }
  // 4.4 and 4.5: a fraction of the way to the value of the function one round trip from now.
  const std::uint32_t target =
      std::clamp(cubic_window(c, elapsed + rtt, mss), c.cwnd, c.cwnd + c.cwnd / 2);
  const std::uint64_t step = std::uint64_t{target - c.cwnd} * acked / c.cwnd;
  c.cwnd = std::min(c.cwnd + static_cast<std::uint32_t>(step), Congestion::kUnlimited);
}

void Cubic::on_round_trip(Congestion& c, Seq una, Seq nxt, Duration rtt) const {
  if (HyStart::in_charge(c)) HyStart(c).on_round_trip(una, nxt, rtt);
}

// Per RFC 9438, 5.8, time in which nothing is sent does not count for the window's growth.
void Cubic::after_idle(Congestion& c) const {
  if (!HyStart::in_charge(c)) c.memory[kEpoch] = 0;
}

std::uint32_t Cubic::reduce(Congestion& c, std::uint32_t flight, std::uint16_t mss, Instant) const {
  if (HyStart::in_charge(c)) c.memory = {};
  // 4.7, fast convergence: a smaller window than at the last loss makes room for new flows.
  c.memory[kWMax] = c.cwnd < c.memory[kWMax] ? c.cwnd / 20 * 17 : c.cwnd;
  c.memory[kPrior] = c.cwnd;
  c.memory[kEpoch] = 0;
  return std::max<std::uint32_t>(flight / 10 * 7, 2u * mss);  // 4.6
}

}  // namespace conker
