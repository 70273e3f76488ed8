// The classic BPF program that lets through only what is for us.
#pragma once

#include <linux/filter.h>

#include <span>
#include <vector>

#include "stack/base/address.hpp"

namespace conker::daemon {

/// Frames to our MAC, UDP to everybody, and broadcast ARP that asks for one of our addresses. Addresses that
/// follow each other take one comparison; where they are too scattered for a program, and where there are
/// none (yet), all broadcast ARP comes through.
std::vector<sock_filter> make_packet_filter(const MacAddress& mac, std::span<const Prefix> addresses);

}  // namespace conker::daemon
