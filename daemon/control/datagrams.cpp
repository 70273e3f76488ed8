#include "daemon/control/datagrams.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "daemon/control/refusals.hpp"
#include "daemon/text.hpp"
#include "protocol/base64.hpp"

namespace conker::daemon {

using protocol::Code;

Datagrams::Datagrams(Engine& engine, Targets& targets, Verbs& verbs)
    : engine_(engine), targets_(targets) {
  engine_.add(*this);
  verbs.serve<protocol::UdpSend>([this](CallOf<protocol::UdpSend> call) {
    targets_.endpoint(std::move(call), &protocol::UdpSend::Parameters::remote,
                      [this](CallOf<protocol::UdpSend> found, const Endpoint& remote) {
                        send(std::move(found), remote);
                      });
  });
  verbs.serve<protocol::UdpListen>(
      [this](CallOf<protocol::UdpListen> call) { listen(std::move(call)); });
  verbs.serve<protocol::Resolve>(
      [this](CallOf<protocol::Resolve> call) { resolve(std::move(call)); });
  verbs.on_gone([this](SessionId session) {
    for (auto it = listening_.begin(); it != listening_.end();) {
      const auto here = it++;
      if (here->second.call.session() == session) end(here->first);
    }
  });
}

// ---- udp_send ----

void Datagrams::send(CallOf<protocol::UdpSend> call, const Endpoint& remote) {
  const protocol::UdpSend::Parameters parameters = call.parameters();
  std::string data;
  if (!protocol::decode_base64(parameters.data, data)) {
    call.fail(Code::kInvalidParameters, "udp_send: data must be base64");
    return;
  }
  engine_.enter();
  Udp& udp = engine_.udp();
  UdpBind request;
  request.local.port = Port{parameters.port.value_or(0)};
  request.broadcast = parameters.broadcast;
  const auto socket = udp.bind(request);
  const Error error =
      socket ? udp.send_to(*socket, remote, std::as_bytes(std::span(data))) : socket.error();
  UdpSocketInfo info;
  if (socket) {
    (void)udp.info(*socket, info);
    (void)udp.close(*socket);
  }
  if (error == Error::kInvalidArgument && engine_.stack().network().is_broadcast(remote.address)) {
    call.fail(Code::kFailed,
              fmt::format("cannot send to {}: that is everybody on a link: say --broadcast, and "
                          "give the broadcast address of one link's network",
                          to_string(remote)));
  } else if (error != Error::kOk) {
    call.fail(Code::kFailed, fmt::format("cannot send to {}: {}", to_string(remote),
                                         refusal(engine_, remote.address, error)));
  } else {
    call.reply({to_string(remote), info.local.port.value, data.size()});
  }
}

// ---- udp_listen ----

void Datagrams::listen(CallOf<protocol::UdpListen> call) {
  if (listening_.size() >= kMaxListening) {
    call.fail(Code::kBusy,
              fmt::format("{} clients are listening: try again when one has gone", kMaxListening));
    return;
  }
  engine_.enter();
  const protocol::UdpListen::Parameters parameters = call.parameters();
  UdpBind request;
  request.local.port = Port{parameters.port};
  request.broadcast = parameters.broadcast;
  request.token = token();
  const auto socket = engine_.udp().bind(request);
  if (!socket) {
    call.fail(Code::kFailed, fmt::format("cannot listen on UDP port {}: {}",
                                         request.local.port.value, to_string(socket.error())));
    return;
  }
  call.notify(protocol::Listening{parameters.port});
  if (!call.wanted()) {
    (void)engine_.udp().close(*socket);
    return;
  }
  listening_.emplace(key(*socket), Listening{std::move(call), parameters.count});
}

void Datagrams::on_datagrams(const UdpEvent& event) {
  const auto found = listening_.find(key(event.socket));
  if (found == listening_.end()) return;
  std::array<std::byte, 65536> bytes;
  while (const auto datagram = engine_.udp().receive(event.socket, bytes)) {
    std::string data;
    protocol::encode_base64({reinterpret_cast<const char*>(bytes.data()), datagram->length}, data);
    Listening& listening = found->second;
    ++listening.told;
    listening.call.notify(protocol::Datagram{to_string(datagram->source),
                                             to_string(datagram->destination), datagram->length,
                                             std::move(data)});
    // notify() disconnects a client that does not read; on_gone has then removed the entry.
    if (listening_.count(key(event.socket)) == 0) return;
    if (listening.told == listening.wanted) return end(found->first);
  }
}

void Datagrams::end(Key key) {
  auto ended = listening_.extract(key);
  engine_.enter();
  (void)engine_.udp().close(id_of(key));
  ended.mapped().call.reply({ended.mapped().told});
}

// ---- resolve ----

void Datagrams::resolve(CallOf<protocol::Resolve> call) {
  const std::string text = call.parameters().name;
  if (parse_address(text)) {
    call.reply({text, {text}, std::nullopt, false});
    return;
  }
  targets_.name(std::move(call), &protocol::Resolve::Parameters::name,
                [](CallOf<protocol::Resolve> found, const DnsAnswer& answer) {
                  protocol::Resolve::Result result;
                  result.name = found.parameters().name;
                  for (const IpAddress& address : answer.addresses.span()) {
                    result.addresses.push_back(to_string(address));
                  }
                  result.valid_s = answer.valid / 1s;
                  result.cached = answer.cached;
                  found.reply(result);
                });
}

}  // namespace conker::daemon
