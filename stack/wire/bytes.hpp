// Numbers and addresses in network byte order: most significant byte first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/address.hpp"

namespace conker {

/// Read and write numbers at an offset; the caller has checked the length.
constexpr std::uint8_t get8(std::span<const std::byte> bytes, std::size_t at) {
  return std::to_integer<std::uint8_t>(bytes[at]);
}
constexpr std::uint16_t get16(std::span<const std::byte> bytes, std::size_t at) {
  return static_cast<std::uint16_t>(get8(bytes, at) << 8 | get8(bytes, at + 1));
}
constexpr std::uint32_t get32(std::span<const std::byte> bytes, std::size_t at) {
  return std::uint32_t{get16(bytes, at)} << 16 | get16(bytes, at + 2);
}

constexpr void put8(std::span<std::byte> bytes, std::size_t at, std::uint8_t value) {
  bytes[at] = std::byte{value};
}
constexpr void put16(std::span<std::byte> bytes, std::size_t at, std::uint16_t value) {
  put8(bytes, at, static_cast<std::uint8_t>(value >> 8));
  put8(bytes, at + 1, static_cast<std::uint8_t>(value & 0xff));
}
constexpr void put32(std::span<std::byte> bytes, std::size_t at, std::uint32_t value) {
  put16(bytes, at, static_cast<std::uint16_t>(value >> 16));
  put16(bytes, at + 2, static_cast<std::uint16_t>(value & 0xffff));
}

constexpr MacAddress get_mac(std::span<const std::byte> bytes, std::size_t at) {
  const auto b = [&](std::size_t i) { return get8(bytes, at + i); };
  return {{b(0), b(1), b(2), b(3), b(4), b(5)}};
}
constexpr void put_mac(std::span<std::byte> bytes, std::size_t at, const MacAddress& mac) {
  for (std::size_t i = 0; i < mac.bytes.size(); ++i) put8(bytes, at + i, mac.bytes[i]);
}

constexpr IpAddress get_ipv4(std::span<const std::byte> bytes, std::size_t at) {
  return IpAddress::v4(get32(bytes, at));
}
/// Writes an IPv4 address. Only where `address` is_v4().
constexpr void put_ipv4(std::span<std::byte> bytes, std::size_t at, const IpAddress& address) {
  put32(bytes, at, address.v4_bits());
}

/// Reads an IPv6 address, without a zone. Nothing where it is one that is not sent: an IPv4-mapped
/// address, which would be taken for IPv4's, or one with bits set that hold a zone here (RFC 4291,
/// 2.5.6).
constexpr std::optional<IpAddress> get_ipv6(std::span<const std::byte> bytes, std::size_t at) {
  const IpAddress address(
      {get32(bytes, at), get32(bytes, at + 4), get32(bytes, at + 8), get32(bytes, at + 12)});
  return address.is_v4() || address.zone() != 0 ? std::nullopt : std::optional(address);
}
/// Writes an IPv6 address without its zone. Only where `address` is not is_v4().
constexpr void put_ipv6(std::span<std::byte> bytes, std::size_t at, const IpAddress& address) {
  for (const std::uint32_t word : address.without_zone().words()) {
    put32(bytes, at, word);
    at += 4;
  }
}

}  // namespace conker
