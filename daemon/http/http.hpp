// HTTP of the daemon: the server and its site, where the configuration has the section http.
#pragma once

#include <optional>

#include "config/config.hpp"
#include "daemon/engine.hpp"
#include "daemon/http/facts.hpp"
#include "daemon/http/server.hpp"
#include "daemon/http/site.hpp"

namespace conker::daemon {

class Http {
 public:
  /// Listens at once, as the engine's configuration says at any time. The engine must outlive it;
  /// `ask` is called in turns. Throws std::runtime_error: one line.
  Http(Engine& engine, AskHttpFacts ask);
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;

  /// Closes all connections, and accepts no more.
  void stop();
  /// Nothing where there is no server.
  std::optional<protocol::HttpCounters> counters() const;

 private:
  Engine& engine_;
  Site site_;
  std::optional<HttpServer> server_;
};

}  // namespace conker::daemon
