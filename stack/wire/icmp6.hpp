// The ICMP header for IPv6 (RFC 4443).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/address.hpp"

namespace conker {

inline constexpr std::uint8_t kProtocolIcmp6 = 58;
inline constexpr std::size_t kIcmp6Header = 8;

/// Whether it is an error: none may be sent about it (RFC 4443, 2.1 and 2.4).
constexpr bool is_icmp6_error(std::uint8_t type) {
  return type < 128;
}

struct Icmp6Message {
  static constexpr std::uint8_t kUnreachable = 1, kPacketTooBig = 2, kTimeExceeded = 3,
                                kParameterProblem = 4, kEchoRequest = 128, kEchoReply = 129;
  // Multicast Listener Discovery and neighbour discovery: mld.hpp, ndp.hpp.
  static constexpr std::uint8_t kMldQuery = 130, kMld1Report = 131, kMld1Done = 132,
                                kRouterSolicitation = 133, kRouterAdvertisement = 134,
                                kNeighbourSolicitation = 135, kNeighbourAdvertisement = 136,
                                kRedirect = 137, kMld2Report = 143;
  // Codes of kUnreachable and kTimeExceeded; those of kParameterProblem: Ipv6Problem.
  static constexpr std::uint8_t kNoRoute = 0, kProhibited = 1, kBeyondScope = 2,
                                kAddressUnreachable = 3, kPortUnreachable = 4;
  static constexpr std::uint8_t kHopLimitExceeded = 0, kReassemblyTime = 1;

  std::uint8_t type = 0, code = 0;
  /// The second word: identifier and sequence number of an echo, the MTU of a packet that was too
  /// big, the pointer of a parameter problem.
  std::uint32_t word = 0;
  std::span<const std::byte> payload;  // behind the second word: echo data, or a quoted packet

  constexpr std::uint16_t identifier() const { return static_cast<std::uint16_t>(word >> 16); }
  constexpr std::uint16_t sequence() const { return static_cast<std::uint16_t>(word & 0xffff); }
};

/// Parses a message. Nothing when it is shorter than the header. The checksum is not verified.
std::optional<Icmp6Message> parse_icmp6(std::span<const std::byte> bytes);

/// Whether the checksum of a whole message is right, which covers the pseudo-header (RFC 4443,
/// 2.3).
bool verify_icmp6_checksum(std::span<const std::byte> bytes, const IpAddress& source,
                           const IpAddress& destination);

/// Writes kIcmp6Header bytes with the checksum over the pseudo-header, the header and
/// message.payload; the payload is not written.
void emit_icmp6(const Icmp6Message& message, const IpAddress& source, const IpAddress& destination,
                std::span<std::byte> out);

}  // namespace conker
