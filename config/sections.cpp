#include "config/sections.hpp"

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "config/keys.hpp"

namespace conker::config {
namespace {

/// The first of two keys that is there, to complain about both.
[[noreturn]] void fail_pair(const Section& section, std::string_view first,
                            std::string_view second) {
  section.at(section.has(first) ? first : second)
      .fail(std::string(first) + " must not be above " + std::string(second));
}

}  // namespace

Capacities read_capacities(const Value& value) {
  Capacities capacities;
  read_section(value, capacities);
  capacities.compact = capacities.connections;
  return capacities;
}

void read_tcp(const Value& value, Config& config) {
  Settings& s = config.settings;
  TcpKeys keys{config};
  const Section section = read_section(value, keys);
  // Services probe their peers also where nothing is said of keepalive; what is said is meant for
  // them, too.
  const Duration service_idle = config.service_keepalive.idle;
  config.service_keepalive = s.keepalive;
  if (section.has("service_keepalive_idle") || !section.has("keepalive_idle"))
    config.service_keepalive.idle = service_idle;

  if (s.user_timeout_least > s.user_timeout_most)
    fail_pair(section, "user_timeout_least", "user_timeout_most");
  if (s.rto_min > s.rto_max) fail_pair(section, "rto_min", "rto_max");
  if (s.rto_initial < s.rto_min || s.rto_initial > s.rto_max)
    value.fail("rto_initial must lie between rto_min and rto_max");
  if (s.first_port > s.last_port) fail_pair(section, "first_port", "last_port");
}

void read_ip(const Value& value, Config& config) {
  IpKeys keys{config};
  read_section(value, keys);
}

std::vector<Service> read_services(const Value& value, const Capacities& capacities) {
  std::vector<Service> services;
  std::set<std::pair<Port, bool>> ports;
  for (const Value& entry : value.list()) {
    Service service;
    const Section section = read_section(entry, service);
    if (service.udp && !runs_over_udp(service.kind))
      section.at("protocol").fail("only echo and discard run over udp");
    if (!ports.emplace(service.port, service.udp).second)
      section.at("port").fail("another service is on port " + std::to_string(service.port.value));
    if (services.size() == capacities.listeners)
      entry.fail("more services than capacities.listeners allows");
    services.push_back(service);
  }
  return services;
}

Control read_control(const Value& value, const std::vector<Link>& links) {
  Control control;
  const Section section = read_section(value, control);
  for (const Link& link : links) {
    if (section.has("socket") && link.claim() == control.socket.text)
      section.at("socket").fail("link " + link.name + " uses this path");
    if (section.has("status_socket") && link.claim() == control.status_socket.text)
      section.at("status_socket").fail("link " + link.name + " uses this path");
  }
  if (control.status_socket.text == control.socket.text)
    section.at("status_socket").fail("is the path of control.socket: name another");
  return control;
}

Strike read_strike(const Value& value) {
  Strike strike;
  read_section(value, strike);
  return strike;
}

Http read_http(const Value& value, const std::vector<Service>& services,
               const Capacities& capacities) {
  Http http;
  const Section section = read_section(value, http);
  if (http.allow.empty())
    section.at("allow").fail("allows nobody: name addresses or networks, or leave http out");
  if (http.per_address > http.clients) {
    if (section.has("per_address")) fail_pair(section, "per_address", "clients");
    http.per_address = http.clients;
  }
  if (http.streams > http.clients) {
    if (section.has("streams")) fail_pair(section, "streams", "clients");
    http.streams = http.clients;
  }
  std::size_t listeners = 0;
  for (const Service& service : services) {
    if (service.udp) continue;
    ++listeners;
    if (service.port == http.port) {
      section.at("port").fail("service " + to_string(service.kind) + " is on port " +
                              std::to_string(http.port.value));
    }
  }
  if (listeners >= capacities.listeners)
    value.fail("services leave it no listener of capacities.listeners");
  return http;
}

Log read_log(const Value& value) {
  Log log;
  const Section section = read_section(value, log);
  if (log.sink != "stderr" && log.sink != "journal" && log.sink.front() != '/') {
    section.at("sink").fail("\"" + log.sink +
                            "\" must be stderr, journal or the absolute path of a file");
  }
  return log;
}

}  // namespace conker::config
