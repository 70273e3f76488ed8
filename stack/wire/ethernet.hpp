// The Ethernet II header.
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

struct EthernetFrame {
  MacAddress destination, source;
  /// Values up to 1500 are a length (IEEE 802.3), which no protocol here uses.
  std::uint16_t type = 0;
  std::span<const std::byte> payload;  // with whatever padding follows
};

/// Nothing when the frame is shorter than the header.
std::optional<EthernetFrame> parse_ethernet(std::span<const std::byte> bytes);

/// Writes the header, kEthernetHeader bytes; the payload is not written.
void emit_ethernet(const EthernetFrame& frame, std::span<std::byte> out);

}  // namespace conker
