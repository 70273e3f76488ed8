// The Internet checksum (RFC 1071).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/base/address.hpp"

namespace conker {

/// Sums pieces that follow each other on the wire. A piece may have an odd length: the sum is that of the
/// whole.
class Checksum {
 public:
  void add(std::span<const std::byte> bytes);
  /// Numbers as they would stand in network byte order.
  void add16(std::uint16_t value) { sum_ += odd_ != kLittle ? swapped(value) : value; }
  void add32(std::uint32_t value) {
    add16(static_cast<std::uint16_t>(value >> 16));
    add16(static_cast<std::uint16_t>(value & 0xffff));
  }
  /// What belongs into the checksum field, in host order. 0 when the field was part of the sum and was right.
  std::uint16_t finish() const;

 private:
  static constexpr std::uint16_t swapped(std::uint16_t value) {
    return static_cast<std::uint16_t>(value << 8 | value >> 8);
  }

  static constexpr bool kLittle = std::endian::native == std::endian::little;

  // In the machine's own byte order, which RFC 1071, 2 (B) allows, and turned once at the end. What is added
  // has at most 33 bits, so 2^31 pieces fit.
  std::uint64_t sum_ = 0;
  bool odd_ = false;
};

/// The pseudo-header of TCP and UDP: for IPv4 as in RFC 9293, 3.1, otherwise as in RFC 8200, 8.1. `length` is
/// that of the protocol's header and its data.
void add_pseudo_header(Checksum& sum, const IpAddress& source, const IpAddress& destination,
                       std::uint8_t protocol, std::uint32_t length);

}  // namespace conker
