// The parts of a configuration that say where the stack is: links with their addresses, routes,
// servers for names. Each throws ConfigError at the place of what is wrong.
#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"
#include "config/value.hpp"

namespace conker::config {

std::vector<Link> read_links(const Value& value, const Capacities& capacities);

/// The networks whose hosts are neighbours: those of the links' addresses, of routes over a link,
/// and the link-local one of each link that speaks IPv6. `root` is the whole file.
std::vector<Prefix> read_direct(const Section& root, const std::vector<Link>& links);
/// For each family the address of a neighbour on one of the links. The stack refuses others.
PerFamily<IpAddress> read_gateways(const Value& value, const std::vector<Link>& links,
                                   const std::vector<Prefix>& direct);
/// The DNS servers, in order of preference.
std::vector<IpAddress> read_dns(const Value& value, const std::vector<Link>& links);
/// `config` must already have links, gateway and capacities.
std::vector<Route> read_routes(const Value& value, const Config& config,
                               const std::vector<Prefix>& direct);

}  // namespace conker::config
