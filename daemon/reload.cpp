#include "daemon/reload.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "config/changes.hpp"
#include "config/loader.hpp"
#include "daemon/log.hpp"

namespace conker::daemon {
namespace {

/// Those of `services` that `others` has not.
std::vector<config::Service> without(const std::vector<config::Service>& services,
                                     const std::vector<config::Service>& others) {
  std::vector<config::Service> left;
  std::ranges::copy_if(services, std::back_inserter(left), [&](const config::Service& service) {
    return std::ranges::find(others, service) == others.end();
  });
  return left;
}

bool runs(const auto& entries, const config::Service& service) {
  return std::ranges::any_of(entries, [&](const auto& entry) {
    return entry.kind == service.kind && entry.port == service.port;
  });
}

}  // namespace

Reload::Reload(std::string path, Engine& engine, Services& services, UdpServices& udp_services,
               HostLookup& host_lookup)
    : path_(std::move(path)),
      engine_(engine),
      services_(services),
      udp_services_(udp_services),
      host_lookup_(host_lookup) {}

Reload::Outcome Reload::reload() {
  Outcome outcome = try_reload();
  if (!outcome.refused.empty()) {
    spdlog::error("reload: {}; nothing was changed", outcome.refused);
  } else if (outcome.changed.empty()) {
    spdlog::info("reload: {} says what it said before", path_);
  } else {
    spdlog::info("reload: {}: {} taken over", path_, fmt::join(outcome.changed, ", "));
  }
  using Told = protocol::ConfigurationEvent;
  engine_.events().tell<Told>([&] {
    return outcome.refused.empty()
               ? Told{Told::What::kReloaded,
                      outcome.changed.empty() ? "nothing has changed"
                                              : fmt::format("{}", fmt::join(outcome.changed, ", "))}
               : Told{Told::What::kRefused, outcome.refused};
  });
  return outcome;
}

Reload::Outcome Reload::try_reload() try {
  const config::Config& running = engine_.config();
  const config::Config wanted = config::load_file(path_);
  config::Changes changes = config::compare(running, wanted);
  if (!changes.fixed.empty()) {
    return {{},
            fmt::format("{}: {} cannot change while conkerd runs: restart it", path_,
                        fmt::join(changes.fixed, ", "))};
  }
  const bool other_sink = running.log.sink != wanted.log.sink;
  if (other_sink) set_up_log({log_level(), wanted.log.sink});
  if (std::string why = replace_services(running.services, wanted.services); !why.empty()) {
    if (other_sink) set_up_log({log_level(), running.log.sink});
    return {{}, std::move(why)};
  }
  if (running.log.level != wanted.log.level) set_log_level(wanted.log.level);
  engine_.reconfigure(wanted);
  host_lookup_.tell_servers();
  return {std::move(changes.live), ""};
} catch (const std::exception& error) {  // ConfigError, or a log that cannot be opened
  return {{}, error.what()};
}

/// Empty where all of `to` runs then; else why one of them does not, and those of `from` run on.
std::string Reload::replace_services(const std::vector<config::Service>& from,
                                     const std::vector<config::Service>& to) {
  const std::vector<config::Service> gone = without(from, to), fresh = without(to, from);
  engine_.enter();
  for (const config::Service& service : gone) stop(service);
  for (auto service = fresh.begin(); service != fresh.end(); ++service) {
    const Error error = start(*service);
    if (error == Error::kOk) continue;
    std::for_each(fresh.begin(), service, [&](const config::Service& begun) { stop(begun); });
    for (const config::Service& again : gone) (void)start(again);
    return fmt::format("{}: service {} on port {}: {}", path_, config::to_string(service->kind),
                       service->port.value, conker::to_string(error));
  }
  return "";
}

Error Reload::start(const config::Service& service) {
  if (service.udp) {
    return runs(udp_services_.list(), service) ? Error::kOk
                                               : udp_services_.start(service.kind, service.port);
  }
  return runs(services_.list(), service) ? Error::kOk : services_.start(service.kind, service.port);
}

/// A client may have ended it already.
void Reload::stop(const config::Service& service) {
  if (service.udp && runs(udp_services_.list(), service)) (void)udp_services_.stop(service.port);
  if (!service.udp && runs(services_.list(), service)) (void)services_.stop(service.port);
}

}  // namespace conker::daemon
