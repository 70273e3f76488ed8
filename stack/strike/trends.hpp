// What a strike's figures tell beyond their sums: a rate that falls or alternates, seconds in which
// nothing completes, latency in two humps. Each is a heuristic, told with the figures that it
// compared and the threshold; the machine that strikes may be the cause, so none is a fault by
// itself. For hosts: a chip does not name it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "stack/base/histogram.hpp"
#include "stack/base/time.hpp"
#include "stack/strike/history.hpp"

namespace conker {

struct Trend {
  enum class Kind : std::uint8_t { kFalls, kAlternates, kHalts, kConnectHumps, kCloseHumps };

  Kind kind{};
  Duration at{0};            // from the begin; 0 for humps, which have no place in time
  Duration lasted{0};        // to the end, for kFalls; 0 for humps
  std::uint64_t cycles = 0;  // begun until then
  // Cycles completed a second before and after, or in the higher and the lower seconds; of humps
  // the end of the lower one and the begin of the upper one, in microseconds.
  std::uint64_t before = 0, after = 0;
  // Of humps the share of the upper one, and else `after` for `before`, in per mille; and what it
  // was compared with.
  std::uint32_t per_mille = 0, threshold = 0;
};

constexpr std::string_view choices_of(Trend::Kind) {
  return "falls|alternates|halts|connect-humps|close-humps";
}

/// The trends of rows of the same width, the last of which may be cut short. None where fewer than
/// ten cycles complete in a row on average, since these come and go by chance.
std::vector<Trend> trends_of(std::span<const StrikeHistory::Row> rows, Duration width);

/// Adds a trend where durations fall into two humps with hardly any between them, as of a delayed
/// ACK that Nagle's algorithm waits for (RFC 1122, 4.2.3.4).
void add_humps(const Histogram& durations, Trend::Kind kind, std::vector<Trend>& trends);

}  // namespace conker
