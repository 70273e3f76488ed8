// What the verb open waits for: attempts to connect to one host, which may have several addresses.
// They are tried in order, each some time after the one before, or at once when all before it have
// failed. The first that is established is the connection, and the others end (RFC 8305, 5).
#pragma once

#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "daemon/control/call.hpp"
#include "daemon/control/connection_key.hpp"
#include "daemon/control/refusals.hpp"
#include "daemon/engine.hpp"

namespace conker::daemon {

class Openings {
 public:
  /// The Connection Attempt Delay (RFC 8305, 8).
  static constexpr Duration kAttemptDelay = 250ms;

  explicit Openings(Engine& engine) : engine_(engine) {}

  /// Begins to connect to `remotes`, one at least; `request` says all but the remote endpoint.
  /// Answers the call where no attempt can be made, and when all have failed.
  void begin(CallOf<protocol::Open> call, const ConnectRequest& request,
             std::vector<Endpoint> remotes);
  /// Takes an event of a connection; the call that it has opened the connection for, if it has.
  std::optional<CallOf<protocol::Open>> on_event(const Event& event);
  /// Whether this connection is being opened.
  bool has(ConnectionId id) const { return attempts_.count(key_of(id)) != 0; }
  /// Aborts the attempts of a client that has disconnected: no client knows their ids.
  void on_gone(SessionId session);
  /// Begins the attempts that are due; when the next one is.
  Instant step();

 private:
  struct Opening {
    CallOf<protocol::Open> call;
    ConnectRequest request;
    std::vector<Endpoint> remotes;
    std::size_t next = 0;  // of the remotes
    std::vector<ConnectionKey> under_way = {};
    Instant due = kNever;                   // of the next one
    std::optional<NotOpened> failure = {};  // of all attempts so far
  };
  using Shared = std::shared_ptr<Opening>;

  void try_next(const Shared& opening);
  void add_failure(Opening& opening, NotOpened why);
  void abort_all(Opening& opening);

  Engine& engine_;
  std::unordered_map<ConnectionKey, Shared> attempts_;
  std::vector<Shared> waiting_;  // those with addresses left
};

}  // namespace conker::daemon
