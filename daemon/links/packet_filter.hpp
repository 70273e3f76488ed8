// The classic BPF program that accepts only frames for the stack.
#pragma once

#include <linux/filter.h>

#include <span>
#include <vector>

#include "stack/base/address.hpp"

namespace conker::daemon {

/// Accepts frames for the MAC address, broadcast UDP, and broadcast ARP that asks for one of the
/// addresses, comes from one, or announces one of another host. Consecutive addresses take one
/// comparison; where they are too scattered for a program, and where there are none (yet), all
/// broadcast ARP is accepted. The kernel removes the first VLAN tag before the filter runs;
/// broadcasts with another one are accepted if it is of VLAN 0.
std::vector<sock_filter> make_packet_filter(const MacAddress& mac,
                                            std::span<const Prefix> addresses);

}  // namespace conker::daemon
