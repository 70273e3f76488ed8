#include "daemon/control/faults.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <string>
#include <utility>

namespace conker::daemon {
namespace {

using json = nlohmann::ordered_json;

/// What the call names changes; the rest stays.
FaultSettings changed(FaultSettings settings, const Call& call) {
  const auto take = [&](const char* name, std::uint32_t& value) {
    value = static_cast<std::uint32_t>(call.integer(name, value));
  };
  take("loss", settings.loss);
  take("duplicate", settings.duplicate);
  take("reorder", settings.reorder);
  take("corrupt", settings.corrupt);
  settings.delay = Duration(call.integer("delay_us", settings.delay.count()));
  settings.seed =
      static_cast<std::uint64_t>(call.integer("seed", static_cast<std::int64_t>(settings.seed)));
  return settings;
}

}  // namespace

Faults::Faults(Engine& engine, Verbs& verbs) : engine_(engine) {
  verbs.serve("fault_set", [this](Call call) { apply(std::move(call), changed); });
  verbs.serve("fault_clear", [this](Call call) {
    apply(std::move(call), [](const FaultSettings&, const Call&) { return FaultSettings(); });
  });
}

template <typename Change>
void Faults::apply(Call call, Change change) {
  const std::string only = call.text("link");
  json links = json::array();
  // Frames held back may have to leave at another time than the engine knows of.
  engine_.enter();
  for (EngineLink& link : engine_.links()) {
    if (!only.empty() && link.name != only) continue;
    link.fault->set(change(link.fault->settings(), call));
    links.push_back({{"name", link.name}, {"faults", to_json(*link.fault)}});
    spdlog::info("link {}: faults {}", link.name, link.fault->settings().any() ? "set" : "cleared");
  }
  if (links.empty()) {
    call.fail(protocol::Code::kFailed, fmt::format("there is no link {}: status names them", only));
    return;
  }
  call.reply({{"links", std::move(links)}});
}

json Faults::to_json(const FaultLink& link) {
  const FaultSettings& settings = link.settings();
  const FaultCounters& counters = link.counters();
  return {
      {"loss", settings.loss},
      {"duplicate", settings.duplicate},
      {"reorder", settings.reorder},
      {"corrupt", settings.corrupt},
      {"delay_us", settings.delay.count()},
      {"seed", settings.seed},
      {"counted",
       {{"lost", counters.lost},
        {"duplicated", counters.duplicated},
        {"reordered", counters.reordered},
        {"corrupted", counters.corrupted},
        {"delayed", counters.delayed},
        {"no_room", counters.no_room}}},
  };
}

}  // namespace conker::daemon
