// The IPv4 header (RFC 791).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/address.hpp"

namespace conker {

inline constexpr std::size_t kIpv4HeaderMin = 20;
/// The packet size that every host must accept (RFC 791, 3.1), in bytes.
inline constexpr std::uint16_t kIpv4MinimumMtu = 576;

struct Ipv4Packet {
  IpAddress source, destination;
  std::uint8_t protocol = 0;
  std::uint8_t ttl = 64;
  std::uint8_t traffic_class = 0;  // DSCP and ECN
  std::uint16_t identification =
      0;  // where it may be fragmented; else without meaning (RFC 6864, 4.1)
  bool dont_fragment = true;
  bool more_fragments = false;
  std::uint16_t fragment_offset = 0;   // in units of 8 bytes
  std::span<const std::byte> options;  // in the bytes that were parsed; never written
  std::span<const std::byte> payload;  // in the bytes that were parsed, cut to the total length

  constexpr bool is_fragment() const { return more_fragments || fragment_offset != 0; }
};

/// Parses a packet. Nothing when the version is not 4, when the header length is below 5 or past
/// the total length, or when the total length is past the end of the bytes. Bytes behind the total
/// length, such as Ethernet's padding, are cut. Neither options nor checksum are verified.
std::optional<Ipv4Packet> parse_ipv4(std::span<const std::byte> bytes);

/// Parses the beginning of a packet, as ICMP errors quote it: it may be cut anywhere behind the
/// header.
std::optional<Ipv4Packet> parse_ipv4_quoted(std::span<const std::byte> bytes);

/// What is wrong with a packet's options.
struct Ipv4OptionFault {
  bool source_route = false;  // else an option's length is 0 or 1, or reaches past the header
  std::uint8_t at = 0;        // offset of the option from the beginning of the header
};
/// Checks options. Nothing when all are well formed and none is a source route, loose or strict
/// (RFC 791, 3.1).
std::optional<Ipv4OptionFault> check_ipv4_options(std::span<const std::byte> options);

/// Whether the header checksum of a packet that parse_ipv4() accepted is right.
bool verify_ipv4_checksum(std::span<const std::byte> bytes);

/// Writes a header of kIpv4HeaderMin bytes with its checksum, for a payload of `payload_length`
/// bytes that is not written. Header and payload together must not exceed 65535 bytes.
void emit_ipv4(const Ipv4Packet& packet, std::size_t payload_length, std::span<std::byte> out);

}  // namespace conker
