#include "stack/strike/reception.hpp"

#include "stack/strike/strike.hpp"

namespace conker {

Error Reception::open(const StrikeRequest& strike, ClientId client) {
  if (strike.rate != 0 || strike.expect != Expect::kNothing || !fits_passive(strike.mix))
    return Error::kInvalidArgument;
  ListenRequest request;
  request.local = strike.target;
  // No slot of the strike has this number before its last one.
  request.token = Token(client, Token::kMaxValue);
  const auto listener = stack_.listen(request);
  if (!listener) return listener.error();
  listener_ = *listener;
  return Error::kOk;
}

std::optional<ConnectionId> Reception::next() {
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

void Reception::close() {
  if (listener_) (void)stack_.unlisten(*listener_);
  listener_.reset();
}

}  // namespace conker
