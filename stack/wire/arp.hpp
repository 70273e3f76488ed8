// ARP for IPv4 on Ethernet (RFC 826).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/address.hpp"

namespace conker {

inline constexpr std::size_t kArpLength = 28;

struct ArpPacket {
  enum class Operation : std::uint8_t { kRequest = 1, kReply = 2 };

  Operation operation = Operation::kRequest;
  MacAddress sender_mac;
  IpAddress sender;  // 0.0.0.0 in a probe (RFC 5227, 2.1.1)
  MacAddress target_mac;
  IpAddress target;
};

/// Parses an ARP packet. Nothing when it is truncated, when its types or lengths are not those of
/// IPv4 on Ethernet, or when it is neither a request nor a reply. Padding behind it is ignored.
std::optional<ArpPacket> parse_arp(std::span<const std::byte> bytes);

/// Writes a packet of kArpLength bytes to `out`.
void emit_arp(const ArpPacket& packet, std::span<std::byte> out);

}  // namespace conker
