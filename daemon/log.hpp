// Where the daemon's log goes. Everybody logs through spdlog's default logger.
#pragma once

#include "config/config.hpp"

namespace conker::daemon {

/// Throws std::runtime_error when the sink cannot be opened.
void set_up_log(const config::Log& log);

config::LogLevel log_level();
void set_log_level(config::LogLevel level);

}  // namespace conker::daemon
