#include "daemon/control/connections.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "daemon/control/listing.hpp"
#include "daemon/control/refusals.hpp"
#include "daemon/text.hpp"

namespace conker::daemon {
namespace {

using protocol::Code;

/// The id in the call's parameters; answers the call and returns nothing when no connection has it.
template <typename V>
std::optional<ConnectionId> existing(Stack& stack, CallOf<V>& call, ConnectionInfo& info) {
  const std::string text = call.parameters().id;
  const auto id = parse_id(text);
  if (!id) {
    call.fail(
        Code::kInvalidParameters,
        fmt::format("{} is not an id: write it as list prints it, like 3.1", text.substr(0, 40)));
    return std::nullopt;
  }
  if (!stack.info(*id, info)) {
    call.fail(Code::kNoSuchConnection, fmt::format("no such connection {}", to_string(*id)));
    return std::nullopt;
  }
  return id;
}

}  // namespace

Connections::Connections(Engine& engine, Targets& targets, Verbs& verbs, DeferredDeletion& deferred)
    : engine_(engine), targets_(targets), deferred_(deferred), openings_(engine) {
  engine_.add(*this);
  verbs.on_gone([this](SessionId session) { on_gone(session); });
  verbs.serve<protocol::Open>([this](CallOf<protocol::Open> call) {
    targets_.endpoints(std::move(call), &protocol::Open::Parameters::remote,
                       [this](CallOf<protocol::Open> found, const std::vector<Endpoint>& remotes) {
                         open(std::move(found), remotes);
                       });
  });
  verbs.serve<protocol::Close>(
      [this](CallOf<protocol::Close> call) { end(std::move(call), &Stack::close); });
  verbs.serve<protocol::Abort>(
      [this](CallOf<protocol::Abort> call) { end(std::move(call), &Stack::abort); });
  verbs.serve<protocol::Relay>([this](CallOf<protocol::Relay> call) { relay(std::move(call)); });
  verbs.serve<protocol::List>([this](CallOf<protocol::List> call) {
    engine_.enter();
    call.reply(list_connections(engine_.stack(), call.parameters()));
  });
  verbs.serve<protocol::Show>([this](CallOf<protocol::Show> call) {
    engine_.enter();
    ConnectionInfo info;
    if (!existing(engine_.stack(), call, info)) return;
    call.reply(show_connection(engine_.stack(), info, engine_.name_of(info.token.client())));
  });
}

void Connections::open(CallOf<protocol::Open> call, const std::vector<Endpoint>& remotes) {
  // The client may have disconnected during host lookup; no client would know the connection.
  if (!call.wanted()) return;
  const protocol::Open::Parameters parameters = call.parameters();
  ConnectRequest request;
  if (parameters.local) {
    const auto local = parse_local(*parameters.local);
    if (!local) {
      call.fail(Code::kInvalidParameters,
                "open: local must be ADDRESS or ADDRESS:PORT, an address of the stack");
      return;
    }
    request.local = local->address;
    request.local_port = local->port;
  }
  request.timeout = Duration(parameters.timeout_ms.value_or(0) * 1000);
  request.token = token();
  engine_.enter();
  openings_.begin(std::move(call), request, remotes);
}

void Connections::opened(CallOf<protocol::Open> call, ConnectionId id) {
  ConnectionInfo info;
  if (!engine_.stack().info(id, info)) return;  // ~Call() answers kInternal
  if (call.parameters().hold) {
    held_[key_of(id)] = call.session();
    call.keep_session();
  }
  call.reply({to_string(id), to_string(info.local()), to_string(info.remote()),
              (info.established_at - info.opened_at).count()});
}

template <typename V>
void Connections::end(CallOf<V> call, Error (Stack::*how)(ConnectionId)) {
  engine_.enter();
  ConnectionInfo info;
  const auto id = existing(engine_.stack(), call, info);
  if (!id) return;
  const Error error = (engine_.stack().*how)(*id);
  if (error != Error::kOk) {
    call.fail(Code::kFailed, fmt::format("{}: {}", to_string(*id), to_string(error)));
    return;
  }
  // An id that is stale already was in Destroy.
  const State state = engine_.stack().info(*id, info) ? info.state : State::kDestroy;
  call.reply({to_string(*id), state});
}

void Connections::relay(CallOf<protocol::Relay> call) {
  engine_.enter();
  ConnectionInfo info;
  const auto id = existing(engine_.stack(), call, info);
  if (!id) return;
  if (info.token.client() != Client::id()) {
    call.fail(Code::kFailed,
              fmt::format("{} belongs to {}: only connections that open has opened can be relayed",
                          to_string(*id), engine_.name_of(info.token.client())));
    return;
  }
  if (openings_.has(*id)) {
    call.fail(Code::kFailed, fmt::format("{} is still being opened", to_string(*id)));
    return;
  }
  using Mode = protocol::Relay::Mode;
  const protocol::Relay::Parameters parameters = call.parameters();
  Relay::Way way;
  way.to_peer = parameters.mode != Mode::kReceive;
  way.to_client = parameters.mode != Mode::kSend;
  way.follow = way.to_peer || parameters.follow;
  const bool taken = std::any_of(relays_.begin(), relays_.end(), [&](const auto& one) {
    const Relay::Way& other = one->relay->way();
    return one->relay->id() == *id &&
           ((other.to_peer && way.to_peer) || (other.to_client && way.to_client));
  });
  if (taken || relays_.size() >= kMaxRelays) {
    call.fail(
        Code::kBusy,
        taken ? fmt::format("another client has the bytes of {} that way", to_string(*id))
              : fmt::format("{} connections are relayed: try again when one is done", kMaxRelays));
    return;
  }
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    call.fail(Code::kFailed, fmt::format("no socket pair: {}", std::strerror(errno)));
    return;
  }
  Descriptor ours(ends[0]);
  // The client's end stays blocking, as programs expect of a stream.
  call.notify(protocol::Relaying{to_string(*id)}, Descriptor(ends[1]));
  if (!call.wanted()) return;
  auto relay = std::make_unique<Relay>(
      engine_, *id, way, std::move(ours),
      [this](const Relay& over, const Relay::Ended& how) { relay_ended(over, how); });
  Relay& made = *relay;
  relays_.push_back(std::make_unique<Relayed>(std::move(call), std::move(relay)));
  made.start();
}

