// The sections of a configuration that are keys with values (keys.hpp), and what must hold between
// them. Each throws ConfigError at the place of what is wrong.
#pragma once

#include <vector>

#include "config/config.hpp"
#include "config/value.hpp"

namespace conker::config {

/// The keys of the section tcp.
struct TcpKeys {
  Config& to;

  static void visit(auto& self, auto&& key) {
    Settings::visit_tcp(self.to.settings, key);
    key("service_keepalive_idle", self.to.service_keepalive.idle, within(0ms, 24h * 7));
    key("syn_cookies", self.to.syn_cookies, About{});
  }
};

/// The keys of the section ip.
struct IpKeys {
  Config& to;

  static void visit(auto& self, auto&& key) {
    Settings::visit_ip(self.to.settings, key);
    Reassembly::visit(self.to.reassembly, key);
  }
};

Capacities read_capacities(const Value& value);
/// Settings, SYN cookies and the services' keepalive.
void read_tcp(const Value& value, Config& config);
/// Settings and reassembly.
void read_ip(const Value& value, Config& config);
std::vector<Service> read_services(const Value& value, const Capacities& capacities);
/// The socket is none that a link uses.
Control read_control(const Value& value, const std::vector<Link>& links);
Strike read_strike(const Value& value);
/// No service over TCP has its port, and capacities.listeners has room for it.
Http read_http(const Value& value, const std::vector<Service>& services,
               const Capacities& capacities);
Log read_log(const Value& value);

}  // namespace conker::config
