// What is wrong with a configuration.
#pragma once

#include <stdexcept>
#include <string_view>

namespace conker::config {

/// One line: "file:line:column: key: what is wrong". The key is a dotted path such as links[0].mac.
/// Control characters of what it quotes are written as \xNN.
class ConfigError : public std::runtime_error {
 public:
  explicit ConfigError(std::string_view text);
};

}  // namespace conker::config
