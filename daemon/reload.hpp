// Takes over a changed configuration while the daemon runs.
#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"
#include "daemon/engine.hpp"
#include "daemon/host_lookup.hpp"
#include "daemon/services/services.hpp"
#include "daemon/services/udp_services.hpp"

namespace conker::daemon {

class Reload {
 public:
  struct Outcome {
    std::vector<std::string> changed;  // keys that were taken over: "log.level"
    std::string refused;               // why nothing was changed, in one line; else empty
  };

  /// `path` is the file that the engine's configuration was read from. The others must outlive it.
  Reload(std::string path, Engine& engine, Services& services, UdpServices& udp_services,
         HostLookup& host_lookup);

  /// Reads the file again and takes over what differs from the running configuration: all of it, or
  /// nothing where the file has an error or a change needs another start. What a client has set
  /// since (a log level, a service) stays where the file says what it said before. Logs the
  /// outcome.
  Outcome reload();

  const std::string& path() const { return path_; }

 private:
  Outcome try_reload();
  std::string replace_services(const std::vector<config::Service>& from,
                               const std::vector<config::Service>& to);
  Error start(const config::Service& service);
  void stop(const config::Service& service);

  std::string path_;
  Engine& engine_;
  Services& services_;
  UdpServices& udp_services_;
  HostLookup& host_lookup_;
};

}  // namespace conker::daemon
