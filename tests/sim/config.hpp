// The configuration of a world: number of hosts, capacities, settings, and habits of applications.
// All of it follows from the seed.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "stack/settings.hpp"
#include "tests/sim/wire.hpp"

namespace conker::sim {

/// Reactions of an application to events, as bits.
enum Habit : std::uint32_t {
  kAccepts = 1,
  kReads = 2,
  kClosesBack = 4,  // when the peer has closed and all data is read
  kGreets = 8,      // sends data as soon as it is connected
  kHangsUp = 16,    // closes as soon as it is connected
  kAllHabits = 31,
};

struct HostConfig {
  Capacities capacities;
  Settings settings;
  std::uint16_t mtu = 1500;
  bool cubic = false, recovery = false, cookies = false;
  bool datagrams = false, fragments = false;  // UDP, and IPv4 reassembly, are in the image
  std::uint32_t habits = 0;
};

struct Config {
  std::uint64_t seed = 0;
  std::uint32_t hosts = 2;
  std::array<HostConfig, Wire::kMaxHosts> host;
  bool siege = false;          // honest visits under attack, instead of random calls
  bool scarce = false;         // a siege in which a hostile peer can fill the pool of chunks
  bool alter_payload = false;  // a fault of the simulator itself, to see it found
};

/// Whether the world of this seed is a siege; one in four is.
bool is_siege(std::uint64_t seed);
Config make_config(std::uint64_t seed, bool scarce = false);
std::string describe(const Config& config);

}  // namespace conker::sim
