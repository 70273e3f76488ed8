#include "daemon/http/http.hpp"

#include <spdlog/spdlog.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace conker::daemon {

Http::Http(Engine& engine, AskHttpFacts ask) : engine_(engine), site_(std::move(ask)) {
  // Another configuration is assigned to it, so that the reference stays good.
  const auto& config = engine.config().http;
  if (!config) return;
  server_.emplace(engine.stack(), *config, site_);
  engine.add(*server_);
  engine.enter();
  const Error error = server_->start();
  const std::string port = std::to_string(config->port.value);
  if (error != Error::kOk)
    throw std::runtime_error("http on port " + port + ": " + to_string(error));
  std::string allowed;
  for (const Prefix& prefix : config->allow) allowed += " " + to_string(prefix);
  spdlog::info("http listens on port {} for{}", port, allowed);
}

void Http::stop() {
  if (!server_) return;
  engine_.enter();
  server_->stop();
}

std::optional<protocol::HttpCounters> Http::counters() const {
  return server_ ? std::optional(server_->counters()) : std::nullopt;
}

}  // namespace conker::daemon
