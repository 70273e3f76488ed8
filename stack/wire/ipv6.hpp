// The IPv6 header (RFC 8200, 3). What stands between it and the payload is in ipv6_chain.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/address.hpp"

namespace conker {

inline constexpr std::size_t kIpv6Header = 40;
/// The packet size that every link carries (RFC 8200, 5), in bytes.
inline constexpr std::uint16_t kIpv6MinimumMtu = 1280;
/// Where fields stand, for the pointer of a parameter problem.
inline constexpr std::uint16_t kIpv6PayloadLengthAt = 4, kIpv6NextHeaderAt = 6;

struct Ipv6Packet {
  IpAddress source, destination;  // without a zone when parsed; no zone is written
  std::uint8_t next_header = 0;   // of the first header behind this one
  std::uint8_t hop_limit = 64;
  std::uint8_t traffic_class = 0;      // DSCP and ECN
  std::uint32_t flow_label = 0;        // 20 bits; 0: of no flow (RFC 6437, 2)
  std::span<const std::byte> payload;  // in the bytes that were parsed, cut to the payload length,
                                       // with extension headers
};

/// Parses a packet. Nothing when the version is not 6, when the payload length is past the end of
/// the bytes, or when source or destination is an address that is not sent (get_ipv6()). Bytes
/// behind the payload length, such as Ethernet's padding, are cut. A jumbogram (RFC 2675) has a
/// payload length of 0.
std::optional<Ipv6Packet> parse_ipv6(std::span<const std::byte> bytes);

/// Parses the beginning of a packet, as ICMP errors quote it: it may be cut anywhere behind the
/// header.
std::optional<Ipv6Packet> parse_ipv6_quoted(std::span<const std::byte> bytes);

/// Writes a header of kIpv6Header bytes for a payload of `payload_length` bytes, at most 65535,
/// that is not written.
void emit_ipv6(const Ipv6Packet& packet, std::size_t payload_length, std::span<std::byte> out);

}  // namespace conker
