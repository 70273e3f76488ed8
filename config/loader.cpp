#include "config/loader.hpp"

#include <algorithm>
#include <array>

#include "config/document.hpp"
#include "config/links.hpp"
#include "config/sections.hpp"
#include "config/value.hpp"

namespace conker::config {
namespace {

Config read_config(const Value& root) {
  static constexpr std::array<std::string_view, 13> kKeys{
      "links", "gateway",          "capacities", "tcp", "services", "control", "strike",
      "log",   "shutdown_timeout", "routes",     "ip",  "dns",      "http"};
  const Section section = root.section(kKeys);
  Config config;
  if (const auto capacities = section.find("capacities"))
    config.capacities = read_capacities(*capacities);
  if (const auto tcp = section.find("tcp")) read_tcp(*tcp, config);
  if (const auto ip = section.find("ip")) read_ip(*ip, config);
  config.links = read_links(section.at("links"), config.capacities);
  const std::vector<Prefix> direct = read_direct(section, config.links);
  if (const auto gateway = section.find("gateway"))
    config.gateway = read_gateways(*gateway, config.links, direct);
  if (const auto dns = section.find("dns")) config.dns_servers = read_dns(*dns, config.links);
  if (const auto routes = section.find("routes"))
    config.routes = read_routes(*routes, config, direct);
  if (const auto services = section.find("services"))
    config.services = read_services(*services, config.capacities);
  if (const auto control = section.find("control"))
    config.control = read_control(*control, config.links);
  if (const auto strike = section.find("strike")) config.strike = read_strike(*strike);
  if (const auto http = section.find("http"))
    config.http = read_http(*http, config.services, config.capacities);
  if (const auto log = section.find("log")) config.log = read_log(*log);
  if (const auto timeout = section.find("shutdown_timeout"))
    config.shutdown_timeout = timeout->duration(0s, 10min);
  return config;
}

}  // namespace

Config load_text(std::string_view text, const std::string& name) {
  Config config;
  read_document(text, name, "links",
                [&](const Value& document) { config = read_config(document); });
  return config;
}

Config load_file(const std::string& path) {
  return load_text(text_of_file(path), path);
}

}  // namespace conker::config
