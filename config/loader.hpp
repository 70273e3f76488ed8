// Loads a YAML file into a validated Config.
#pragma once

#include <string>
#include <string_view>

#include "config/config.hpp"
#include "config/error.hpp"

namespace conker::config {

/// Loads a file. Throws ConfigError for the first thing that is wrong.
Config load_file(const std::string& path);
/// Loads from text; `name` stands for the file in errors.
Config load_text(std::string_view text, const std::string& name);

}  // namespace conker::config
