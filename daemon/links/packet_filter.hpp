// The classic BPF program that lets through only what is for us.
#pragma once

#include <linux/filter.h>

#include <span>
#include <vector>

#include "stack/base/address.hpp"

namespace conker::daemon {

/// Frames to our MAC, UDP to everybody, and broadcast ARP that asks for one of our addresses, comes
/// from one, or announces one of another host. Addresses that follow each other take one
/// comparison; where they are too scattered for a program, and where there are none (yet), all
/// broadcast ARP comes through. The kernel takes the first VLAN tag out before the filter runs;
/// broadcasts with another one come through if it is of VLAN 0.
std::vector<sock_filter> make_packet_filter(const MacAddress& mac,
                                            std::span<const Prefix> addresses);

}  // namespace conker::daemon
