// The verbs about connections: open, close, abort, list, show, relay.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "daemon/control/call.hpp"
#include "daemon/control/connection_key.hpp"
#include "daemon/control/deferred_deletion.hpp"
#include "daemon/control/openings.hpp"
#include "daemon/control/relay.hpp"
#include "daemon/control/targets.hpp"
#include "daemon/engine.hpp"

namespace conker::daemon {

/// Serves these verbs. A connection that open has opened stays until a client closes it; received
/// bytes wait in the stack's queues until a client relays them. The stack owns the connections;
/// this class knows the clients that wait for them.
class Connections final : public Client {
 public:
  /// The most relays at a time.
  static constexpr std::size_t kMaxRelays = 128;

  Connections(Engine& engine, Targets& targets, Verbs& verbs, DeferredDeletion& deferred);

 private:
  struct Relayed {
    CallOf<protocol::Relay> call;
    std::unique_ptr<Relay> relay;
  };

  void open(CallOf<protocol::Open> call, const std::vector<Endpoint>& remotes);
  template <typename V>
  void end(CallOf<V> call, Error (Stack::*how)(ConnectionId));
  void relay(CallOf<protocol::Relay> call);
  void on_event(const Event& event) override;
  Instant step() override { return openings_.step(); }
  const char* name() const override { return "control"; }
  void opened(CallOf<protocol::Open> call, ConnectionId id);
  void on_gone(SessionId session);
  void relay_ended(const Relay& relay, const Relay::Ended& how);

  Engine& engine_;
  Targets& targets_;
  DeferredDeletion& deferred_;
  Openings openings_;
  std::unordered_map<ConnectionKey, SessionId> held_;  // closed when the client disconnects
  std::vector<std::unique_ptr<Relayed>> relays_;
};

}  // namespace conker::daemon
