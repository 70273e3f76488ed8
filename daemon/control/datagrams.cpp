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
namespace {

using protocol::Code;

}  // namespace

Datagrams::Datagrams(Engine& engine, Targets& targets, Verbs& verbs)
    : engine_(engine), targets_(targets) {
  engine_.on_udp_events(Owner::kControl, [this](const UdpEvent& event) { on_event(event); });
  verbs.serve("udp_send", [this](Call call) {
    targets_.endpoint(std::move(call), "remote", [this](Call found, const Endpoint& remote) {
      send(std::move(found), remote);
    });
  });
  verbs.serve("udp_listen", [this](Call call) { listen(std::move(call)); });
  verbs.serve("resolve", [this](Call call) { resolve(std::move(call)); });
  verbs.on_gone([this](SessionId session) {
    for (auto it = listening_.begin(); it != listening_.end();) {
      const auto here = it++;
      if (here->second.call.session() == session) end(here->first);
    }
  });
}

// The engine may go on without us.
Datagrams::~Datagrams() {
  engine_.on_udp_events(Owner::kControl, {});
}

// ---- udp_send ----

void Datagrams::send(Call call, const Endpoint& remote) {
  std::string data;
  if (!protocol::decode_base64(call.text("data"), data)) {
    call.fail(Code::kInvalidParameters, "udp_send: data must be base64");
    return;
  }
  engine_.enter();
  Udp& udp = engine_.udp();
  UdpBind request;
  request.local.port = Port{static_cast<std::uint16_t>(call.integer("port", 0))};
  request.broadcast = call.boolean("broadcast");
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
                          to_text(remote)));
  } else if (error != Error::kOk) {
    call.fail(Code::kFailed, fmt::format("cannot send to {}: {}", to_text(remote),
                                         refusal(engine_, remote.address, error)));
  } else {
    call.reply(
        {{"remote", to_text(remote)}, {"port", info.local.port.value}, {"bytes", data.size()}});
  }
}

// ---- udp_listen ----

void Datagrams::listen(Call call) {
  if (listening_.size() >= kMaxListening) {
    call.fail(Code::kBusy,
              fmt::format("{} clients are listening: try again when one has gone", kMaxListening));
    return;
  }
  engine_.enter();
  UdpBind request;
  request.local.port = Port{static_cast<std::uint16_t>(call.integer("port"))};
  request.broadcast = call.boolean("broadcast");
  request.cookie = make_cookie(Owner::kControl, 0);
  const auto socket = engine_.udp().bind(request);
  if (!socket) {
    call.fail(Code::kFailed, fmt::format("cannot listen on UDP port {}: {}",
                                         request.local.port.value, to_string(socket.error())));
    return;
  }
  const auto wanted = static_cast<std::uint64_t>(call.integer("count"));
  call.notify("listening", {{"port", request.local.port.value}});
  if (!call.wanted()) {
    (void)engine_.udp().close(*socket);
    return;
  }
  listening_.emplace(key(*socket), Listening{std::move(call), wanted});
}

void Datagrams::on_event(const UdpEvent& event) {
  const auto found = listening_.find(key(event.socket));
  if (found == listening_.end()) return;
  std::array<std::byte, 65536> bytes;
  while (const auto datagram = engine_.udp().receive(event.socket, bytes)) {
    std::string data;
    protocol::encode_base64({reinterpret_cast<const char*>(bytes.data()), datagram->length}, data);
    Listening& listening = found->second;
    ++listening.told;
    listening.call.notify("datagram", {{"from", to_text(datagram->source)},
                                       {"to", to_text(datagram->destination)},
                                       {"bytes", datagram->length},
                                       {"data", data}});
    // A client that does not read is cut off in there, and on_gone has taken it from the table.
    if (listening_.count(key(event.socket)) == 0) return;
    if (listening.told == listening.wanted) return end(found->first);
  }
}

void Datagrams::end(Key key) {
  auto ended = listening_.extract(key);
  engine_.enter();
  (void)engine_.udp().close(id_of(key));
  ended.mapped().call.reply({{"datagrams", ended.mapped().told}});
}

// ---- resolve ----

void Datagrams::resolve(Call call) {
  const std::string text = call.text("name");
  if (IpAddress::parse(text)) {
    call.reply({{"name", text}, {"addresses", {text}}, {"valid_s", nullptr}, {"cached", false}});
    return;
  }
  targets_.name(std::move(call), "name", [](Call found, const DnsAnswer& answer) {
    json addresses = json::array();
    for (const IpAddress& address : answer.addresses.span()) addresses.push_back(to_text(address));
    const std::string name = found.text("name");
    found.reply({{"name", name},
                 {"addresses", std::move(addresses)},
                 {"valid_s", answer.valid / 1s},
                 {"cached", answer.cached}});
  });
}

}  // namespace conker::daemon
