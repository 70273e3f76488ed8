#include "daemon/log.hpp"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <utility>

#include "daemon/log_sinks.hpp"

namespace conker::daemon {
namespace {

constexpr const char* kWithTime = "%Y-%m-%dT%H:%M:%S.%e%z %l: %v";
// The journal adds the time itself, and takes the priority from the line.
constexpr const char* kToJournalByStderr = "<%*>%l: %v";

/// The priority of a line in a pattern, as syslog(3) and sd-daemon(3) number them.
class PriorityFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    out.push_back(priority_of(message.level));
  }
  std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return std::make_unique<PriorityFlag>();
  }
};

/// Whether stderr is the stream of which systemd says in JOURNAL_STREAM that the journal reads it;
/// a child of a service whose stderr was redirected inherits the variable all the same.
bool stderr_is_journal() {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  return stream != nullptr && ::fstat(STDERR_FILENO, &status) == 0 &&
         fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

const char* pattern_for(const std::string& sink) {
  return sink == "stderr" && stderr_is_journal() ? kToJournalByStderr : kWithTime;
}

// The sink of the log, which is a single one as the default logger is.
std::shared_ptr<LossySink> the_sink;
std::shared_ptr<StreamSink> the_file;  // the same sink where it is a file
std::uint64_t lost_before = 0;         // by sinks that were replaced
std::function<void()> loss_handler;

std::shared_ptr<LossySink> open_sink(const std::string& name) {
  if (name == "stderr") {
    if (stderr_is_journal() && JournalSink::is_there()) return std::make_shared<JournalSink>();
    return std::make_shared<StreamSink>(STDERR_FILENO);
  }
  try {
    if (name == "journal") return std::make_shared<JournalSink>();
    if (!std::filesystem::is_directory(std::filesystem::path(name).parent_path())) {
      throw std::runtime_error("there is no directory for " + name + "; make it first");
    }
    return the_file = std::make_shared<StreamSink>(name);
  } catch (const std::runtime_error& error) {
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
  const std::shared_ptr<StreamSink> file = std::exchange(the_file, nullptr);
  try {
    std::shared_ptr<LossySink> fresh = open_sink(log.sink);
    lost_before = log_lines_lost();
    the_sink = std::move(fresh);
  } catch (...) {
    the_file = file;
    throw;
  }
  the_sink->on_loss(loss_handler);
  const auto logger = std::make_shared<spdlog::logger>("conkerd", the_sink);
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<PriorityFlag>('*').set_pattern(pattern_for(log.sink));
  logger->set_formatter(std::move(formatter));
  // spdlog's own handler writes to stderr, and may block.
  logger->set_error_handler([](const std::string&) {});
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

std::uint64_t log_lines_lost() {
  return lost_before + (the_sink == nullptr ? 0 : the_sink->lost());
}

void on_log_loss(std::function<void()> handler) {
  loss_handler = std::move(handler);
  if (the_sink != nullptr) the_sink->on_loss(loss_handler);
}

bool log_catch_up() {
  return the_sink == nullptr || the_sink->catch_up();
}

Reopened reopen_log(std::string& why) {
  if (the_file == nullptr) return Reopened::kNoFile;
  why = the_file->reopen();
  return why.empty() ? Reopened::kReopened : Reopened::kFailed;
}

}  // namespace conker::daemon
