// Set-up of the daemon's log. All code logs through spdlog's default logger.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "config/config.hpp"

namespace conker::daemon {

/// Throws std::runtime_error when the sink cannot be opened; an earlier log stays in use then.
void set_up_log(const config::Log& log);

config::LogLevel log_level();
void set_log_level(config::LogLevel level);

/// The number of lines that the sink did not take: no reader, or no room. Of all sinks
/// so far.
std::uint64_t log_lines_lost();
/// `handler` is called when lines begin to be lost, while one is being logged; an empty one ends
/// that.
void on_log_loss(std::function<void()> handler);
/// Logs how many lines were lost, if there is room now. True when no report is left.
bool log_catch_up();

enum class Reopened : std::uint8_t { kNoFile, kReopened, kFailed };
/// Reopens the log's file; on failure `why` says what was wrong, and the open one stays in use.
Reopened reopen_log(std::string& why);

}  // namespace conker::daemon
