// The verbs about connections: open, close, abort, list, show, attach.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "daemon/control/call.hpp"
#include "daemon/control/graveyard.hpp"
#include "daemon/control/pump.hpp"
#include "daemon/control/targets.hpp"
#include "daemon/engine.hpp"

namespace conker::daemon {

/// Connections that are opened here stay until somebody closes them; their bytes wait in the
/// stack's queues until somebody is attached. The stack owns them; here is only what clients are
/// waiting for.
class Connections {
 public:
  /// Bytes of at most this many connections travel at a time.
  static constexpr std::size_t kMaxPumps = 128;

  Connections(Engine& engine, Targets& targets, Verbs& verbs, Graveyard& graveyard);
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

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
  void attach(CallOf<protocol::Attach> call);
  void on_event(const Event& event);
  void opened(Opening opening, ConnectionId id);
  void not_opened(Opening opening, const Event& event);
  void on_gone(SessionId session);
  void pump_ended(Pump& pump);

  Engine& engine_;
  Targets& targets_;
  Graveyard& graveyard_;
  std::unordered_map<Key, Opening> openings_;
  std::unordered_map<Key, SessionId> held_;  // closed when their client goes away
  std::vector<std::unique_ptr<Pump>> pumps_;
};

}  // namespace conker::daemon