void Connections::on_event(const Event& event) {
  if (auto call = openings_.on_event(event)) opened(std::move(*call), event.connection);
  // A relay that ends removes itself from the list.
  for (std::size_t i = relays_.size(); i-- > 0;) {
    if (i < relays_.size() && relays_[i]->relay->id() == event.connection)
      relays_[i]->relay->on_event(event);
  }
  if (event.has(Event::kClosed)) held_.erase(key_of(event.connection));
}

void Connections::relay_ended(const Relay& relay, const Relay::Ended& how) {
  const auto found = std::find_if(relays_.begin(), relays_.end(),
                                  [&](const auto& one) { return one->relay.get() == &relay; });
  const std::unique_ptr<Relayed> over = std::move(*found);
  relays_.erase(found);
  deferred_.add(std::move(over->relay));
  if (how.failure.empty()) {
    over->call.reply({to_string(relay.id()), how.sent, how.received, how.peer_closed});
  } else {
    over->call.fail(Code::kFailed,
                    fmt::format("connection {}: {} (after {} bytes sent, {} received)",
                                to_string(relay.id()), how.failure, how.sent, how.received));
  }
}

void Connections::on_gone(SessionId session) {
  engine_.enter();
  for (std::size_t i = relays_.size(); i-- > 0;) {
    if (relays_[i]->call.session() == session) relays_[i]->relay->cancel();
  }
  openings_.on_gone(session);
  for (auto it = held_.begin(); it != held_.end();) {
    if (it->second != session) {
      ++it;
      continue;
    }
    (void)engine_.stack().close(id_of(it->first));
    it = held_.erase(it);
  }
}

}  // namespace conker::daemon
