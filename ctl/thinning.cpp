#include "ctl/thinning.hpp"

#include <algorithm>

namespace conker::ctl {

std::vector<ChartPoint> thinned(std::span<const ChartPoint> points, std::size_t most) {
  if (points.size() <= most) return {points.begin(), points.end()};
  const std::size_t runs = most / 2;
  std::vector<ChartPoint> kept;
  for (std::size_t i = 0; i < runs; ++i) {
    const std::size_t from = points.size() * i / runs, to = points.size() * (i + 1) / runs;
    const auto run = points.subspan(from, to - from);
    const auto [low, high] = std::ranges::minmax_element(run, {}, &ChartPoint::y);
    kept.push_back(*std::min(low, high));
    if (low != high) kept.push_back(*std::max(low, high));
  }
  return kept;
}

}  // namespace conker::ctl
