// The small services over UDP, on its public calls: what each does on an event of its socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/udp/udp.hpp"

namespace conker::services {

/// RFC 862: sends every datagram back, cut to the size of `scratch`; returns how many there were. A
/// datagram from the port of another such service is discarded: two of them would answer each other
/// for ever.
std::uint32_t echo(Udp& udp, UdpId id, std::span<std::byte> scratch);

/// RFC 863: discards every datagram; returns how many there were.
std::uint32_t discard(Udp& udp, UdpId id);

}  // namespace conker::services
