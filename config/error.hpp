// The error of a configuration.
#pragma once

#include <stdexcept>
#include <string_view>

namespace conker::config {

/// One line: "file:line:column: key: what is wrong". The key is a dotted path such as links[0].mac.
/// Control characters in quoted text are written as \xNN.
class ConfigError : public std::runtime_error {
 public:
  explicit ConfigError(std::string_view text);
};

}  // namespace conker::config
