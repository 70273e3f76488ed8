// The Internet checksum (RFC 1071).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "stack/base/address.hpp"

namespace conker {

/// Sums pieces that follow each other on the wire. A piece may have an odd length: the sum is that
/// of the pieces joined.
class Checksum {
 public:
  void add(std::span<const std::byte> bytes);
  /// Adds a header: bytes of an even length, summed without a call.
  void add_header(std::span<const std::byte> bytes) {
    if (odd_ || bytes.size() % 4 != 0) return add(bytes);
    for (std::size_t at = 0; at < bytes.size(); at += 4) {
      std::uint32_t word;
      std::memcpy(&word, bytes.data() + at, sizeof word);
      sum_ += word;
    }
  }
  /// Adds a 16-bit number as it would stand in network byte order.
  void add16(std::uint16_t value) { sum_ += odd_ != kLittle ? swapped(value) : value; }
  void add32(std::uint32_t value) {
    if (!odd_) {
      sum_ += kLittle ? swapped(value) : value;
      return;
    }
    add16(static_cast<std::uint16_t>(value >> 16));
    add16(static_cast<std::uint16_t>(value & 0xffff));
  }
  /// Adds `sum`, the sum of up to 2^31 words of 32 bits in network byte order.
  void add_words(std::uint64_t sum) {
    sum = (sum >> 32) + (sum & 0xffffffff);
    add32(static_cast<std::uint32_t>((sum >> 32) + sum));
  }
  /// The value of the checksum field, in host order; 0 when the sum included a checksum field that
  /// was right.
  std::uint16_t finish() const {
    const auto result = static_cast<std::uint16_t>(~folded(sum_));
    return kLittle ? swapped(result) : result;
  }

 private:
  static constexpr std::uint16_t swapped(std::uint16_t value) {
    return static_cast<std::uint16_t>(value << 8 | value >> 8);
  }
  static constexpr std::uint32_t swapped(std::uint32_t value) {
    return value << 24 | (value & 0xff00) << 8 | (value >> 8 & 0xff00) | value >> 24;
  }
  static constexpr std::uint16_t folded(std::uint64_t sum) {
    sum = (sum >> 32) + (sum & 0xffffffff);
    sum = (sum >> 16) + (sum & 0xffff);  // at most 18 bits
    sum = (sum >> 16) + (sum & 0xffff);
    return static_cast<std::uint16_t>((sum >> 16) + sum);
  }

  static constexpr bool kLittle = std::endian::native == std::endian::little;

  // The sum is kept in the machine's own byte order, which RFC 1071, 2 (B) allows, and swapped once
  // at the end. Each addend has at most 33 bits, so 2^31 pieces fit.
  std::uint64_t sum_ = 0;
  bool odd_ = false;
};

/// Adds the pseudo-header of TCP and UDP: for IPv4 as in RFC 9293, 3.1, otherwise as in RFC 8200,
/// 8.1, in which no zone counts. `length` is that of the protocol's header and its data, in bytes.
inline void add_pseudo_header(Checksum& sum, const IpAddress& source, const IpAddress& destination,
                              std::uint8_t protocol, std::uint32_t length) {
  if (source.is_v4() && destination.is_v4()) {
    sum.add32(source.v4_bits());
    sum.add32(destination.v4_bits());
  } else {
    for (const std::uint32_t word : source.without_zone().words()) sum.add32(word);
    for (const std::uint32_t word : destination.without_zone().words()) sum.add32(word);
  }
  // The sum is the same for the 16-bit length and 8 zero bits of IPv4 as for the wider IPv6 fields.
  sum.add32(length);
  sum.add16(protocol);
}

}  // namespace conker
