// The verbs that impair links (loss, delay, ...): fault_set, fault_clear.
#pragma once

#include <functional>
#include <string>

#include "daemon/control/call.hpp"
#include "daemon/engine.hpp"
#include "stack/link/fault.hpp"

namespace conker::daemon {

class Faults {
 public:
  Faults(Engine& engine, Verbs& verbs);

  /// Settings and counts of one link.
  static protocol::Faults of(const FaultLink& link) { return {link.settings(), link.counters()}; }

 private:
  template <typename V>
  void apply(CallOf<V> call, const std::function<FaultSettings(FaultSettings)>& change);

  Engine& engine_;
};

}  // namespace conker::daemon
