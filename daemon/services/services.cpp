#include "daemon/services/services.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "daemon/services/protocols.hpp"
#include "stack/tcp/tcp.hpp"

namespace conker::daemon {
namespace {

/// Keepalive while the connection table is full: ends a dead peer's connection after 25 s.
constexpr Keepalive kHurried{.idle = 10s, .interval = 5s, .count = 3};

}  // namespace

Services::Services(Engine& engine) : engine_(engine) {
  engine_.add(*this);
}

Error Services::start(std::string_view name, Port port) {
  const auto kind = config::parse_service_kind(name);
  return kind ? start(*kind, port) : Error::kInvalidArgument;
}

Error Services::start(config::ServiceKind kind, Port port) {
  if (port.value == 0) return Error::kInvalidArgument;
  ListenRequest request;
  request.local = Endpoint{IpAddress(), port};
  request.token = ServiceToken{id(), kind, 0}.pack();
  request.keepalive = engine_.config().service_keepalive;
  const auto listener = engine_.stack().listen(request);
  if (!listener) return listener.error();
  entries_.push_back({kind, port, *listener});
  spdlog::info("service {} listens on port {}", to_string(kind), port.value);
  return Error::kOk;
}

Error Services::stop(Port port) {
  const auto entry = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& e) { return e.port == port; });
  if (entry == entries_.end()) return Error::kNoSuchId;
  const Error error = engine_.stack().unlisten(entry->listener);
  spdlog::info("service {} no longer listens on port {}", to_string(entry->kind), port.value);
  entries_.erase(entry);
  return error;
}

void Services::stop_all() {
  while (!entries_.empty()) static_cast<void>(stop(entries_.back().port));
}

void Services::hurry_keepalive(bool hurry) {
  hurry_ = hurry;
  Stack& stack = engine_.stack();
  std::vector<ConnectionId> ours;
  stack.tcp().for_each_connection([&](const ConnectionInfo& info) {
    if (info.token.client() == id()) ours.push_back(info.id);
  });
  for (const ConnectionId& connection : ours) {
    static_cast<void>(
        stack.set_keepalive(connection, hurry ? kHurried : engine_.config().service_keepalive));
  }
}

void Services::on_event(const Event& event) {
  const ServiceToken token = ServiceToken::unpack(event.token);
  if (event.has(Event::kAcceptable)) {
    const auto entry = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const Entry& e) { return e.listener == event.listener; });
    if (entry != entries_.end()) accept_all(*entry);
    return;
  }
  if (!event.has(Event::kClosed)) serve(engine_.stack(), event.connection, token);
}

void Services::accept_all(Entry& entry) {
  Stack& stack = engine_.stack();
  while (const auto accepted = stack.accept(entry.listener)) {
    ++entry.accepted;
    if (hurry_) static_cast<void>(stack.set_keepalive(*accepted, kHurried));
    welcome(stack, *accepted, {id(), entry.kind, 0});
  }
}

}  // namespace conker::daemon
