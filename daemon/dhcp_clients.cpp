#include "daemon/dhcp_clients.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "daemon/text.hpp"
#include "stack/tcp/tcp.hpp"

namespace conker::daemon {
namespace {

std::optional<std::int64_t> seconds_until(Instant then, Instant now) {
  if (then == kNever) return std::nullopt;
  return std::max<std::int64_t>((then - now) / 1s, 0);
}

}  // namespace

DhcpClients::DhcpClients(Engine& engine, HostLookup& host_lookup)
    : engine_(engine), host_lookup_(host_lookup) {
  engine_.add(*this);
  engine_.enter();
  for (std::size_t i = 0; i < engine_.links().size(); ++i) {
    if (!engine_.config().links[i].dhcp) continue;
    DhcpSettings settings;
    settings.interface = engine_.links()[i].interface;
    settings.client = id();
    settings.use_router = !engine_.config().gateway.v4;
    auto entry = std::make_unique<Entry>(settings, engine_.udp());
    entry->link = engine_.links()[i].name;
    const Error error = entry->dhcp.start();
    if (error != Error::kOk) {
      throw std::runtime_error(fmt::format("link {}: DHCP: {}", entry->link, to_string(error)));
    }
    entries_.push_back(std::move(entry));
  }
}

void DhcpClients::on_datagrams(const UdpEvent& event) {
  for (auto& entry : entries_) entry->dhcp.on_event(event);
}

void DhcpClients::on_address(const AddressEvent& event) {
  for (auto& entry : entries_) entry->dhcp.on_event(event);
}

void DhcpClients::on_link_up(InterfaceId interface) {
  for (auto& entry : entries_) {
    if (entry->dhcp.interface() == interface) entry->dhcp.link_up();
  }
}

Instant DhcpClients::step() {
  Instant deadline = kNever;
  for (auto& entry : entries_) {
    entry->dhcp.step();
    for (DhcpEvent event; entry->dhcp.next_event(event);) tell(*entry, event);
    deadline = std::min(deadline, entry->dhcp.next_deadline());
  }
  return deadline;
}

void DhcpClients::tell(Entry& entry, const DhcpEvent& event) {
  using Told = protocol::AddressEvent;
  if (event.has(DhcpEvent::kLost)) {
    engine_.events().tell<Told>([&] {
      return Told{Told::What::kLost, entry.link, to_string(event.lost), std::nullopt, std::nullopt};
    });
    spdlog::warn("link {}: {} is not ours any more", entry.link, to_string(event.lost));
    reset_connections(event.lost);
    host_lookup_.set_leased(entry.dhcp.interface(), {});
  }
  if (event.has(DhcpEvent::kLease)) {
    const DhcpLease& lease = *entry.dhcp.lease();
    engine_.events().tell<Told>([&] {
      return Told{Told::What::kLeased, entry.link, to_string(lease.address),
                  to_string(lease.server), seconds_until(lease.expires, engine_.stack().now())};
    });
    spdlog::info("link {}: {} from {}, {}", entry.link, to_string(lease.address),
                 to_string(lease.server),
                 lease.expires == kNever
                     ? std::string("for ever")
                     : fmt::format("for {} s", (lease.expires - engine_.stack().now()) / 1s));
    host_lookup_.set_leased(entry.dhcp.interface(), lease.dns_servers());
  }
  if (event.has(DhcpEvent::kLinkLocal) && !entry.dhcp.link_local().is_unspecified()) {
    spdlog::warn("link {}: no DHCP server answers: {} meanwhile", entry.link,
                 to_string(entry.dhcp.link_local()));
  }
}

void DhcpClients::reset_connections(const IpAddress& from) {
  std::vector<ConnectionId> ids;
  engine_.stack().tcp().for_each_connection([&](const ConnectionInfo& info) {
    if (info.tuple.local == from) ids.push_back(info.id);
  });
  for (const ConnectionId id : ids) (void)engine_.stack().abort(id);
}

bool DhcpClients::stop() {
  engine_.enter();
  for (auto& entry : entries_) entry->dhcp.stop();
  return std::ranges::all_of(
      entries_, [](const auto& entry) { return entry->dhcp.state() == DhcpState::kStopped; });
}

std::optional<protocol::Lease> DhcpClients::status(InterfaceId interface) const {
  for (const auto& entry : entries_) {
    if (entry->dhcp.interface() != interface) continue;
    protocol::Lease result;
    result.state = to_string(entry->dhcp.state());
    const IpAddress own = entry->dhcp.link_local();
    if (!own.is_unspecified()) result.link_local = to_string(own);
    const DhcpLease* lease = entry->dhcp.lease();
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

std::optional<IpAddress> DhcpClients::router() const {
  for (const auto& entry : entries_) {
    const DhcpLease* lease = entry->dhcp.lease();
    if (lease != nullptr && !lease->router.is_unspecified()) return lease->router;
  }
  return std::nullopt;
}

}  // namespace conker::daemon
