// The verbs about connections: open, close, abort, list, show, relay.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "daemon/control/call.hpp"
#include "daemon/control/deferred_deletion.hpp"
#include "daemon/control/relay.hpp"
#include "daemon/control/targets.hpp"
#include "daemon/engine.hpp"

namespace conker::daemon {

/// Connections that are opened here stay until somebody closes them; their bytes wait in the
/// stack's queues until somebody relays them. The stack owns them; here is only what clients are
/// waiting for.
class Connections final : public Client {
 public:
  /// Bytes of at most this many connections travel at a time.
  static constexpr std::size_t kMaxRelays = 128;

  Connections(Engine& engine, Targets& targets, Verbs& verbs, DeferredDeletion& deferred);

 private:
  /// An open that waits for the handshake's end.
  struct Opening {
    CallOf<protocol::Open> call;
    bool hold;
  };
  using Key = std::uint64_t;
  static Key key(ConnectionId id) { return std::uint64_t{id.slot} << 32 | id.generation; }
  static ConnectionId id_of(Key key) {
    return {static_cast<std::uint32_t>(key >> 32), static_cast<std::uint32_t>(key)};
  }

  void open(CallOf<protocol::Open> call, const Endpoint& remote);
  template <typename V>
  void end(CallOf<V> call, Error (Stack::*how)(ConnectionId));
  void relay(CallOf<protocol::Relay> call);
  void on_event(const Event& event) override;
  const char* name() const override { return "control"; }
  void opened(Opening opening, ConnectionId id);
  void not_opened(Opening opening, const Event& event);
  void on_gone(SessionId session);
  void relay_ended(Relay& relay);

  Engine& engine_;
  Targets& targets_;
  DeferredDeletion& deferred_;
  std::unordered_map<Key, Opening> openings_;
  std::unordered_map<Key, SessionId> held_;  // closed when their client goes away
  std::vector<std::unique_ptr<Relay>> relays_;
};

}  // namespace conker::daemon
