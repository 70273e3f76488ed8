// The Ethernet II header, and the VLAN tags that may stand in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/address.hpp"

namespace conker {

inline constexpr std::size_t kEthernetHeader = 14;

inline constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
inline constexpr std::uint16_t kEtherTypeArp = 0x0806;
inline constexpr std::uint16_t kEtherTypeIpv6 = 0x86dd;
inline constexpr std::uint16_t kEtherTypeCustomerVlan = 0x8100, kEtherTypeServiceVlan = 0x88a8;

/// Bytes of a VLAN tag (IEEE 802.1Q, 9.3), and how many of VLAN 0 may follow each other: a service
/// tag and a customer tag.
inline constexpr std::size_t kVlanTag = 4, kVlanTags = 2;
/// The VLAN identifier in the tag control information.
inline constexpr std::uint16_t kVlanMask = 0x0fff;
constexpr bool is_vlan_tag(std::uint16_t type) {
  return type == kEtherTypeCustomerVlan || type == kEtherTypeServiceVlan;
}

struct EthernetFrame {
  MacAddress destination, source;
  /// The EtherType. Values up to 1500 are a length (IEEE 802.3), which no protocol here uses. Where
  /// a tag names a VLAN other than 0, or where there are more than kVlanTags tags, it is that
  /// tag's.
  std::uint16_t type = 0;
  std::span<const std::byte> payload;  // with any padding
};

/// Parses a frame. Nothing when it is shorter than the header with its tags. Tags of VLAN 0 are
/// skipped.
std::optional<EthernetFrame> parse_ethernet(std::span<const std::byte> bytes);

/// Writes the header of kEthernetHeader bytes, and not the payload.
void emit_ethernet(const EthernetFrame& frame, std::span<std::byte> out);

}  // namespace conker
