#include "stack/host/host.hpp"

#include <algorithm>

namespace conker {

// ---- Clients ----

ClientPlace::~ClientPlace() {
  if (host_ != nullptr) host_->remove(*this);
}

Host::~Host() {
  for_each_client([this](Client& client) { remove(client); });
}

Error Host::add(Client& client) {
  constexpr std::size_t kMost = 0xff;  // by the type of ClientId
  if (client.host_ != nullptr) return Error::kInvalidArgument;
  if (count_ == std::min(storage_.clients.size(), kMost)) return Error::kTableFull;
  storage_.clients[count_++] = &client;
  client.host_ = this;
  client.id_ = static_cast<ClientId>(count_);
  return Error::kOk;
}

void Host::remove(ClientPlace& client) {
  if (client.host_ != this) return;
  storage_.clients[static_cast<std::size_t>(client.id_) - 1] = nullptr;
  client.host_ = nullptr;
  client.id_ = ClientId::kNobody;
}

// ---- A turn ----

Host::Turn Host::turn(Instant now) {
  stack_.begin(now);
  const bool received = take_in(now);
  stack_.timers();
  tell_events();
  const Instant clients_want = step_clients();
  stack_.output();
  stack_.reap();
  return {received || stack_.wants_turn(), std::min(clients_want, next_deadline())};
}

bool Host::take_in(Instant now) {
  bool received = false;
  const Network& network = stack_.network();
  for (std::uint8_t i = 0; i < network.interface_count(); ++i) {
    const std::size_t count = network.link(InterfaceId{i}).receive(storage_.batch, now);
    if (count == 0) continue;
    stack_.input(InterfaceId{i}, storage_.batch.first(count));
    received = true;
  }
  return received;
}

// Events of whose client has left are dropped.
void Host::tell_events() {
  for (Event event; stack_.next_event(event);) {
    if (Client* client = find(event.token.client())) client->on_event(event);
  }
  if (tell_network_events_ != nullptr) (this->*tell_network_events_)();
}

void Host::tell_network_events() {
  for (UdpEvent event; stack_.next_udp_event(event);) {
    if (Client* client = find(event.token.client())) client->on_datagrams(event);
  }
  for (EchoReply reply; stack_.next_echo_reply(reply);) {
    for_each_client([&](Client& client) { client.on_echo_reply(reply); });
  }
  for (AddressEvent event; stack_.next_address_event(event);) {
    for_each_client([&](Client& client) { client.on_address(event); });
  }
}

Instant Host::step_clients() {
  Instant deadline = kNever;
  for_each_client([&](Client& client) { deadline = std::min(deadline, client.step()); });
  return deadline;
}

Instant Host::next_deadline() const {
  const Network& network = stack_.network();
  Instant deadline = stack_.next_deadline();
  for (std::uint8_t i = 0; i < network.interface_count(); ++i) {
    deadline = std::min(deadline, network.link(InterfaceId{i}).next_deadline());
  }
  return deadline;
}

void Host::link_up(InterfaceId interface) {
  stack_.link_up(interface);
  for_each_client([&](Client& client) { client.on_link_up(interface); });
}

}  // namespace conker
