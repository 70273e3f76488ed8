// The charts of a strike's page, as data.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ctl/thinning.hpp"
#include "protocol/judgement.hpp"

namespace conker::ctl {

struct Chart {
  /// What its x is.
  enum class Along : std::uint8_t {
    kTime,   // seconds from the begin
    kShare,  // 1 / (1 - share of the cycles), as HDR histograms have it: 100 is 99 %
  };
  friend constexpr std::string_view choices_of(Along) { return "time|share"; }
  /// What its y is: a number from 0 on, or microseconds on a logarithmic scale.
  enum class Of : std::uint8_t { kNumber, kLatency };
  friend constexpr std::string_view choices_of(Of) { return "number|latency"; }

  struct Line {
    std::string name;
    std::vector<ChartPoint> points;
  };

  std::string title;
  std::string about;  // what it shows, a sentence
  Along along = Along::kTime;
  Of of = Of::kNumber;
  std::vector<Line> lines;
};

/// Those for which there is data. A line has 1,000 points at most.
std::vector<Chart> charts_of(const StrikeSummary& summary,
                             const protocol::StrikeTimeline& timeline);

}  // namespace conker::ctl
