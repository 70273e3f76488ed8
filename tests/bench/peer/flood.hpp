// A flood of segments that no TCP sends, at a given rate.
#pragma once

#include <netinet/in.h>

#include <array>
#include <cstdint>
#include <string>

namespace conker::peer {

/// Options of a flood out of a device, towards one address. One segment in sixteen has the
/// four-tuple `tuple`, an open connection to `target`; half of the others go to the target's port,
/// and the rest to any port. The others come from random ports and addresses of tuple's /24
/// network, one in four of them from the address of `tuple`.
struct FloodOptions {
  std::string kind;  // syn, fin, rst, xmas (FIN, PSH and URG)
  std::string device;
  std::array<std::uint8_t, 6> to_mac{};
  sockaddr_in target{};
  sockaddr_in tuple{};
  std::uint64_t count = 1'000'000;
  std::uint64_t rate = 100'000;  // segments a second, at most
  std::uint64_t seed = 1;
};
/// Prints the number of segments sent.
void flood(const FloodOptions& options);

/// Parses "02:00:00:00:77:02"; throws std::invalid_argument when it is no MAC address.
std::array<std::uint8_t, 6> mac(const std::string& text);

}  // namespace conker::peer
