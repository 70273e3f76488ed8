// A world in which honest hosts visit each other under attack. It is played twice: without
// attackers, to measure how long each visit takes, and with them.
#pragma once

#include <memory>
#include <vector>

#include "tests/sim/attacker.hpp"
#include "tests/sim/outside.hpp"
#include "tests/sim/visits.hpp"

namespace conker::sim {

class Siege {
 public:
  Siege(Context& context, std::vector<std::unique_ptr<Host>>& hosts,
        const std::vector<Outcome>* bounds);

  void visit(const Op& op) { visits_.begin(op); }
  void attack(const Op& op);
  void hostile(const Op& op);
  void cut(std::uint32_t host, std::uint32_t peer) { visits_.cut_off(host, peer); }

  void step();
  Instant next() const;
  bool over() const { return visits_.over(); }
  void stop();
  std::vector<Outcome> outcomes() const { return visits_.outcomes(); }

 private:
  Context& context_;
  std::vector<std::unique_ptr<Host>>& hosts_;
  bool peaceful_;
  Visits visits_;
  Attacker attacker_;
  Outside outside_;
};

/// Draws the script of a siege, `steps` ops long; 0: as many as the seed says.
std::vector<Op> draw_siege(std::uint64_t seed, std::uint32_t hosts, std::uint32_t steps);

}  // namespace conker::sim
