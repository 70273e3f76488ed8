// The strike, one at a time: started by a client, which sees its progress and gets its report.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "daemon/control/call.hpp"
#include "daemon/control/targets.hpp"
#include "daemon/control/watch.hpp"
#include "daemon/engine.hpp"
#include "stack/strike/strike.hpp"

namespace conker::daemon {

class Strikes {
 public:
  static constexpr double kProgressEvery = 0.2;  // seconds

  Strikes(Engine& engine, Targets& targets, Verbs& verbs);
  ~Strikes();
  Strikes(const Strikes&) = delete;
  Strikes& operator=(const Strikes&) = delete;

  /// Begins nothing more; what is in flight ends by itself or by its timeouts.
  void stop();
  /// The strike that is running, for status; null when none is.
  nlohmann::ordered_json status() const;

 private:
  void start(Call call, const Endpoint& target);
  Instant on_turn();
  void progress();
  void finish();
  nlohmann::ordered_json report_json() const;

  Engine& engine_;
  Targets& targets_;
  TimerWatch progress_;
  std::vector<Strike::Slot> slots_;
  std::optional<Strike> strike_;
  std::optional<Call> call_;            // there while the strike runs
  std::uint64_t completed_before_ = 0;  // at the last progress
  Instant progress_before_{};
};

}  // namespace conker::daemon
