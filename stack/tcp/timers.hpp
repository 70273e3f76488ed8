// The timers of one connection. deadlines.cpp describes each, and is the only place that arms them.
#pragma once

#include <array>
#include <cstdint>

#include "stack/base/time.hpp"

namespace conker {

enum class Timer : std::uint8_t {
  kRetransmit,
  kPersist,
  kConnect,
  kFinWait2,
  kDelayedAck,
  kKeepalive,
  kUserTimeout,
  kLinger
};
inline constexpr unsigned kTimerCount = 8;

struct Timers {
  std::array<Tick, kTimerCount> deadlines{};  // meaningless where not armed
  std::uint16_t armed = 0;                    // a bit of each Timer

  static constexpr std::uint16_t bit(Timer timer) {
    return static_cast<std::uint16_t>(1u << static_cast<unsigned>(timer));
  }
  bool is_armed(Timer timer) const { return (armed & bit(timer)) != 0; }
  Tick at(Timer timer) const { return deadlines[static_cast<unsigned>(timer)]; }
  void arm(Timer timer, Tick at) {
    deadlines[static_cast<unsigned>(timer)] = at;
    armed = static_cast<std::uint16_t>(armed | bit(timer));
  }
  void disarm(Timer timer) { armed = static_cast<std::uint16_t>(armed & ~bit(timer)); }
};

}  // namespace conker
