// The ICMP header for IPv4 (RFC 792).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace conker {

inline constexpr std::uint8_t kProtocolIcmp = 1;
inline constexpr std::size_t kIcmp4Header = 8;

struct Icmp4Message {
  static constexpr std::uint8_t kEchoReply = 0, kUnreachable = 3, kEchoRequest = 8;

  std::uint8_t type = 0, code = 0;
  /// The second word: identifier and sequence of an echo; of "fragmentation needed" the lower half is the MTU
  /// (RFC 1191, 4).
  std::uint16_t upper = 0, lower = 0;
  std::span<const std::byte> payload;  // echo data, or the packet that an error quotes
};

/// Nothing when it is shorter than the header. The checksum is not looked at.
std::optional<Icmp4Message> parse_icmp4(std::span<const std::byte> bytes);

/// Whether the checksum of a whole message is right.
bool verify_icmp4_checksum(std::span<const std::byte> bytes);

/// Writes kIcmp4Header bytes with the checksum over the header and the message's payload, which is not
/// written.
void emit_icmp4(const Icmp4Message& message, std::span<std::byte> out);

}  // namespace conker
