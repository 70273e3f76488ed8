// Files that conkerctl writes whole.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace conker::ctl {

/// Writes the file anew, with this text. Returns the error, for people; nothing without one.
std::optional<std::string> write_file(const std::string& path, std::string_view text);

}  // namespace conker::ctl
