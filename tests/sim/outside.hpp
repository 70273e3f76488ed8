// The stations beside the hosts of a siege: a router that drops what it receives, a station that
// pings every host and requires replies, and hostile peers. All of them answer ARP.
#pragma once

#include <array>
#include <cstdint>

#include "tests/sim/context.hpp"
#include "tests/sim/hostile.hpp"

namespace conker::sim {

class Outside {
 public:
  explicit Outside(Context& context) : context_(context), hostile_(context) {}

  Hostile& hostile() { return hostile_; }
  void step();
  Instant next() const;
  /// Ends the pings; hostile peers answer every segment with a RST, as after a crash.
  void stop();

 private:
  void hear(std::span<const std::byte> frame);
  void ping();

  Context& context_;
  Hostile hostile_;
  Instant next_ping_{1s};
  bool pinging_ = true;
  std::uint16_t number_ = 0;
  std::array<bool, Wire::kMaxHosts> answered_{};
};

}  // namespace conker::sim
