// The Ethernet II header, and the tags of VLANs that may stand in it.
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
inline constexpr std::uint16_t kEtherTypeCustomerVlan = 0x8100, kEtherTypeServiceVlan = 0x88a8;

/// Bytes of a tag (IEEE 802.1Q, 9.3), and how many of VLAN 0 may follow each other: a service tag
/// and a customer tag.
inline constexpr std::size_t kVlanTag = 4, kVlanTags = 2;
/// Of the tag control information: the VLAN's number.
inline constexpr std::uint16_t kVlanMask = 0x0fff;
constexpr bool is_vlan_tag(std::uint16_t type) {
  return type == kEtherTypeCustomerVlan || type == kEtherTypeServiceVlan;
}

struct EthernetFrame {
  MacAddress destination, source;
  /// Values up to 1500 are a length (IEEE 802.3), which no protocol here uses. That of a tag where
  /// a VLAN other than 0 is named, or where more than kVlanTags tags are.
  std::uint16_t type = 0;
  std::span<const std::byte> payload;  // with whatever padding follows
};

/// Nothing when the frame is shorter than the header with its tags. Tags of VLAN 0 are passed over.
std::optional<EthernetFrame> parse_ethernet(std::span<const std::byte> bytes);

/// Writes the header, kEthernetHeader bytes; the payload is not written.
void emit_ethernet(const EthernetFrame& frame, std::span<std::byte> out);

}  // namespace conker
