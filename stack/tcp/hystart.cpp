#include "stack/tcp/hystart.hpp"

namespace conker {
namespace {

// Words of Congestion::memory; times are microseconds, 0 stands for infinity.
enum RoundMemory : std::size_t {
  kWindowEnd,  // the sequence number that ends the round
  kLastRoundMinRtt,
  kCurrentRoundMinRtt,
  kCssBaselineMinRtt,
  kCounts,  // RTT samples of this round, up to kSamples; above them the rounds of CSS, 0 outside
};

// RFC 9406, 4.3.
constexpr std::uint32_t kMinRttThresh = 4000;
constexpr std::uint32_t kMaxRttThresh = 16000;
constexpr std::uint32_t kMinRttDivisor = 8;
constexpr std::uint32_t kSamples = 8;
constexpr std::uint32_t kCssGrowthDivisor = 4;
constexpr std::uint32_t kCssRounds = 5;
constexpr std::uint32_t kL = 8;  // the limit of growth per ACK in segments, without pacing

constexpr std::uint32_t kOneCssRound = 256;  // in kCounts

std::uint32_t samples(std::uint32_t counts) {
  return counts % kOneCssRound;
}
std::uint32_t css_rounds(std::uint32_t counts) {
  return counts / kOneCssRound;
}

}  // namespace

void HyStart::begin_round(Seq nxt) {
  word(kWindowEnd) = nxt.value();
  word(kLastRoundMinRtt) = word(kCurrentRoundMinRtt);
  word(kCurrentRoundMinRtt) = 0;
  std::uint32_t rounds = css_rounds(word(kCounts));
  if (rounds == kCssRounds) {
    c_.ssthresh = c_.cwnd;
    c_.memory = {};
    return;
  }
  if (rounds > 0) ++rounds;
  word(kCounts) = rounds * kOneCssRound;
}

void HyStart::on_round_trip(Seq una, Seq nxt, Duration rtt) {
  // A round lasts while its end is in flight: before the first round, and long after the last, it
  // is not.
  const std::uint32_t left = word(kWindowEnd) - una.value();
  if (left > static_cast<std::uint32_t>(nxt - una)) begin_round(nxt);
  if (rtt > Duration(0) && in_charge(c_)) take_sample(rtt);
  if (left == 0) begin_round(nxt);
}

void HyStart::take_sample(Duration rtt) {
  const auto us = static_cast<std::uint32_t>(std::min<std::int64_t>(rtt.count(), UINT32_MAX / 2));
  std::uint32_t& current = word(kCurrentRoundMinRtt);
  current = current == 0 ? us : std::min(current, us);
  std::uint32_t& counts = word(kCounts);
  if (samples(counts) < kSamples) ++counts;
  if (samples(counts) < kSamples) return;
  if (css_rounds(counts) > 0) {
    // The delay has gone again: return to slow start.
    if (current < word(kCssBaselineMinRtt)) counts = samples(counts);
    return;
  }
  const std::uint32_t last = word(kLastRoundMinRtt);
  if (last == 0) return;
  const std::uint32_t thresh =
      std::max(kMinRttThresh, std::min(last / kMinRttDivisor, kMaxRttThresh));
  if (current < last + thresh) return;
  word(kCssBaselineMinRtt) = current;
  counts += kOneCssRound;  // the rest of this round counts as the first (4.2)
}

void HyStart::grow(std::uint32_t acked, std::uint16_t mss) {
  const std::uint32_t all = std::min(acked, kL * mss);
  const std::uint32_t step = css_rounds(word(kCounts)) > 0 ? all / kCssGrowthDivisor : all;
  c_.cwnd = std::min(c_.cwnd + step, Congestion::kUnlimited);
}

}  // namespace conker
