// Where a call wants to go: an address, or a name that is asked for first.
#pragma once

#include <functional>
#include <string>

#include "daemon/control/call.hpp"
#include "daemon/names.hpp"

namespace conker::daemon {

/// Each calls `then` once the parameter's address is known, at once if it is a number. What is
/// neither an address nor a name, and a name that nobody knows, are answered here, and `then` is
/// not called.
class Targets {
 public:
  Targets(Engine& engine, Names& names) : engine_(engine), names_(names) {}
  /// Calls that wait for a name must not outlive the server.
  ~Targets() { names_.forget(); }
  Targets(const Targets&) = delete;
  Targets& operator=(const Targets&) = delete;

  /// "10.77.0.1:80" or "www.example.org:80".
  void endpoint(Call call, const char* parameter, std::function<void(Call, const Endpoint&)> then);
  /// "10.77.0.1" or "www.example.org".
  void host(Call call, const char* parameter, std::function<void(Call, const IpAddress&)> then);
  /// The whole answer, for a name only.
  void name(Call call, const char* parameter, std::function<void(Call, const DnsAnswer&)> then);

 private:
  void find(Call call, const char* parameter, const std::string& name,
            std::function<void(Call, const DnsAnswer&)> then);

  Engine& engine_;
  Names& names_;
};

}  // namespace conker::daemon
