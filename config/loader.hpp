// From a YAML file to a Config in which everything has been checked.
#pragma once

#include <string>
#include <string_view>

#include "config/config.hpp"
#include "config/error.hpp"

namespace conker::config {

/// Throws ConfigError for the first thing that is wrong.
Config load_file(const std::string& path);
/// The same from text; `name` stands for the file in messages.
Config load_text(std::string_view text, const std::string& name);

}  // namespace conker::config
