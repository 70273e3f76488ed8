#include "config/default_path.hpp"

#include <filesystem>
#include <system_error>

namespace conker::config {

std::string path_for_program(const std::string& program) {
  const std::string prefix = std::filesystem::path(program).parent_path().parent_path();
  return (prefix == "/usr" || prefix == "/" ? "" : prefix) + "/etc/conker/conkerd.yaml";
}

std::string default_path() {
  std::error_code error;
  return path_for_program(std::filesystem::read_symlink("/proc/self/exe", error));
}

}  // namespace conker::config
