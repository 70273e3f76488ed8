#include "ctl/watch_log.hpp"

#include <utility>

namespace conker::ctl {

void WatchLog::add(Stamp stamp, std::string line, bool matched) {
  ++lines_;
  if (matched && ++matched_ <= kShown) first_matches_.push_back({stamp, line});
  last_.push_back({stamp, std::move(line)});
  if (last_.size() > kKept) last_.pop_front();
}

WatchLine WatchLog::line_of(const Entry& entry, Moment begin) {
  return {between(begin, entry.stamp.at), entry.stamp.cycle, entry.line};
}

WatchReport WatchLog::report(std::string watch, Moment begin) const {
  WatchReport report;
  report.watch = std::move(watch);
  report.lines = lines_;
  report.dropped = lines_ - last_.size();
  report.matched = matched_;
  report.ended = ended_;
  for (const Entry& entry : first_matches_) report.first_matches.push_back(line_of(entry, begin));
  for (const Entry& entry : last_) report.log.push_back(line_of(entry, begin));
  return report;
}

}  // namespace conker::ctl
