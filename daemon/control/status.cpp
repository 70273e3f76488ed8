#include "daemon/control/status.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "daemon/control/capture.hpp"
#include "daemon/control/faults.hpp"
#include "daemon/control/strikes.hpp"
#include "daemon/log.hpp"
#include "daemon/text.hpp"

namespace conker::daemon {

using protocol::Code;

Status::Status(Engine& engine, const Services& services, const UdpServices& udp_services,
               const HostLookup& host_lookup, const DhcpClients& dhcp_clients,
               const Sessions& sessions, const Strikes& strikes, const Captures& captures,
               Verbs& verbs)
    : engine_(engine),
      services_(services),
      udp_services_(udp_services),
      host_lookup_(host_lookup),
      dhcp_clients_(dhcp_clients),
      sessions_(sessions),
      strikes_(strikes),
      captures_(captures),
      started_(engine.clock()) {
  verbs.serve<protocol::Version>(
      [](CallOf<protocol::Version> call) { call.reply({CONKER_VERSION}); });
  verbs.serve<protocol::Schema>([](CallOf<protocol::Schema> call) { call.reply(schema()); });
  verbs.serve<protocol::Status>([this](CallOf<protocol::Status> call) { call.reply(status()); });
  verbs.serve<protocol::Stats>([this](CallOf<protocol::Stats> call) { call.reply(stats()); });
  verbs.serve<protocol::SetLog>(
      [this](CallOf<protocol::SetLog> call) { set_log(std::move(call)); });
}

namespace {

std::vector<protocol::Status::InState> states(const StateCounts& counts) {
  std::vector<protocol::Status::InState> present;
  for (int i = 0; i < kStateCount; ++i) {
    const auto count = counts[static_cast<std::size_t>(i)];
    if (count != 0) present.push_back({static_cast<State>(i), count});
  }
  return present;
}

}  // namespace

protocol::Status::Result Status::status() const {
  engine_.enter();
  protocol::Status::Result result;
  result.version = CONKER_VERSION;
  result.pid = ::getpid();
  result.uptime = engine_.clock() - started_;
  result.links = links();
  const auto& configured = engine_.config().gateway.v4;
  const auto gateway = configured ? configured : dhcp_clients_.router();
  if (gateway) result.gateway = to_string(*gateway);
  for (const IpAddress& server : host_lookup_.servers()) {
    result.dns_servers.push_back(to_string(server));
  }
  result.routes = routes();
  result.doubtful_addresses = doubtful_addresses();
  result.audit = engine_.stack().audit();
  result.tables = tables(result.audit);
  result.states = states(result.audit.in_state);
  result.listeners = listeners();
  result.strikes = strikes_.status();
  result.capture = captures_.status();
  result.log = {config::to_string(log_level()), log_lines_lost()};
  result.control = sessions_.counters();
  return result;
}

protocol::Stats::Result Status::stats() const {
  protocol::Stats::Result result;
  for (std::size_t i = 0; i < kCountSize; ++i) {
    result.counters.push_back({kCountTexts[i].name,
                               engine_.stack().counters()[static_cast<Count>(i)],
                               kCountTexts[i].meaning});
  }
  for (const EngineLink& link : engine_.links()) {
    result.links.push_back(
        {link.name, link.device->description(), link.device->counters(), Faults::of(*link.fault)});
  }
  result.strikes = strikes_.totals();
  if (http_counters) result.http = http_counters();
  return result;
}

std::vector<protocol::Status::Link> Status::links() const {
  std::vector<protocol::Status::Link> list;
  for (const EngineLink& link : engine_.links()) {
    const DeviceCounters& counters = link.device->counters();
    protocol::Status::Link entry;
    entry.name = link.name;
    entry.device = link.device->description();
    entry.state = to_string(link.device->state());
    entry.state_for = engine_.clock() - link.device->state_since();
    entry.frames_in = counters.frames_in;
    entry.frames_out = counters.frames_out;
    entry.bytes_in = counters.bytes_in;
    entry.bytes_out = counters.bytes_out;
    entry.faults = link.fault->settings().any();
    if (link.device->host_mtu() != 0) entry.host_mtu = link.device->host_mtu();
    entry.captured = captures_.active_on(link);
    configured(entry, link);
    list.push_back(std::move(entry));
  }
  return list;
}

/// Fills in the link's configuration and its lease.
void Status::configured(protocol::Status::Link& entry, const EngineLink& link) const {
  for (const config::Link& configured : engine_.config().links) {
    if (configured.name != link.name) continue;
    entry.mac = to_string(configured.mac);
    entry.mtu = configured.mtu;
    for (const Prefix& address : configured.addresses) {
      entry.addresses.push_back(to_string(address));
    }
    entry.dhcp = dhcp_clients_.status(link.interface);
    if (!entry.dhcp) continue;
    for (const auto& leased : {entry.dhcp->address, entry.dhcp->link_local}) {
      if (leased) entry.addresses.push_back(*leased);
    }
  }
}

std::vector<protocol::Status::Route> Status::routes() const {
  const Network& network = engine_.stack().network();
  std::vector<protocol::Status::Route> list;
  for (const Route& route : network.routes()) {
    const bool direct = route.gateway.is_unspecified();
    const auto hop = network.hop_to(route.gateway);
    const InterfaceId interface = direct || !hop ? route.interface : hop->interface;
    protocol::Status::Route entry;
    entry.to = to_string(Prefix{route.to.network(), route.to.length});
    if (!direct) entry.via = to_string(route.gateway);
    if (direct || hop) entry.link = engine_.links()[interface.index].name;
    entry.connected = route.connected;
    list.push_back(std::move(entry));
  }
  return list;
}

std::vector<protocol::Status::Doubt> Status::doubtful_addresses() const {
  const Network& network = engine_.stack().network();
  std::vector<protocol::Status::Doubt> list;
  for (std::uint32_t i = 0; i < network.address_count(); ++i) {
    const Address& address = network.address_record(i);
    if (address.state == AddressState::kPreferred && !address.conflict) continue;
    protocol::Status::Doubt entry{to_string(address.address),
                                  engine_.links()[address.interface.index].name,
                                  to_string(address.state), std::nullopt};
    if (address.conflict) entry.conflicting_host = to_string(address.conflicting_host);
    list.push_back(std::move(entry));
  }
  return list;
}

std::vector<protocol::Status::Table> Status::tables(const Audit& audit) const {
  const Capacities& capacities = engine_.stack().capacities();
  const Network& network = engine_.stack().network();
  return {
      {"connections", audit.live, capacities.connections},
      {"half_open", audit.half_open, capacities.half_open},
      {"time_wait", audit.time_wait, capacities.time_wait},
      {"listeners", audit.listeners, capacities.listeners},
      {"neighbours", network.neighbour_count(), capacities.neighbours},
      {"addresses", network.address_count(), capacities.addresses},
      {"udp_sockets", engine_.udp().socket_count(), capacities.udp_sockets},
      {"routes", network.routes().size(), std::uint64_t{capacities.addresses} + capacities.routes},
      {"chunks", audit.chunks_held, capacities.chunks}};
}

std::vector<protocol::Status::Listener> Status::listeners() const {
  using protocol::Transport;
  std::vector<protocol::Status::Listener> list;
  for (const Services::Entry& entry : services_.list()) {
    list.push_back(
        {entry.port.value, Transport::kTcp, config::to_string(entry.kind), entry.accepted});
  }
  for (const UdpServices::Entry& entry : udp_services_.list()) {
    list.push_back(
        {entry.port.value, Transport::kUdp, config::to_string(entry.kind), entry.datagrams});
  }
  return list;
}

void Status::set_log(CallOf<protocol::SetLog> call) {
  const config::LogLevel previous = log_level();
  const auto level = config::parse_log_level(call.parameters().level);
  if (!level) {
    call.fail(Code::kInvalidParameters, "log: level must be debug, info, warning or error");
    return;
  }
  set_log_level(*level);
  call.reply({config::to_string(*level), config::to_string(previous)});
}

}  // namespace conker::daemon
