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
/// The largest payload behind an IPv4 header without options, in bytes.
inline constexpr std::size_t kUdpMaxPayload = 65535 - 20 - kUdpHeader;

struct UdpDatagram {
  Port source, destination;  // source 0: no reply is wanted (RFC 768)
  std::span<const std::byte>
      payload;  // in the bytes that were parsed, cut to the length in the header
};

/// Parses a datagram. Nothing when it is shorter than a header, or when its length field is below 8
/// or past the end. The checksum is not verified.
std::optional<UdpDatagram> parse_udp(std::span<const std::byte> bytes);

/// Whether the checksum of a datagram that parse_udp() accepted is right. Over IPv4 a sender may
/// omit it and send 0.
bool verify_udp_checksum(std::span<const std::byte> bytes, const IpAddress& source,
                         const IpAddress& destination);

/// Writes a header of kUdpHeader bytes with the checksum over header and payload; the payload is
/// not written. A checksum of 0 is sent as all ones (RFC 768). The payload has at most
/// kUdpMaxPayload bytes.
void emit_udp(const UdpDatagram& datagram, const IpAddress& source, const IpAddress& destination,
              std::span<std::byte> out);

}  // namespace conker
