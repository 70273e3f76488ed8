// The classic BPF program that accepts only frames for the stack.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "config/config.hpp"

namespace conker::daemon {

/// Accepts frames for the link's MAC address, broadcast UDP, and broadcast ARP that asks for one of
/// its IPv4 addresses, comes from one, or announces one of another host. Consecutive addresses take
/// one comparison; where they are too scattered for a program, and where a server gives them, all
/// broadcast ARP is accepted. The kernel removes the first VLAN tag before the filter runs;
/// broadcasts with another one are accepted if it is of VLAN 0.
///
/// Where the link speaks IPv6, accepts what is sent to all nodes (router advertisements, queries of
/// MLD) and to any solicited-node address (RFC 4291, 2.7.1): which addresses the link will have,
/// its link-local one among them, is not known when the filter is made. What is for groups of
/// others, the stack drops.
std::vector<sock_filter> make_packet_filter(const config::Link& link);

}  // namespace conker::daemon
