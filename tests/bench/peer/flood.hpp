// Segments that no TCP would send, as fast as asked for.
#pragma once

#include <netinet/in.h>

#include <array>
#include <cstdint>
#include <string>

namespace conker::peer {

/// A flood out of a device, at one address. One segment in sixteen pretends to be of `tuple`, an
/// open connection to `target`; half of the others go to the target's port, and the rest to any
/// port. The others come from ports and addresses of tuple's /24 network by seed, one in four of
/// them from the very address of `tuple`.
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
/// Ends with how many were sent.
void flood(const FloodOptions& options);

/// "02:00:00:00:77:02"; throws std::invalid_argument when it is none.
std::array<std::uint8_t, 6> mac(const std::string& text);

}  // namespace conker::peer
