#include "ctl/recorded_faults.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace conker::ctl {
namespace {

void set_faults(const Context& context, const std::string& link, const FaultSettings& settings) {
  FaultSet::Parameters to;
  to.loss = settings.loss;
  to.duplicate = settings.duplicate;
  to.reorder = settings.reorder;
  to.corrupt = settings.corrupt;
  to.delay_us = settings.delay.count();
  to.seed = settings.seed;
  to.link = link;
  context.connect().call<FaultSet>(to);
}

}  // namespace

RecordedFaults::RecordedFaults(const Context& context, const protocol::Strike::Begin& begin)
    : context_(context), link_(begin.link) {
  const FaultSettings faults = begin.faults.value_or(FaultSettings());
  const auto stats = context.connect().call<Stats>();
  const auto link = std::ranges::find(stats->links, link_, &Stats::Link::name);
  if (link == stats->links.end()) {
    if (!faults.any()) return;
    throw Failure(kExitFailed,
                  fmt::format("link {}, on which faults were set in the evidence, is not there: "
                              "give a link that name in the configuration",
                              link_));
  }
  if (!faults.any() && !link->faults.settings.any()) return;
  set_faults(context, link_, faults);
  before_ = link->faults.settings;
}

RecordedFaults::~RecordedFaults() {
  if (!before_) return;
  try {
    set_faults(context_, link_, *before_);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "conkerctl: the faults of link %s stay as in the evidence: %s\n",
                 link_.c_str(), error.what());
  }
}

}  // namespace conker::ctl
