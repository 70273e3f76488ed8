// The UDP header (RFC 768).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/address.hpp"

namespace conker {

inline constexpr std::uint8_t kProtocolUdp = 17;
inline constexpr std::size_t kUdpHeader = 8;
/// What fits behind the smallest IPv4 header and this one.
inline constexpr std::size_t kUdpMaxPayload = 65535 - 20 - kUdpHeader;

struct UdpDatagram {
  Port source, destination;  // a source of 0: no answer is wanted
  std::span<const std::byte>
      payload;  // in the bytes that were parsed, cut to the length in the header
};

/// Takes a datagram apart. Nothing when it is shorter than a header, or when its length field is
/// below 8 or past the end. The checksum is not looked at.
std::optional<UdpDatagram> parse_udp(std::span<const std::byte> bytes);

/// Whether the checksum of what parse_udp() took is right. Over IPv4 a sender may leave it out,
/// which is said by 0.
bool verify_udp_checksum(std::span<const std::byte> bytes, const IpAddress& source,
                         const IpAddress& destination);

/// Writes kUdpHeader bytes with the checksum over header and payload, which is not written. Always
/// with a checksum: a sum of 0 is sent as all ones (RFC 768). The payload has at most
/// kUdpMaxPayload bytes.
void emit_udp(const UdpDatagram& datagram, const IpAddress& source, const IpAddress& destination,
              std::span<std::byte> out);

}  // namespace conker
