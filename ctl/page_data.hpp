// What the page of a strike shows, as JSON for its script (ctl/page/).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "ctl/finding_frames.hpp"
#include "ctl/monitor_tally.hpp"
#include "ctl/watch_log.hpp"
#include "protocol/json.hpp"
#include "protocol/judgement.hpp"

namespace conker::ctl {

/// What is reported of a strike.
struct ReportContent {
  const protocol::Strike::Result& result;
  const std::vector<MonitorReport>& monitors;
  const std::vector<WatchReport>& watches;
  std::span<const FindingFrames> frames;
  std::string text;               // the report in words
  std::string evidence, journal;  // paths; empty: there are none
};

/// The result without its rows, which are in the charts; bounded, however long the strike was.
/// Paths must be as seen from the page.
protocol::json page_data(const ReportContent& content);

}  // namespace conker::ctl
