#include "ctl/files.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace conker::ctl {

std::optional<std::string> write_file(const std::string& path, std::string_view text) {
  const auto close = [](std::FILE* file) { std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "we"), close);
  if (file && std::fwrite(text.data(), 1, text.size(), file.get()) == text.size() &&
      std::fflush(file.get()) == 0)
    return std::nullopt;
  return fmt::format("{}: {}", path, std::strerror(errno));
}

}  // namespace conker::ctl
