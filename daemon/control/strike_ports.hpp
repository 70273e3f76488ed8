// From which of our ports a strike opens its first connection.
#pragma once

#include <cstdint>
#include <string>

#include "protocol/judgement.hpp"
#include "stack/settings.hpp"

namespace conker::daemon {

/// One that a strike does not name goes on where the last one ended that did not name one either,
/// so that a target meets no four-tuple again that it may still have in TIME-WAIT. Ports are those
/// of StrikeRequest::from_port.
class StrikePorts {
 public:
  /// What is wrong with the port that they name, in one line; empty when nothing is.
  static std::string complaint(const protocol::Strike::Parameters& parameters,
                               const Settings& settings);
  /// The first port of a strike with these parameters: as they say; by the seed, where only that is
  /// given; otherwise another than lately. A resumed strike goes on behind the ports of its earlier
  /// parts.
  std::uint32_t first(const protocol::Strike::Parameters& parameters, const Settings& settings);
  /// What first() returned last, but for a resumed strike: the first of all its parts.
  std::uint32_t begun_from() const { return begun_from_; }
  /// The strike is over; `next`: the port that its next cycle would have had; 0: peers opened them.
  void ended(std::uint32_t next);

 private:
  std::uint32_t begun_from_ = 0, next_ = 0;  // 0: none yet
  bool named_ = false;
};

}  // namespace conker::daemon
