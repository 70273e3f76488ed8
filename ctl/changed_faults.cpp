#include "ctl/changed_faults.hpp"

#include <cstdio>
#include <exception>

namespace conker::ctl {
namespace {

FaultSet::Parameters all_of(const std::string& link, const FaultSettings& settings) {
  FaultSet::Parameters to;
  to.loss = settings.loss;
  to.duplicate = settings.duplicate;
  to.reorder = settings.reorder;
  to.corrupt = settings.corrupt;
  to.delay_us = settings.delay.count();
  to.seed = settings.seed;
  to.link = link;
  return to;
}

}  // namespace

void ChangedFaults::change(const FaultSet::Parameters& to) {
  const auto stats = context_.connect().call<Stats>();
  for (const Stats::Link& link : stats->links) {
    if (!to.link || *to.link == link.name) before_.emplace_back(link.name, link.faults.settings);
  }
  context_.connect().call<FaultSet>(to);
}

void ChangedFaults::change(const std::string& link, const FaultSettings& to,
                           const FaultSettings& before) {
  context_.connect().call<FaultSet>(all_of(link, to));
  before_.emplace_back(link, before);
}

ChangedFaults::~ChangedFaults() {
  Context patient = context_;
  // However little is left of --timeout, and even where the daemon hangs.
  constexpr double kPatience = 5;  // seconds
  patient.timeout = kPatience;
  for (const auto& [link, settings] : before_) {
    try {
      patient.connect().call<FaultSet>(all_of(link, settings));
    } catch (const std::exception& error) {
      std::fprintf(stderr, "conkerctl: the faults of link %s stay as they were set: %s\n",
                   link.c_str(), error.what());
    }
  }
}

}  // namespace conker::ctl
