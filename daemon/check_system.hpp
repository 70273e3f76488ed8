// What a configuration needs of the machine, and the machine has not: conkerd --check-config.
#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"

namespace conker::daemon {

/// Each is one line that names the key, what is wrong, and what to do.
struct SystemCheck {
  std::vector<std::string> problems;  // conkerd would not start here and now
  std::vector<std::string> warnings;  // it would not, unless its unit or its user's rights help; or
                                      // would not do what was meant
};

/// Looks at devices, paths, the group, rights and memory. Changes nothing, and opens no device.
SystemCheck check_system(const config::Config& config);

}  // namespace conker::daemon
