// Interface identifiers, the lower 64 bits of an address that a host configures itself: stable
// ones, which are opaque (RFC 7217), and temporary ones, which change (RFC 8981).
#pragma once

#include <cstdint>

#include "stack/base/address.hpp"
#include "stack/base/siphash.hpp"

namespace conker {

/// Whether RFC 5453 reserves the identifier: subnet-router anycast, the Ethernet block of IANA,
/// subnet anycast.
bool is_reserved_identifier(std::uint64_t identifier);

/// The stable identifier for a prefix of 64 bits, `prefix`, on the interface with this MAC address
/// (RFC 7217, 5): the same whenever the host comes back to the prefix, and another in every other.
/// `conflicts` is DAD_Counter, how often duplicate address detection failed for the prefix.
/// `secret` must stay the same when the host restarts, and be unknown to others. Never reserved.
std::uint64_t stable_identifier(std::uint64_t prefix, const MacAddress& mac,
                                std::uint32_t conflicts, const SipKey& secret);

/// A temporary identifier (RFC 8981, 3.3.2): the same function, and `time` beside, in which the
/// address is made, so that each differs from those before. Never reserved.
std::uint64_t temporary_identifier(std::uint64_t prefix, const MacAddress& mac, std::uint64_t time,
                                   std::uint32_t conflicts, const SipKey& secret);

/// The address of an identifier in a prefix of 64 bits.
constexpr IpAddress address_in(std::uint64_t prefix, std::uint64_t identifier) {
  return IpAddress({static_cast<std::uint32_t>(prefix >> 32),
                    static_cast<std::uint32_t>(prefix & 0xffffffff),
                    static_cast<std::uint32_t>(identifier >> 32),
                    static_cast<std::uint32_t>(identifier & 0xffffffff)});
}

/// fe80::/64, the prefix of link-local addresses.
inline constexpr std::uint64_t kLinkLocalPrefix = 0xfe80000000000000;

}  // namespace conker
