// Reads a YAML file that has one document.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "config/value.hpp"

namespace conker::config {

/// The text of a file of 1 MiB at most. Throws ConfigError.
std::string text_of_file(const std::string& path);

/// Parses `text` and calls `read` with its document. Throws ConfigError, also where the text has no
/// document, or two; what `read` throws passes. `name` stands for the file in errors, and `first`
/// is a key that an empty one lacks.
void read_document(std::string_view text, const std::string& name, std::string_view first,
                   const std::function<void(const Value& document)>& read);

}  // namespace conker::config
