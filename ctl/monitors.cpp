#include "ctl/monitors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace conker::ctl {

Monitors::Monitors(const MonitorSettings& settings, std::string socket)
    : settings_(settings), socket_(std::move(socket)) {
  const Moment now = moment_now();
  for (const MonitorSpec& spec : settings.monitors)
    monitors_.push_back({&spec, MonitorTally(spec.name), now});
}

bool Monitors::wanted(const Monitor& monitor, Moment now) const {
  if (!strike_begin_) return monitor.tally.baseline_probes() < MonitorTally::kSettled;
  return !strike_end_ || (!monitor.tally.settled() && now < *strike_end_ + settings_.after);
}

void Monitors::wait_for(PollSet& polls) const {
  const Moment now = moment_now();
  for (const Monitor& monitor : monitors_) {
    if (monitor.probe) {
      monitor.probe->wait_for(polls);
    } else if (wanted(monitor, now)) {
      polls.by(monitor.due);
    }
  }
  if (strike_end_ && now < *strike_end_ + settings_.after) polls.by(*strike_end_ + settings_.after);
}

void Monitors::step(Moment now) {
  for (Monitor& monitor : monitors_) {
    if (!monitor.probe && wanted(monitor, now) && now >= monitor.due) begin(monitor, now);
    if (!monitor.probe) continue;
    if (const auto outcome = monitor.probe->step(moment_now())) {
      monitor.probe.reset();
      end(monitor, *outcome);
    }
  }
}

/// Begins a probe. The next one is due a whole number of periods after this one was: what a long
/// probe misses is left out.
void Monitors::begin(Monitor& monitor, Moment now) const {
  monitor.began = now;
  const auto missed = (now - monitor.due) / settings_.every;
  monitor.due += (missed + 1) * settings_.every;
  try {
    monitor.probe = begin_probe(*monitor.spec, socket_, settings_.timeout);
  } catch (const Failure& failure) {
    end(monitor, {ProbeOutcome::Kind::kOurs, Duration(0), failure.what()});
  }
}

void Monitors::end(Monitor& monitor, const ProbeOutcome& outcome) const {
  if (strike_begin_ && monitor.began >= *strike_begin_) {
    const bool after = strike_end_ && monitor.began >= *strike_end_;
    monitor.tally.add(after ? MonitorTally::Phase::kAfter : MonitorTally::Phase::kDuring,
                      between(*strike_begin_, monitor.began), outcome);
    return;
  }
  if (outcome.kind == ProbeOutcome::Kind::kGood) {
    monitor.tally.baseline(outcome.latency);
    return;
  }
  throw Failure(kExitFailed, fmt::format("--monitor {}: bad before the strike, and nothing was "
                                         "struck: {}",
                                         monitor.spec->name, outcome.why));
}

bool Monitors::done(Moment now) const {
  return std::ranges::none_of(monitors_,
                              [&](const Monitor& m) { return m.probe || wanted(m, now); });
}

void Monitors::strike_begins(Moment now) {
  strike_begin_ = now;
  for (Monitor& monitor : monitors_) monitor.due = now;
}

void Monitors::strike_ended(Moment now) {
  strike_end_ = now;
}

std::vector<MonitorReport> Monitors::reports() const {
  std::vector<MonitorReport> reports;
  for (const Monitor& monitor : monitors_)
    reports.push_back(monitor.tally.report(between(*strike_begin_, *strike_end_), settings_.limit));
  return reports;
}

}  // namespace conker::ctl
