#include "daemon/control/status.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "daemon/control/capture.hpp"
#include "daemon/control/counters.hpp"
#include "daemon/control/faults.hpp"
#include "daemon/control/strikes.hpp"
#include "daemon/log.hpp"
#include "daemon/text.hpp"
#include "protocol/verb.hpp"

namespace conker::daemon {
namespace {

using protocol::Code;
using json = nlohmann::ordered_json;

json books_json(const Books& books) {
  return {{"opened", books.opened},
          {"closed", books.closed},
          {"reset", books.reset},
          {"aborted", books.aborted},
          {"timed_out", books.timed_out},
          {"refused", books.refused},
          {"other", books.other},
          {"live", books.live},
          {"half_open", books.half_open},
          {"time_wait", books.time_wait},
          {"listeners", books.listeners},
          {"balanced", books.balanced()},
          {"fault", books.balanced() ? json(nullptr) : json(books.fault)}};
}

json device_json(const DeviceCounters& counters) {
  return {{"frames_in", counters.frames_in},
          {"bytes_in", counters.bytes_in},
          {"frames_out", counters.frames_out},
          {"bytes_out", counters.bytes_out},
          {"busy", counters.busy},
          {"in_unusable", counters.in_unusable},
          {"in_other_vlan", counters.in_other_vlan},
          {"out_down", counters.out_down},
          {"out_dropped", counters.out_dropped},
          {"connects", counters.connects},
          {"disconnects", counters.disconnects},
          {"bad_lengths", counters.bad_lengths}};
}

}  // namespace

Status::Status(Engine& engine, const Services& services, const UdpServices& udp_services,
               const Names& names, const Leases& leases, const ControlCounters& control,
               const Strikes& strikes, const Captures& captures, Verbs& verbs)
    : engine_(engine),
      services_(services),
      udp_services_(udp_services),
      names_(names),
      leases_(leases),
      control_(control),
      strikes_(strikes),
      captures_(captures),
      started_(engine.clock()) {
  verbs.serve("version", [](Call call) {
    call.reply({{"version", CONKER_VERSION}, {"protocol", protocol::kProtocolVersion}});
  });
  verbs.serve("schema", [](Call call) { call.reply(schema()); });
  verbs.serve("status", [this](Call call) { call.reply(status()); });
  verbs.serve("stats", [this](Call call) { call.reply(stats()); });
  verbs.serve("log", [this](Call call) { set_log(std::move(call)); });
}

json Status::status() const {
  engine_.enter();
  const Books books = engine_.stack().audit();
  const auto gateway = engine_.config().gateway ? engine_.config().gateway : leases_.router();
  json dns = json::array();
  for (const IpAddress& server : names_.servers()) dns.push_back(to_text(server));
  return {{"version", CONKER_VERSION},
          {"pid", ::getpid()},
          {"uptime_s", static_cast<double>((engine_.clock() - started_).count()) / 1e6},
          {"links", links(false)},
          {"gateway", gateway ? json(to_text(*gateway)) : json(nullptr)},
          {"dns_servers", std::move(dns)},
          {"routes", routes()},
          {"doubtful_addresses", doubtful_addresses()},
          {"tables", tables(books)},
          {"listeners", listeners()},
          {"books", books_json(books)},
          {"strike", strikes_.status()},
          {"capture", captures_.status()},
          {"log", {{"level", config::to_string(log_level())}, {"lines_lost", log_lines_lost()}}},
          {"control", control()}};
}

json Status::stats() const {
  json counters = json::array();
  for (std::size_t i = 0; i < kCountSize; ++i) {
    counters.push_back({{"name", kCountTexts[i].name},
                        {"value", engine_.stack().counters()[static_cast<Count>(i)]},
                        {"meaning", kCountTexts[i].meaning}});
  }
  return {{"counters", std::move(counters)}, {"links", links(true)}};
}

json Status::links(bool with_counters) const {
  json list = json::array();
  for (const EngineLink& link : engine_.links()) {
    json entry{{"name", link.name}, {"device", link.device->description()}};
    if (with_counters) {
      entry["counters"] = device_json(link.device->counters());
      entry["faults"] = Faults::to_json(*link.fault);
      list.push_back(std::move(entry));
      continue;
    }
    entry["state"] = to_string(link.device->state());
    entry["state_s"] =
        static_cast<double>((engine_.clock() - link.device->state_since()).count()) / 1e6;
    entry["frames_in"] = link.device->counters().frames_in;
    entry["frames_out"] = link.device->counters().frames_out;
    entry["bytes_in"] = link.device->counters().bytes_in;
    entry["bytes_out"] = link.device->counters().bytes_out;
    entry["faults"] = link.fault->settings().any();
    entry["captured"] = captures_.active_on(link);
    for (const config::Link& configured : engine_.config().links) {
      if (configured.name != link.name) continue;
      entry["mac"] = to_text(configured.mac);
      entry["mtu"] = configured.mtu;
      json addresses = json::array();
      for (const Prefix& address : configured.addresses) {
        addresses.push_back(to_text(address));
      }
      json lease = leases_.status(link.interface);
      for (const char* leased : {"address", "link_local"}) {
        if (!lease.is_null() && !lease[leased].is_null()) addresses.push_back(lease[leased]);
      }
      entry["addresses"] = std::move(addresses);
      entry["dhcp"] = std::move(lease);
    }
    list.push_back(std::move(entry));
  }
  return list;
}

json Status::routes() const {
  const Network& network = engine_.stack().network();
  json list = json::array();
  for (const Route& route : network.routes()) {
    const bool direct = route.gateway.is_unspecified();
    const auto hop = network.hop_to(route.gateway);
    const InterfaceId interface = direct || !hop ? route.interface : hop->interface;
    list.push_back(
        {{"to", fmt::format("{}/{}",
                            to_text(IpAddress::v4(route.to.address.v4_bits() & route.to.v4_mask())),
                            route.to.length)},
         {"via", direct ? json(nullptr) : json(to_text(route.gateway))},
         {"link", direct || hop ? json(engine_.links()[interface.index].name) : json(nullptr)},
         {"connected", route.connected}});
  }
  return list;
}

json Status::doubtful_addresses() const {
  const Network& network = engine_.stack().network();
  json list = json::array();
  for (std::uint32_t i = 0; i < network.address_count(); ++i) {
    const Address& address = network.address_record(i);
    if (address.state == AddressState::kAssigned && !address.contested) continue;
    list.push_back({{"address", to_text(address.address)},
                    {"link", engine_.links()[address.interface.index].name},
                    {"state", to_string(address.state)},
                    {"rival", address.contested ? json(to_text(address.rival)) : json(nullptr)}});
  }
  return list;
}

json Status::tables(const Books& books) const {
  const Capacities& capacities = engine_.stack().capacities();
  const auto table = [](const char* name, std::uint64_t used, std::uint64_t capacity) {
    return json{{"name", name}, {"used", used}, {"capacity", capacity}};
  };
  return json::array(
      {table("connections", books.live, capacities.connections),
       table("half_open", books.half_open, capacities.half_open),
       table("time_wait", books.time_wait, capacities.time_wait),
       table("listeners", books.listeners, capacities.listeners),
       table("addresses", engine_.stack().network().address_count(), capacities.addresses),
       table("udp_sockets", engine_.udp().socket_count(), capacities.udp_sockets),
       table("routes", engine_.stack().network().routes().size(),
             std::uint64_t{capacities.addresses} + capacities.routes),
       table("chunks", books.chunks_held, capacities.chunks)});
}

json Status::listeners() const {
  json list = json::array();
  for (const Services::Entry& entry : services_.list()) {
    list.push_back({{"port", entry.port.value},
                    {"service", config::to_string(entry.kind)},
                    {"accepted", entry.accepted},
                    {"protocol", "tcp"}});
  }
  for (const UdpServices::Entry& entry : udp_services_.list()) {
    list.push_back({{"port", entry.port.value},
                    {"service", config::to_string(entry.kind)},
                    {"accepted", entry.datagrams},
                    {"protocol", "udp"}});
  }
  return list;
}

json Status::control() const {
  return {{"clients", control_.clients},         {"accepted", control_.accepted},
          {"turned_away", control_.turned_away}, {"requests", control_.requests},
          {"errors", control_.errors},           {"bad_lines", control_.bad_lines},
          {"long_lines", control_.long_lines},   {"cut_off", control_.cut_off}};
}

void Status::set_log(Call call) {
  const config::LogLevel previous = log_level();
  const auto level = config::parse_log_level(call.text("level"));
  if (!level) {
    call.fail(Code::kInvalidParameters, "log: level must be debug, info, warning or error");
    return;
  }
  set_log_level(*level);
  call.reply({{"level", config::to_string(*level)}, {"previous", config::to_string(previous)}});
}

}  // namespace conker::daemon
