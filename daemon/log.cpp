#include "daemon/log.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/systemd_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>

namespace conker::daemon {
namespace {

constexpr const char* kJournalSocket = "/run/systemd/journal/socket";
constexpr const char* kWithTime = "%Y-%m-%dT%H:%M:%S.%e%z %l: %v";
constexpr const char* kWithoutTime = "%l: %v";

spdlog::sink_ptr open_sink(const std::string& name) {
  if (name == "stderr") return std::make_shared<spdlog::sinks::stderr_sink_st>();
  if (name == "journal") {
    if (::access(kJournalSocket, W_OK) != 0) {
      throw std::runtime_error("log.sink: there is no journal here; use stderr or the path of a file");
    }
    return std::make_shared<spdlog::sinks::systemd_sink_st>("conkerd");
  }
  // spdlog would make the directories on the way, and a typing error would leave a tree behind.
  if (!std::filesystem::is_directory(std::filesystem::path(name).parent_path())) {
    throw std::runtime_error("log.sink: there is no directory for " + name + "; make it first");
  }
  try {
    return std::make_shared<spdlog::sinks::basic_file_sink_st>(name);
  } catch (const spdlog::spdlog_ex& error) {
    throw std::runtime_error(std::string("log.sink: ") + error.what());
  }
}

spdlog::level::level_enum to_spdlog(config::LogLevel level) {
  switch (level) {
    case config::LogLevel::kDebug:
      return spdlog::level::debug;
    case config::LogLevel::kInfo:
      return spdlog::level::info;
    case config::LogLevel::kWarning:
      return spdlog::level::warn;
    case config::LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

void set_up_log(const config::Log& log) {
  const auto logger = std::make_shared<spdlog::logger>("conkerd", open_sink(log.sink));
  // systemd says by JOURNAL_STREAM that it reads our stderr; it puts the time before each line itself.
  const bool timed =
      log.sink != "journal" && !(log.sink == "stderr" && std::getenv("JOURNAL_STREAM") != nullptr);
  logger->set_pattern(timed ? kWithTime : kWithoutTime);
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(logger);
  set_log_level(log.level);
}

config::LogLevel log_level() {
  switch (spdlog::get_level()) {
    case spdlog::level::trace:
    case spdlog::level::debug:
      return config::LogLevel::kDebug;
    case spdlog::level::info:
      return config::LogLevel::kInfo;
    case spdlog::level::warn:
      return config::LogLevel::kWarning;
    default:
      return config::LogLevel::kError;
  }
}

void set_log_level(config::LogLevel level) {
  spdlog::set_level(to_spdlog(level));
}

}  // namespace conker::daemon
