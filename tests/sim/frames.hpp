// Frames other than TCP segments.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tests/support/segment.hpp"

namespace conker::sim {

// Lengths of headers without options.
inline constexpr std::size_t kEthernet = 14, kIp = 20;

/// The Internet checksum (RFC 1071) of bytes whose checksum field is 0.
std::uint16_t checksum(std::span<const std::byte> bytes);
void put16(test::Bytes& out, std::size_t at, std::uint32_t value);

/// An echo request with eight bytes, from the station that pings.
test::Bytes ping_frame(std::uint32_t host, std::uint16_t number);
/// The first fragment of a UDP datagram whose other fragments are never sent.
test::Bytes fragment_frame(std::uint32_t host, std::uint8_t station, std::uint16_t identification,
                           std::size_t bytes);

}  // namespace conker::sim
