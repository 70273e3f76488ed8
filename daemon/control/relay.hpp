// Relays the bytes of a connection between the stack's queues and a client's descriptor, with flow
// control: bytes that the client does not read stay in the receive queue and close the window;
// bytes that the send queue has no room for stay in the client's socket.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "daemon/control/call.hpp"
#include "daemon/control/watch.hpp"
#include "daemon/descriptor.hpp"
#include "daemon/engine.hpp"

namespace conker::daemon {

class Relay {
 public:
  struct Way {
    bool to_peer = false;
    bool to_client = false;
    bool follow =
        false;  // to_client: until the peer's FIN; otherwise only queued bytes, at least one
  };

  /// Calls `ended` once, at the end; from then on the relay ignores events. It may be freed when
  /// none of its functions is running.
  Relay(Engine& engine, ConnectionId id, Way way, Descriptor ours, CallOf<protocol::Relay> call,
        std::function<void(Relay&)> ended);

  /// Called after Engine::enter().
  void start();
  /// Handles an event of this connection, in a turn.
  void on_event(const Event& event);
  /// Ends the relay of a client that has disconnected. The connection stays as it is.
  void cancel();

  ConnectionId id() const { return id_; }
  const Way& way() const { return way_; }
  SessionId session() const { return call_.session(); }

 private:
  void ready(int events);
  void work();
  void feed_peer();
  bool send_pending();
  void feed_client();
  void client_has_all();
  void watch();
  void finish();
  void fail(std::string_view what);
  void end();

  Engine& engine_;
  ConnectionId id_;
  Way way_;
  Descriptor ours_;
  CallOf<protocol::Relay> call_;
  std::function<void(Relay&)> ended_callback_;
  IoWatch io_;

  std::vector<std::byte> pending_;  // read from the client, not taken by the stack yet
  std::size_t pending_at_ = 0;      // offset of the first byte that was not taken
  bool to_peer_done_ = false;       // the client has closed its end and all bytes were taken
  bool to_client_done_ = false;
  bool client_blocks_ = false;  // the client's descriptor is full
  bool peer_closed_ = false;
  std::uint64_t share_ = 0;  // without follow: bytes that the client gets
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  bool ended_ = false;
};

}  // namespace conker::daemon
