#include "daemon/services/protocols.hpp"

#include <time.h>

#include <array>
#include <cstddef>
#include <span>

#include "stack/services/services.hpp"

namespace conker::daemon {
namespace {

using config::ServiceKind;

/// Sends the time (RFC 867) and a FIN. shutdown() and not close(): text that the peer sends is then
/// discarded, and causes no RST that could overtake the answer.
void tell_time(Stack& stack, ConnectionId id) {
  const time_t now = ::time(nullptr);
  tm local{};
  ::localtime_r(&now, &local);
  std::array<char, 64> text;
  const std::size_t length =
      ::strftime(text.data(), text.size(), "%A, %B %e, %Y %T-%Z\r\n", &local);
  static_cast<void>(stack.send(id, std::as_bytes(std::span(text).first(length))));
  static_cast<void>(stack.shutdown(id));
}

}  // namespace

void welcome(Stack& stack, ConnectionId id, ServiceToken token) {
  if (token.kind == ServiceKind::kDaytime) tell_time(stack, id);
  // Text and the FIN may have been received before accept().
  serve(stack, id, token);
}

void serve(Stack& stack, ConnectionId id, ServiceToken token) {
  switch (token.kind) {
    case ServiceKind::kEcho:
      return services::echo(stack, id);
    case ServiceKind::kDaytime:
    case ServiceKind::kDiscard:
      return services::discard(stack, id);
    case ServiceKind::kChargen:
      services::discard(stack, id);
      token.offset = services::chargen(stack, id, token.offset);
      static_cast<void>(stack.set_token(id, token.pack()));
      return;
    case ServiceKind::kAcceptClose:
      return services::accept_close(stack, id);
  }
}

}  // namespace conker::daemon
