// Clients: whatever stands on a stack and shares it with others. DHCP, the resolver, services, a
// strike and the control server are each a client of the host (stack/host/host.hpp).
//
//     class Listener : public Client {
//       void on_event(const Event& event) override { ... }
//     };
//     host.add(listener);
//     request.token = listener.token(7);        what it opens is told of to nobody else
#pragma once

#include <cstdint>

#include "stack/base/time.hpp"
#include "stack/base/token.hpp"
#include "stack/net/addresses.hpp"
#include "stack/net/datagram_event.hpp"
#include "stack/net/packet.hpp"
#include "stack/settings.hpp"
#include "stack/tcp/types.hpp"

namespace conker {

class Host;

/// The place of a client at its host; when it ends, the client leaves.
class ClientPlace {
 public:
  /// kNobody unless it is at a host.
  ClientId id() const { return id_; }
  /// For what the client opens: `value` is its own, 0 to Token::kMaxValue.
  Token token(std::uint32_t value = 0) const { return {id_, value}; }

 protected:
  ClientPlace() = default;
  ~ClientPlace();

 private:
  friend class Host;
  Host* host_ = nullptr;
  ClientId id_ = ClientId::kNobody;
};

/// All of it is called in step 3 of a turn (stack/stack.hpp), where any call of the stack is
/// allowed.
class Client : public ClientPlace {
 public:
  /// An event of a connection or listener whose token names this client.
  virtual void on_event(const Event&) {}
  /// An event of a UDP socket whose token names this client.
  virtual void on_datagrams(const UdpEvent&) {}
  /// An event of one of the stack's addresses. Every client is told.
  virtual void on_address(const AddressEvent&) {}
  /// An answer to a ping. Every client is told.
  virtual void on_echo_reply(const EchoReply&) {}
  /// An interface's link has come up after it was down. Every client is told, outside of turns.
  virtual void on_link_up(InterfaceId) {}
  /// Once in every turn, after the events. When it wants the next turn at the latest; kNever: only
  /// events matter.
  virtual Instant step() { return kNever; }
  /// For people.
  virtual const char* name() const { return ""; }

 protected:
  Client() = default;
  ~Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
};

}  // namespace conker
