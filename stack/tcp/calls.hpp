// The calls of the application (RFC 9293, 3.10.1 to 3.10.6); stack.hpp describes each.
#pragma once

#include <cstdint>
#include <span>

#include "stack/base/result.hpp"
#include "stack/tcp/deadlines.hpp"
#include "stack/tcp/handshake.hpp"
#include "stack/tcp/lifetime.hpp"
#include "stack/tcp/limits.hpp"
#include "stack/tcp/liveness.hpp"
#include "stack/tcp/pool.hpp"
#include "stack/tcp/ports.hpp"
#include "stack/tcp/receive.hpp"
#include "stack/tcp/tables.hpp"

namespace conker {

class Calls {
 public:
  explicit Calls(TcpTables& tables) : t_(tables) {}

  Result<ConnectionId> connect(const ConnectRequest& request);
  Result<ListenerId> listen(const ListenRequest& request);
  Error unlisten(ListenerId id);
  Result<ConnectionId> accept(ListenerId id);
  Result<std::uint32_t> send(ConnectionId id, std::span<const std::byte> bytes);
  static Result<Unread> unread(const TcpTables& t, ConnectionId id);
  static Result<std::uint32_t> peek(const TcpTables& t, ConnectionId id,
                                    std::span<std::span<const std::byte>> out);
  static bool fin_acknowledged(const TcpTables& t, ConnectionId id);
  static std::uint32_t retransmits(const TcpTables& t, ConnectionId id);
  Error consume(ConnectionId id, std::uint32_t n);
  Result<std::uint32_t> receive(ConnectionId id, std::span<std::byte> out);
  Error shutdown(ConnectionId id);
  Error close(ConnectionId id);
  Error close(ConnectionId id, Duration bound);
  Error abort(ConnectionId id);
  /// Ends a connection that owes its peer an ACK, and does not send it: the peer learns of nothing.
  /// kInvalidArgument where it owes none. Only a strike does so.
  Error forsake(ConnectionId id);
  Error set_keepalive(ConnectionId id, const Keepalive& keepalive);
  Error set_user_timeout(ConnectionId id, Duration timeout);
  Error set_token(ConnectionId id, Token token);
  Error set_no_delay(ConnectionId id, bool no_delay);

 private:
  Connection* find_live(ConnectionId id);
  void queue_fin(std::uint32_t slot, Cause cause);
  void leave_accept_queue(std::uint32_t slot);

  TcpTables& t_;
};

}  // namespace conker
