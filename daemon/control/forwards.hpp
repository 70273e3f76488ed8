// The verbs that join connections with sockets of the host: forward, forward_listen, forward_take.
// The client accepts and connects sockets, and hands them over: the daemon opens none.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/control/call.hpp"
#include "daemon/control/connection_key.hpp"
#include "daemon/control/deferred_deletion.hpp"
#include "daemon/control/relay.hpp"
#include "daemon/control/targets.hpp"
#include "daemon/engine.hpp"
#include "protocol/forward.hpp"

namespace conker::daemon {

/// A connection is its client's: when that goes away it is reset, at both ends.
class Forwards final : public Client {
 public:
  static constexpr std::size_t kMost = protocol::kMostForwarded;
  static constexpr std::size_t kMostListening = 16;

  Forwards(Engine& engine, Targets& targets, Sessions& sessions, Verbs& verbs,
           DeferredDeletion& deferred);

 private:
  /// Waits for the end of the handshake.
  struct Opening {
    CallOf<protocol::Forward> call;
    Descriptor socket;
  };
  struct Joined {
    SessionId session;
    std::unique_ptr<Relay> relay;
  };
  struct Listening {
    SessionId session;
    ListenerId listener;
  };

  std::size_t count() const { return openings_.size() + joined_.size() + offered_.size(); }
  void open(CallOf<protocol::Forward> call, const Endpoint& remote);
  void listen(CallOf<protocol::ForwardListen> call);
  void take(CallOf<protocol::ForwardTake> call);
  void on_event(const Event& event) override;
  const char* name() const override { return "forward"; }
  void opened(const Event& event);
  void offer(ListenerId listener);
  void join(ConnectionId id, SessionId session, Descriptor socket);
  void ended(const Relay& relay, const Relay::Ended& how);
  void on_gone(SessionId session);

  Engine& engine_;
  Targets& targets_;
  Sessions& sessions_;
  DeferredDeletion& deferred_;
  std::unordered_map<ConnectionKey, Opening> openings_;
  std::unordered_map<ConnectionKey, Joined> joined_;
  std::unordered_map<ConnectionKey, SessionId> offered_;
  std::vector<Listening> listening_;
};

}  // namespace conker::daemon
