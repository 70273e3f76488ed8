// From which of our ports a strike opens its first connection.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/judgement.hpp"
#include "stack/base/address.hpp"
#include "stack/settings.hpp"

namespace conker::daemon {

/// One that a strike does not name goes on where the last one of its target ended that did not name
/// one either, so that a target meets no four-tuple again that it may still have in TIME-WAIT.
/// Ports are those of StrikeRequest::from_port.
class StrikePorts {
 public:
  /// The last so many targets are known; for others the first port is drawn.
  static constexpr std::size_t kTargets = 64;

  struct Chosen {
    std::uint32_t first = 0;       // the first port of the strike
    std::uint32_t begun_from = 0;  // the same, but for a resumed strike: of all its parts
    bool named = false;            // by the parameters
  };

  /// What is wrong with the port that they name, in one line; empty when nothing is.
  static std::string complaint(const protocol::Strike::Parameters& parameters,
                               const Settings& settings);
  /// The first port of a strike with these parameters: as they say; by the seed, where only that is
  /// given; otherwise another than lately. A resumed strike goes on behind the ports of its earlier
  /// parts.
  Chosen choose(const Endpoint& target, const protocol::Strike::Parameters& parameters,
                const Settings& settings) const;
  /// The strike is over; `next`: the port that its next cycle would have had.
  void ended(const Endpoint& target, const Chosen& chosen, std::uint32_t next);

 private:
  struct Next {
    Endpoint target;
    std::uint32_t port = 0;
  };

  std::vector<Next> next_;  // the newest last
};

}  // namespace conker::daemon
