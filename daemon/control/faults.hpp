// The verbs that make links worse on purpose.
#pragma once

#include <nlohmann/json.hpp>

#include "daemon/control/call.hpp"
#include "daemon/engine.hpp"
#include "stack/link/fault.hpp"

namespace conker::daemon {

class Faults {
 public:
  Faults(Engine& engine, Verbs& verbs);

  /// Settings and counts of one link.
  static nlohmann::ordered_json to_json(const FaultLink& link);

 private:
  template <typename Change>
  void apply(Call call, Change change);

  Engine& engine_;
};

}  // namespace conker::daemon
