// The parts of a configuration that say where the stack is: links with their addresses, routes,
// servers for names. Each throws ConfigError at the place of what is wrong.
#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"
#include "config/value.hpp"

namespace conker::config {

std::vector<Link> read_links(const Value& value, const Capacities& capacities);
/// What one link must not share with another: its device or its path.
std::string claim_of(const Link& link);

/// Where hosts are neighbours: the networks of the links' addresses, and those that routes lead to
/// over a link. `root` is the whole file.
std::vector<Prefix> read_direct(const Section& root, const std::vector<Link>& links);
/// The address of a neighbour on one of the links. The stack refuses the same.
IpAddress read_gateway(const Value& value, const std::vector<Link>& links,
                       const std::vector<Prefix>& direct);
/// The servers for names, in the order in which they are asked.
std::vector<IpAddress> read_dns(const Value& value);
/// Of links, gateway and capacities it looks at what `config` has already.
std::vector<Route> read_routes(const Value& value, const Config& config,
                               const std::vector<Prefix>& direct);

}  // namespace conker::config
