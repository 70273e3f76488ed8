// Loads a configuration from text; returns it, or the text of the error.
#pragma once

#include <string>

#include "config/loader.hpp"

namespace conker::config {

inline Config load(const std::string& text) {
  return load_text(text, "f.yaml");
}

inline std::string refusal(const std::string& text) {
  try {
    load(text);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace conker::config
