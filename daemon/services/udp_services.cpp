#include "daemon/services/udp_services.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "stack/services/datagrams.hpp"

namespace conker::daemon {

UdpServices::UdpServices(Engine& engine) : engine_(engine) {
  engine_.add(*this);
}

Error UdpServices::start(config::ServiceKind kind, Port port) {
  if (!config::runs_over_udp(kind)) return Error::kInvalidArgument;
  UdpBind request;
  request.local.port = port;
  request.token = token();
  const auto socket = engine_.udp().bind(request);
  if (!socket) return socket.error();
  entries_.push_back({kind, port, *socket});
  spdlog::info("service {} listens on UDP port {}", to_string(kind), port.value);
  return Error::kOk;
}

Error UdpServices::stop(Port port) {
  const auto entry = std::ranges::find(entries_, port, &Entry::port);
  if (entry == entries_.end()) return Error::kNoSuchId;
  const Error error = engine_.udp().close(entry->socket);
  spdlog::info("service {} no longer listens on UDP port {}", to_string(entry->kind), port.value);
  entries_.erase(entry);
  return error;
}

void UdpServices::on_datagrams(const UdpEvent& event) {
  const auto entry = std::ranges::find(entries_, event.socket, &Entry::socket);
  if (entry == entries_.end()) return;
  entry->datagrams += entry->kind == config::ServiceKind::kEcho
                          ? services::echo(engine_.udp(), event.socket, scratch_)
                          : services::discard(engine_.udp(), event.socket);
}

}  // namespace conker::daemon
