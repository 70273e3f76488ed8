// The ICMP header for IPv4 (RFC 792).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace conker {

inline constexpr std::uint8_t kProtocolIcmp = 1;
inline constexpr std::size_t kIcmp4Header = 8;

/// Whether an ICMP error may be sent about a message of this type: only about queries and replies
/// that are known (RFC 1122, 3.2.2).
constexpr bool is_icmp4_query(std::uint8_t type) {
  return type == 0 || type == 8 || (type >= 13 && type <= 18);
}

struct Icmp4Message {
  static constexpr std::uint8_t kEchoReply = 0, kUnreachable = 3, kRedirect = 5, kEchoRequest = 8,
                                kTimeExceeded = 11, kParameterProblem = 12;
  // Codes of kUnreachable and kTimeExceeded.
  static constexpr std::uint8_t kProtocolUnreachable = 2, kPortUnreachable = 3,
                                kFragmentationNeeded = 4;
  static constexpr std::uint8_t kReassemblyTime = 1;

  std::uint8_t type = 0, code = 0;
  /// The two halves of the second word: identifier and sequence number of an echo; in
  /// "fragmentation needed" the lower half is the next-hop MTU (RFC 1191, 4); in a parameter
  /// problem the highest 8 bits are the pointer to the octet at fault.
  std::uint16_t upper = 0, lower = 0;
  std::span<const std::byte> payload;  // echo data, or the packet that an error quotes
};

/// Parses a message. Nothing when it is shorter than the header. The checksum is not verified.
std::optional<Icmp4Message> parse_icmp4(std::span<const std::byte> bytes);

/// Whether the checksum of a whole message is right.
bool verify_icmp4_checksum(std::span<const std::byte> bytes);

/// Writes kIcmp4Header bytes with the checksum over the header and message.payload; the payload is
/// not written.
void emit_icmp4(const Icmp4Message& message, std::span<std::byte> out);

}  // namespace conker
