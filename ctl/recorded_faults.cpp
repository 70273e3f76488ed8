#include "ctl/recorded_faults.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conker::ctl {

RecordedFaults::RecordedFaults(const Context& context, const protocol::Strike::Begin& begin)
    : changed_(context) {
  const FaultSettings faults = begin.faults.value_or(FaultSettings());
  const auto stats = context.connect().call<Stats>();
  const auto link = std::ranges::find(stats->links, begin.link, &Stats::Link::name);
  if (link == stats->links.end()) {
    if (!faults.any()) return;
    throw Failure(kExitFailed,
                  fmt::format("link {}, on which faults were set in the evidence, is not there: "
                              "give a link that name in the configuration",
                              begin.link));
  }
  if (!faults.any() && !link->faults.settings.any()) return;
  changed_.change(begin.link, faults, link->faults.settings);
}

}  // namespace conker::ctl
