// From a YAML file to a Config in which everything has been checked.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "config/config.hpp"

namespace conker::config {

/// One line: "file:line:column: key: what is wrong". The key is a dotted path such as links[0].mac. Control
/// characters of what it quotes are written as \xNN.
class ConfigError : public std::runtime_error {
 public:
  explicit ConfigError(std::string_view text);
};

/// Throws ConfigError for the first thing that is wrong.
Config load_file(const std::string& path);
/// The same from text; `name` stands for the file in messages.
Config load_text(std::string_view text, const std::string& name);

}  // namespace conker::config
