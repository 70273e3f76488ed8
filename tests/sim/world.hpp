// Some hosts, a wire and a clock: plays a script and reports faults.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tests/sim/context.hpp"
#include "tests/sim/host.hpp"
#include "tests/sim/script.hpp"
#include "tests/sim/siege.hpp"

namespace conker::sim {

class World {
 public:
  /// `bounds`: outcomes of a siege's visits without attackers; null: this run measures them.
  explicit World(const Config& config, const std::vector<Outcome>* bounds = nullptr);

  /// Plays the script and then winds the world up. `progress`, if given, is set to the number of
  /// the step that is being played.
  void play(const Script& script, volatile std::uint64_t* progress = nullptr);
  Context& context() { return context_; }
  /// The outcomes of a siege's visits.
  std::vector<Outcome> outcomes() const { return siege_->outcomes(); }

 private:
  void apply(const Op& op);
  void at_once(const Op& op);
  void run_for(Duration time);
  void settle() { run_for(Duration(0)); }
  void quiesce();
  void forge(const Op& op);
  void knock(const Op& op);
  void icmp(const Op& op);
  void still_standing(Instant before);
  std::uint64_t frames() const;

  Context context_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::unique_ptr<Siege> siege_;  // null: no siege
  std::uint32_t standing_ = 0;    // rounds without progress of time
};

}  // namespace conker::sim
