#include "stack/strike/reception.hpp"

#include "stack/strike/strike.hpp"
#include "stack/tcp/tcp.hpp"

namespace conker {

Error Reception::open(const StrikeRequest& strike, ClientId client) {
  if (strike.rate != 0 || strike.expect != Expect::kNothing || !fits_passive(strike.mix))
    return Error::kInvalidArgument;
  // No slot of the strike has this number before its last one.
  token_ = Token(client, Token::kMaxValue);
  if (strike.mix.crosses()) {
    stack_.tcp_->silences().add(crossings_.emplace(strike.target, guests_));
    return Error::kOk;
  }
  ListenRequest request;
  request.local = strike.target;
  request.token = token_;
  const auto listener = stack_.listen(request);
  if (!listener) return listener.error();
  listener_ = *listener;
  return Error::kOk;
}

std::optional<ConnectionId> Reception::next() {
  if (crossings_) return cross();
  while (listener_) {
    const auto id = stack_.accept(*listener_);
    if (!id) break;
    ConnectionInfo info;
    if (stack_.info(*id, info) && guests_.admits(info.tuple.remote)) return *id;
    ++turned_away_;
    (void)stack_.abort(*id);
  }
  return std::nullopt;
}

/// A connection whose SYN is about to cross that of a peer.
std::optional<ConnectionId> Reception::cross() {
  while (const auto tuple = crossings_->next(stack_.now())) {
    ConnectRequest request;
    request.remote = {tuple->remote, tuple->remote_port};
    request.local = tuple->local;
    request.local_port = tuple->local_port;
    request.token = token_;
    if (const auto id = stack_.connect(request)) return *id;
  }
  return std::nullopt;
}

void Reception::close() {
  if (crossings_) stack_.tcp_->silences().remove(*crossings_);
  if (listener_) (void)stack_.unlisten(*listener_);
  listener_.reset();
}

}  // namespace conker
