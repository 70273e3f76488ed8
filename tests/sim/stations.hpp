// Addresses on the link of a world: its hosts, and the stations beside them.
#pragma once

#include <cstdint>

#include "stack/base/address.hpp"

namespace conker::sim {

constexpr MacAddress mac_of_host(std::uint32_t host) {
  return {{2, 0, 0, 0, 0, static_cast<std::uint8_t>(host + 1)}};
}
constexpr IpAddress address_of_host(std::uint32_t host) {
  return IpAddress::v4(10, 0, 0, static_cast<std::uint8_t>(host + 1));
}
/// The number of a host by its address; for other addresses a number that no host has.
constexpr std::uint32_t number_of_host(const IpAddress& address) {
  return address.v4_bits() - IpAddress::v4(10, 0, 0, 1).v4_bits();
}

/// The link address of station 10.0.0.n, which is no host.
constexpr MacAddress mac_of_station(std::uint8_t n) {
  return {{2, 0, 0, 0, 9, n}};
}
constexpr IpAddress address_of_station(std::uint8_t n) {
  return IpAddress::v4(10, 0, 0, n);
}

inline constexpr std::uint8_t kFirstHostile = 50;  // and those behind it
inline constexpr std::uint8_t kHostiles = 4;
inline constexpr std::uint8_t kPinger = 60;
inline constexpr std::uint8_t kRouter = 254;  // source of forged frames
inline constexpr MacAddress kRouterMac = mac_of_station(kRouter);

}  // namespace conker::sim
