// The sections of a configuration that are only keys with values: capacities, tcp, ip, strike. Each
// is a walk over its keys, which gives a key, what it is read into, and its range; from there come
// the reading and the list of keys that a wrong one is told.
#pragma once

#include "config/config.hpp"
#include "config/value.hpp"
#include "stack/base/field.hpp"

namespace conker::config {

/// The range of a number.
constexpr About within(std::int64_t low, std::int64_t high) {
  return {.help = {}, .min = low, .max = high};
}
/// The range of a time, which About has in microseconds.
constexpr About within(Duration low, Duration high) {
  return {.help = {}, .unit = Unit::kMicroseconds, .min = low.count(), .max = high.count()};
}

struct CapacityKeys {
  Capacities& to;

  static void visit(auto& self, auto&& key) {
    constexpr About kMany = within(1, 1 << 22);
    Capacities& c = self.to;
    key("connections", c.connections, kMany);
    key("half_open", c.half_open, kMany);
    key("time_wait", c.time_wait, kMany);
    key("listeners", c.listeners, within(1, 65535));
    key("neighbours", c.neighbours, within(1, 65536));
    key("addresses", c.addresses, within(1, 65536));
    key("interfaces", c.interfaces, within(1, 64));
    key("chunks", c.chunks, within(16, 1 << 22));
    key("chunk_bytes", c.chunk_bytes, within(128, 32768));
    key("transitions", c.transitions, kMany);
    key("routes", c.routes, within(1, 4096));
    key("udp_sockets", c.udp_sockets, within(8, 65536));
  }
};

struct TcpKeys {
  Settings& to;
  bool& syn_cookies;
  Duration& service_keepalive_idle;

  static void visit(auto& self, auto&& key) {
    constexpr Duration kWeek = 24h * 7;
    Settings& s = self.to;
    key("time_wait", s.time_wait, within(1ms, 1h));
    key("connect_timeout", s.connect_timeout, within(1ms, 1h));
    key("fin_wait_2", s.fin_wait_2, within(1ms, 1h));
    key("rto_initial", s.rto_initial, within(1ms, 5min));
    key("rto_min", s.rto_min, within(1ms, 5min));
    key("rto_max", s.rto_max, within(1ms, 5min));
    key("retransmits", s.retransmits, within(1, 32));
    key("syn_ack_retransmits", s.syn_ack_retransmits, within(1, 32));
    key("send_buffer", s.send_buffer, within(1024, 1 << 24));
    key("receive_buffer", s.receive_buffer, within(1024, 1 << 24));
    key("first_port", s.first_port.value, within(1, 65535));
    key("last_port", s.last_port.value, within(1, 65535));
    key("congestion", s.congestion, About{.help = {}, .choices = "newreno|cubic"});
    key("ecn", s.ecn, About{.help = {}, .choices = "off|on-request|always"});
    key("least_path_mtu", s.least_path_mtu, within(68, 1280));
    key("window_scaling", s.window_scaling, About{});
    key("timestamps", s.timestamps, About{});
    key("sack", s.sack, About{});
    key("delayed_ack", s.delayed_ack, within(0ms, 499ms));
    key("keepalive_idle", s.keepalive.idle, within(0ms, kWeek));
    key("keepalive_interval", s.keepalive.interval, within(1ms, kWeek));
    key("keepalive_count", s.keepalive.count, within(2, 255));
    key("service_keepalive_idle", self.service_keepalive_idle, within(0ms, kWeek));
    key("user_timeout", s.user_timeout, within(0ms, kWeek));
    key("user_timeout_option", s.user_timeout_option, About{});
    key("user_timeout_least", s.user_timeout_least, within(1s, kWeek));
    key("user_timeout_most", s.user_timeout_most, within(1s, kWeek));
    key("syn_cookies", self.syn_cookies, About{});
  }
};

struct IpKeys {
  Settings& to;
  Reassembly& reassembly;

  static void visit(auto& self, auto&& key) {
    key("ttl", self.to.ttl, within(1, 255));
    key("dscp", self.to.dscp, within(0, 63));
    key("icmp_errors_per_second", self.to.icmp_errors_per_second, within(0, 1'000'000));
    key("reassembly_timeout", self.to.reassembly_timeout, within(1s, 10min));
    key("reassembly_datagrams", self.reassembly.datagrams, within(0, 4096));
    key("reassembly_chunks", self.reassembly.chunks, within(1, 1 << 22));
    key("reassembly_bytes", self.reassembly.datagram_bytes, within(1500, 65535));
  }
};

Capacities read_capacities(const Value& value);
/// Settings, SYN cookies and the services' keepalive.
void read_tcp(const Value& value, Config& config);
/// Settings and reassembly.
void read_ip(const Value& value, Config& config);

}  // namespace conker::config
