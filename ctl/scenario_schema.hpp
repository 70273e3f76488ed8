// The JSON Schema of a scenario's file, for editors.
#pragma once

#include "protocol/json.hpp"

namespace conker::ctl {

/// Draft 2020-12, from the options of a strike (scenario_options.hpp).
protocol::json scenario_schema();

}  // namespace conker::ctl
