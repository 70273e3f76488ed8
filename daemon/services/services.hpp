// TCP services: echo (RFC 862), discard (863), daytime (867), chargen (864) and accept-close, each
// on any port.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "daemon/engine.hpp"
#include "stack/stack.hpp"

namespace conker::daemon {

class Services final : public Client {
 public:
  struct Entry {
    config::ServiceKind kind;
    Port port;
    ListenerId listener;
    std::uint64_t accepted = 0;
  };

  /// The engine must outlive it.
  explicit Services(Engine& engine);

  /// Listens on a port of every address. Errors: kInvalidArgument (unknown name, port 0),
  /// kAddressInUse, kTableFull. Outside of a turn: after Engine::enter().
  Error start(std::string_view name, Port port);
  Error start(config::ServiceKind kind, Port port);
  /// Closes the listener; its connections continue. kNoSuchId when the port has no service.
  Error stop(Port port);
  void stop_all();
  /// While the connection table is full (`hurry`), keepalive probes silent peers after seconds
  /// instead of the configured time, so that connections of dead peers make room. Outside of a
  /// turn: after Engine::enter().
  void hurry_keepalive(bool hurry);
  const std::vector<Entry>& list() const { return entries_; }

 private:
  void on_event(const Event& event) override;
  const char* name() const override { return "service"; }
  void accept_all(Entry& entry);

  Engine& engine_;
  std::vector<Entry> entries_;
  bool hurry_ = false;
};

}  // namespace conker::daemon
