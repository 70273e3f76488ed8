#include "stack/tcp/syn_cookies.hpp"

#include <array>

namespace conker {
namespace {

constexpr Duration kPeriod = 64s;
constexpr std::uint32_t kPeriodBits = 5, kMssBits = 3, kSealBits = 24;

/// The MSS is rounded down to one of these: the usual values of paths, and the smallest.
constexpr std::array<std::uint16_t, 1u << kMssBits> kMss{kLeastMss, 216,  536,  1200,
                                                         1360,      1440, 1460, 8960};

// Options in the low bits of the SYN-ACK's timestamp.
constexpr std::uint32_t kScaleMask = 15, kNoScale = 15, kSack = 16, kOptionBits = 5;
static_assert(TcpSegment::kMaxWindowScale < kNoScale);

std::uint32_t period_of(Instant now) {
  return static_cast<std::uint32_t>(now.time_since_epoch() / kPeriod);
}

constexpr std::uint32_t low(std::uint32_t value, std::uint32_t bits) {
  return value & ((1u << bits) - 1);
}

}  // namespace

std::uint32_t SynCookies::seal(const FourTuple& tuple, Seq irs, std::uint32_t period,
                               std::uint32_t mss) const {
  const auto l = tuple.local.halves();
  const auto r = tuple.remote.halves();
  const auto pair = [](std::uint32_t high, std::uint32_t low) {
    return std::uint64_t{high} << 32 | low;
  };
  const std::uint32_t ports = std::uint32_t{tuple.local_port.value} << 16 | tuple.remote_port.value;
  const std::array<std::uint64_t, 6> words{
      l[0], l[1], r[0], r[1], pair(ports, irs.value()), pair(period, mss)};
  return low(static_cast<std::uint32_t>(siphash24(key_, words)), kSealBits);
}

Seq SynCookies::make(const FourTuple& tuple, Seq irs, NegotiatedOptions& negotiated,
                     std::uint32_t& timestamp, Instant now) {
  NegotiatedOptions kept;
  std::uint32_t mss = 0;
  while (mss + 1 < kMss.size() && kMss[mss + 1] <= negotiated.peer_mss) ++mss;
  kept.peer_mss = kMss[mss];
  if (negotiated.timestamps) {
    kept.timestamps = true;
    kept.ts_recent = negotiated.ts_recent;
    kept.window_scaling = negotiated.window_scaling;
    kept.snd_wscale = negotiated.snd_wscale;
    kept.rcv_wscale = negotiated.rcv_wscale;
    kept.sack = negotiated.sack;
    const std::uint32_t options =
        (kept.window_scaling ? kept.snd_wscale : kNoScale) | (kept.sack ? kSack : 0u);
    const std::uint32_t now_it_is = low(timestamp, kOptionBits);
    timestamp -= now_it_is;
    if (options > now_it_is) timestamp -= 1u << kOptionBits;  // never ahead of the clock
    timestamp += options;
  }
  negotiated = kept;
  const std::uint32_t period = period_of(now);
  last_ = period;
  return Seq(low(period, kPeriodBits) << (kMssBits + kSealBits) | mss << kSealBits |
             seal(tuple, irs, period, mss));
}

bool SynCookies::expected(Instant now) const {
  return last_ && period_of(now) - *last_ <= 1;
}

std::optional<NegotiatedOptions> SynCookies::check(const FourTuple& tuple, Seq irs, Seq iss,
                                                   const std::optional<TcpTimestamps>& echo,
                                                   Instant now) const {
  const std::uint32_t age =
      low(period_of(now) - (iss.value() >> (kMssBits + kSealBits)), kPeriodBits);
  const std::uint32_t mss = low(iss.value() >> kSealBits, kMssBits);
  if (age > 1 || low(iss.value(), kSealBits) != seal(tuple, irs, period_of(now) - age, mss)) {
    return std::nullopt;
  }
  NegotiatedOptions negotiated;
  negotiated.peer_mss = kMss[mss];
  if (echo) {
    const std::uint32_t options = low(echo->echo, kOptionBits);
    negotiated.timestamps = true;
    negotiated.ts_recent = echo->value;
    negotiated.window_scaling = (options & kScaleMask) != kNoScale;
    if (negotiated.window_scaling)
      negotiated.snd_wscale = static_cast<std::uint8_t>(options & kScaleMask);
    negotiated.sack = (options & kSack) != 0;
  }
  return negotiated;
}

}  // namespace conker
