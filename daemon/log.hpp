// Where the daemon's log goes. Everybody logs through spdlog's default logger.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "config/config.hpp"

namespace conker::daemon {

/// Throws std::runtime_error when the sink cannot be opened.
void set_up_log(const config::Log& log);

config::LogLevel log_level();
void set_log_level(config::LogLevel level);

/// Lines that the sink did not take: nobody read them, or there was no room. 0 before set_up_log().
std::uint64_t log_lines_lost();
/// `handler` is called when lines begin to be lost, from within the logging of one; an empty one
/// ends that.
void on_log_loss(std::function<void()> handler);
/// Says in the log how many lines were lost, if there is room for that now. True when nothing is
/// left to say.
bool log_catch_up();

enum class Reopened : std::uint8_t { kNoFile, kReopened, kFailed };
/// The file of the log is opened anew; `why` says what was wrong with it, and the one in use stays.
Reopened reopen_log(std::string& why);

}  // namespace conker::daemon
