// Relays the bytes of a connection between the stack's queues and a client's descriptor, with flow
// control: bytes that the client does not read stay in the receive queue and close the window;
// bytes that the send queue has no room for stay in the client's socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

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
    // The client's end is a connection, too: when one of the two is reset, so is the other.
    bool resets = false;
  };
  /// What has become of it.
  struct Ended {
    std::uint64_t sent = 0, received = 0;
    bool peer_closed = false;
    std::string failure;  // empty where all is done
  };

  /// Calls `ended` once, at the end; from then on the relay ignores events. It may be freed when
  /// none of its functions is running.
  Relay(Engine& engine, ConnectionId id, Way way, Descriptor ours,
        std::function<void(Relay&, const Ended&)> ended);

  /// Called after Engine::enter().
  void start();
  /// Handles an event of this connection, in a turn.
  void on_event(const Event& event);
  /// Ends the relay of a client that has disconnected. The connection stays as it is, unless it is
  /// reset with its client's end.
  void cancel() { end("its client has gone"); }

  ConnectionId id() const { return id_; }
  const Way& way() const { return way_; }

 private:
  void ready(int events);
  void work();
  void feed_peer();
  bool send_pending();
  std::size_t send(std::span<const std::byte> bytes);
  void feed_client();
  void client_has_all();
  void watch();
  void finish();
  void end(std::string failure);

  Engine& engine_;
  ConnectionId id_;
  Way way_;
  Descriptor ours_;
  std::function<void(Relay&, const Ended&)> ended_callback_;
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
