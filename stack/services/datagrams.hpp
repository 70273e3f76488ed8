// The small services over UDP, on its public calls: what each does when its socket has news.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/udp/udp.hpp"

namespace conker::services {

/// RFC 862: sends every datagram back, up to what `scratch` holds. Says how many there were. What
/// comes from the port of another such service is thrown away: two of them would never come to an
/// end.
std::uint32_t echo(Udp& udp, UdpId id, std::span<std::byte> scratch);

/// RFC 863: throws every datagram away. Says how many there were.
std::uint32_t discard(Udp& udp, UdpId id);

}  // namespace conker::services
