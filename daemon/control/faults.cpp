#include "daemon/control/faults.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

namespace conker::daemon {
namespace {

/// `settings` with the values that the call gives.
FaultSettings changed(FaultSettings settings, const protocol::FaultSet::Parameters& to) {
  settings.loss = to.loss.value_or(settings.loss);
  settings.duplicate = to.duplicate.value_or(settings.duplicate);
  settings.reorder = to.reorder.value_or(settings.reorder);
  settings.corrupt = to.corrupt.value_or(settings.corrupt);
  settings.delay = Duration(to.delay_us.value_or(settings.delay.count()));
  settings.seed = to.seed.value_or(settings.seed);
  return settings;
}

}  // namespace

Faults::Faults(Engine& engine, Verbs& verbs) : engine_(engine) {
  verbs.serve<protocol::FaultSet>([this](CallOf<protocol::FaultSet> call) {
    const protocol::FaultSet::Parameters to = call.parameters();
    apply(std::move(call), [&](FaultSettings settings) { return changed(settings, to); });
  });
  verbs.serve<protocol::FaultClear>([this](CallOf<protocol::FaultClear> call) {
    apply(std::move(call), [](FaultSettings) { return FaultSettings(); });
  });
}

template <typename V>
void Faults::apply(CallOf<V> call, const std::function<FaultSettings(FaultSettings)>& change) {
  const std::string only = call.parameters().link.value_or("");
  protocol::FaultsOfLinks result;
  // The turn that follows recomputes the deadline of frames that are held back.
  engine_.enter();
  for (EngineLink& link : engine_.links()) {
    if (!only.empty() && link.name != only) continue;
    link.fault->set(change(link.fault->settings()));
    result.links.push_back({link.name, of(*link.fault)});
    spdlog::info("link {}: faults {}", link.name, link.fault->settings().any() ? "set" : "cleared");
  }
  if (result.links.empty()) {
    call.fail(protocol::Code::kFailed, fmt::format("there is no link {}: status names them", only));
    return;
  }
  call.reply(result);
}

}  // namespace conker::daemon
