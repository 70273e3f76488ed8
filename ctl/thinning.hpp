// Fewer points of a chart, of which the eye misses none.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace conker::ctl {

struct ChartPoint {
  double x = 0, y = 0;
  bool operator==(const ChartPoint&) const = default;
};

/// Those points where there are no more than `most`, which is 2 at least; otherwise of each run of
/// neighbours the lowest and the highest, in their order: so a spike of one second stays in a day.
std::vector<ChartPoint> thinned(std::span<const ChartPoint> points, std::size_t most);

}  // namespace conker::ctl
