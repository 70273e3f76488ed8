#include "daemon/control/listeners.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstdint>
#include <string>
#include <utility>

namespace conker::daemon {

using protocol::Code;

Listeners::Listeners(Engine& engine, Services& services, UdpServices& udp_services, Verbs& verbs)
    : engine_(engine), services_(services), udp_services_(udp_services) {
  verbs.serve<protocol::Listen>([this](CallOf<protocol::Listen> call) { listen(std::move(call)); });
  verbs.serve<protocol::Unlisten>(
      [this](CallOf<protocol::Unlisten> call) { unlisten(std::move(call)); });
}

void Listeners::listen(CallOf<protocol::Listen> call) {
  const auto [port, transport, service] = call.parameters();
  engine_.enter();
  const bool udp = transport == protocol::Transport::kUdp;
  const auto kind = config::parse_service_kind(service);
  if (udp && kind && !config::runs_over_udp(*kind)) {
    call.fail(Code::kInvalidParameters, "listen: only echo and discard run over udp");
    return;
  }
  const Error error = !kind ? Error::kInvalidArgument
                      : udp ? udp_services_.start(*kind, Port{port})
                            : services_.start(*kind, Port{port});
  if (error != Error::kOk) {
    call.fail(Code::kFailed, fmt::format("cannot listen on port {}: {}", port,
                                         error == Error::kAddressInUse
                                             ? "a service is there already: unlisten it first"
                                             : to_string(error)));
    return;
  }
  spdlog::info("{} listens on port {}", service, port);
  call.reply({port, service});
}

void Listeners::unlisten(CallOf<protocol::Unlisten> call) {
  const auto [port, transport] = call.parameters();
  engine_.enter();
  const bool udp = transport == protocol::Transport::kUdp;
  if ((udp ? udp_services_.stop(Port{port}) : services_.stop(Port{port})) != Error::kOk) {
    call.fail(Code::kFailed, fmt::format("no service listens on port {}: status names them", port));
    return;
  }
  spdlog::info("nothing listens on port {} any more", port);
  call.reply({port});
}

}  // namespace conker::daemon
