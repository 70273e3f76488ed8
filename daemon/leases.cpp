#include "daemon/leases.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "daemon/text.hpp"

namespace conker::daemon {
namespace {

std::optional<std::int64_t> seconds_until(Instant then, Instant now) {
  if (then == kNever) return std::nullopt;
  return std::max<std::int64_t>((then - now) / 1s, 0);
}

}  // namespace

Leases::Leases(Engine& engine, Names& names) : engine_(engine), names_(names) {
  engine_.enter();
  for (std::size_t i = 0; i < engine_.links().size(); ++i) {
    if (!engine_.config().links[i].dhcp) continue;
    DhcpSettings settings;
    settings.interface = engine_.links()[i].interface;
    settings.tag = static_cast<std::uint8_t>(Owner::kDhcp);
    settings.use_router = !engine_.config().gateway;
    auto client = std::make_unique<Client>(settings, engine_.udp());
    client->link = engine_.links()[i].name;
    const Error error = client->dhcp.start();
    if (error != Error::kOk) {
      throw std::runtime_error(fmt::format("link {}: DHCP: {}", client->link, to_string(error)));
    }
    clients_.push_back(std::move(client));
  }
  engine_.on_udp_events(Owner::kDhcp, [this](const UdpEvent& event) {
    for (auto& client : clients_) client->dhcp.on_event(event);
  });
  engine_.on_address_event([this](const AddressEvent& event) {
    for (auto& client : clients_) client->dhcp.on_event(event);
  });
  engine_.on_link_up([this](InterfaceId interface) {
    for (auto& client : clients_) {
      if (client->dhcp.interface() == interface) client->dhcp.link_up();
    }
  });
  engine_.on_turn(Owner::kDhcp, [this] { return on_turn(); });
}

// The engine may go on without us.
Leases::~Leases() {
  engine_.on_udp_events(Owner::kDhcp, {});
  engine_.on_address_event({});
  engine_.on_link_up({});
  engine_.on_turn(Owner::kDhcp, {});
}

Instant Leases::on_turn() {
  Instant deadline = kNever;
  for (auto& client : clients_) {
    client->dhcp.step();
    for (DhcpNews news; client->dhcp.next_news(news);) tell(*client, news);
    deadline = std::min(deadline, client->dhcp.next_deadline());
  }
  return deadline;
}

void Leases::tell(Client& client, const DhcpNews& news) {
  if (news.has(DhcpNews::kLost)) {
    spdlog::warn("link {}: {} is not ours any more", client.link, to_string(news.lost));
    reset_connections(news.lost);
    names_.set_leased(client.dhcp.interface(), {});
  }
  if (news.has(DhcpNews::kLease)) {
    const DhcpLease& lease = *client.dhcp.lease();
    spdlog::info("link {}: {} from {}, {}", client.link, to_string(lease.address),
                 to_string(lease.server),
                 lease.expires == kNever
                     ? std::string("for ever")
                     : fmt::format("for {} s", (lease.expires - engine_.stack().now()) / 1s));
    names_.set_leased(client.dhcp.interface(), lease.dns_servers());
  }
  if (news.has(DhcpNews::kLinkLocal) && !client.dhcp.link_local().is_unspecified()) {
    spdlog::warn("link {}: no DHCP server answers: {} meanwhile", client.link,
                 to_string(client.dhcp.link_local()));
  }
}

void Leases::reset_connections(const IpAddress& from) {
  std::vector<ConnectionId> ids;
  engine_.stack().tcp().for_each_connection([&](const ConnectionInfo& info) {
    if (info.tuple.local == from) ids.push_back(info.id);
  });
  for (const ConnectionId id : ids) (void)engine_.stack().abort(id);
}

bool Leases::stop() {
  engine_.enter();
  for (auto& client : clients_) client->dhcp.stop();
  return std::ranges::all_of(
      clients_, [](const auto& client) { return client->dhcp.state() == DhcpState::kStopped; });
}

std::optional<protocol::Lease> Leases::status(InterfaceId interface) const {
  for (const auto& client : clients_) {
    if (client->dhcp.interface() != interface) continue;
    protocol::Lease result;
    result.state = to_string(client->dhcp.state());
    const IpAddress own = client->dhcp.link_local();
    if (!own.is_unspecified()) result.link_local = to_string(own);
    const DhcpLease* lease = client->dhcp.lease();
    if (lease == nullptr) return result;
    const Instant now = engine_.clock();
    result.address = to_string(lease->address);
    result.server = to_string(lease->server);
    if (!lease->router.is_unspecified()) result.router = to_string(lease->router);
    for (const IpAddress& server : lease->dns_servers()) result.dns.push_back(to_string(server));
    result.renew_s = seconds_until(lease->renew_at, now);
    result.expires_s = seconds_until(lease->expires, now);
    return result;
  }
  return std::nullopt;
}

std::optional<IpAddress> Leases::router() const {
  for (const auto& client : clients_) {
    const DhcpLease* lease = client->dhcp.lease();
    if (lease != nullptr && !lease->router.is_unspecified()) return lease->router;
  }
  return std::nullopt;
}

}  // namespace conker::daemon
