// The IPv4 header (RFC 791).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/address.hpp"

namespace conker {

inline constexpr std::size_t kIpv4HeaderMin = 20;
/// What every host takes in one piece (RFC 791, 3.1).
inline constexpr std::uint16_t kIpv4MinimumMtu = 576;

struct Ipv4Packet {
  IpAddress source, destination;
  std::uint8_t protocol = 0;
  std::uint8_t ttl = 64;
  std::uint8_t traffic_class = 0;  // DSCP and ECN
  std::uint16_t identification =
      0;  // of what may be fragmented; else without meaning (RFC 6864, 4.1)
  bool dont_fragment = true;
  bool more_fragments = false;
  std::uint16_t fragment_offset = 0;   // in units of 8 bytes
  std::span<const std::byte> options;  // in the bytes that were parsed; never written
  std::span<const std::byte> payload;  // in the bytes that were parsed, cut to the total length

  constexpr bool is_fragment() const { return more_fragments || fragment_offset != 0; }
};

/// Takes a packet apart. Nothing when the version is not 4, when the header length is below 5 or
/// past the total length, or when the total length is past the end of the bytes. Options are not
/// looked at. Bytes behind the total length, an Ethernet's padding, are cut. The checksum is not
/// looked at.
std::optional<Ipv4Packet> parse_ipv4(std::span<const std::byte> bytes);

/// The beginning of a packet, as ICMP errors quote it: it may end anywhere behind the header.
std::optional<Ipv4Packet> parse_ipv4_quoted(std::span<const std::byte> bytes);

/// What is wrong with options.
struct Ipv4OptionFault {
  bool source_route = false;  // else one has a length of 0 or 1, or reaches past the header
  std::uint8_t at = 0;        // where it begins, counted from the header's begin
};
/// Nothing when each has its right form and none is a source route, loose or strict (RFC 791, 3.1).
std::optional<Ipv4OptionFault> check_ipv4_options(std::span<const std::byte> options);

/// Whether the header checksum of what parse_ipv4() took is right.
bool verify_ipv4_checksum(std::span<const std::byte> bytes);

/// Writes kIpv4HeaderMin bytes with the checksum, for a payload of `payload_length` bytes that is
/// not written. Header and payload together must not exceed 65535.
void emit_ipv4(const Ipv4Packet& packet, std::size_t payload_length, std::span<std::byte> out);

}  // namespace conker
