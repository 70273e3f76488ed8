// The ICMP header for IPv4 (RFC 792).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace conker {

inline constexpr std::uint8_t kProtocolIcmp = 1;
inline constexpr std::size_t kIcmp4Header = 8;

/// Whether a message of this type may be answered by an error: only what is known to be a question
/// or an answer (RFC 1122, 3.2.2).
constexpr bool is_icmp4_query(std::uint8_t type) {
  return type == 0 || type == 8 || (type >= 13 && type <= 18);
}

struct Icmp4Message {
  static constexpr std::uint8_t kEchoReply = 0, kUnreachable = 3, kRedirect = 5, kEchoRequest = 8,
                                kTimeExceeded = 11, kParameterProblem = 12;
  // Codes of kUnreachable, and of kTimeExceeded.
  static constexpr std::uint8_t kProtocolUnreachable = 2, kPortUnreachable = 3,
                                kFragmentationNeeded = 4;
  static constexpr std::uint8_t kReassemblyTime = 1;

  std::uint8_t type = 0, code = 0;
  /// The second word: identifier and sequence of an echo; of "fragmentation needed" the lower half
  /// is the MTU (RFC 1191, 4); of a parameter problem the highest 8 bits are the octet at fault.
  std::uint16_t upper = 0, lower = 0;
  std::span<const std::byte> payload;  // echo data, or the packet that an error quotes
};

/// Nothing when it is shorter than the header. The checksum is not looked at.
std::optional<Icmp4Message> parse_icmp4(std::span<const std::byte> bytes);

/// Whether the checksum of a whole message is right.
bool verify_icmp4_checksum(std::span<const std::byte> bytes);

/// Writes kIcmp4Header bytes with the checksum over the header and the message's payload, which is
/// not written.
void emit_icmp4(const Icmp4Message& message, std::span<std::byte> out);

}  // namespace conker
