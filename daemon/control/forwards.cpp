#include "daemon/control/forwards.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "daemon/control/refusals.hpp"
#include "daemon/text.hpp"

namespace conker::daemon {
namespace {

using protocol::Code;

/// Whether bytes can be moved to and from it without waiting.
bool is_stream_socket(const Descriptor& socket) {
  const auto option = [&](int name) {
    int value = 0;
    socklen_t size = sizeof value;
    return ::getsockopt(socket.get(), SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
  };
  return option(SO_TYPE) == SOCK_STREAM && option(SO_ACCEPTCONN) == 0;
}

/// The socket that came with the call; empty, and the call is answered, where it is of no use.
template <typename V>
Descriptor socket_of(CallOf<V>& call) {
  Descriptor socket = call.take_descriptor();
  if (socket && is_stream_socket(socket)) return socket;
  call.fail(Code::kInvalidParameters,
            fmt::format("{}: the descriptor of a stream socket must go with the call", V::kName));
  return Descriptor();
}

}  // namespace

Forwards::Forwards(Engine& engine, Targets& targets, Sessions& sessions, Verbs& verbs,
                   DeferredDeletion& deferred)
    : engine_(engine), targets_(targets), sessions_(sessions), deferred_(deferred) {
  engine_.add(*this);
  verbs.on_gone([this](SessionId session) { on_gone(session); });
  verbs.serve<protocol::Forward>([this](CallOf<protocol::Forward> call) {
    targets_.endpoint(std::move(call), &protocol::Forward::Parameters::remote,
                      [this](CallOf<protocol::Forward> found, const Endpoint& remote) {
                        open(std::move(found), remote);
                      });
  });
  verbs.serve<protocol::ForwardListen>(
      [this](CallOf<protocol::ForwardListen> call) { listen(std::move(call)); });
  verbs.serve<protocol::ForwardTake>(
      [this](CallOf<protocol::ForwardTake> call) { take(std::move(call)); });
}

void Forwards::open(CallOf<protocol::Forward> call, const Endpoint& remote) {
  if (!call.wanted()) return;
  if (count() >= kMost) {
    return call.fail(
        Code::kBusy,
        fmt::format("{} connections are forwarded: try again when one is over", kMost));
  }
  Descriptor socket = socket_of(call);
  if (!socket) return;
  ConnectRequest request;
  request.remote = remote;
  request.token = token();
  engine_.enter();
  const auto id = engine_.stack().connect(request);
  if (!id) {
    return call.fail(Code::kFailed, fmt::format("cannot open {}: {}", to_string(remote),
                                                refusal(engine_, remote.address, id.error())));
  }
  openings_.emplace(key_of(*id), Opening{std::move(call), std::move(socket)});
}

void Forwards::listen(CallOf<protocol::ForwardListen> call) {
  if (listening_.size() >= kMostListening) {
    return call.fail(Code::kBusy, fmt::format("{} ports are forwarded: try again when one is not",
                                              kMostListening));
  }
  const std::uint16_t port = call.parameters().port;
  ListenRequest request;
  request.local.port = Port{port};
  request.token = token();
  engine_.enter();
  const auto listener = engine_.stack().listen(request);
  if (!listener) {
    return call.fail(Code::kFailed,
                     fmt::format("cannot listen on port {}: {}", port,
                                 listener.error() == Error::kAddressInUse
                                     ? "a service is there already: unlisten it first"
                                     : to_string(listener.error())));
  }
  listening_.push_back({call.session(), *listener});
  call.keep_session();
  call.reply({port});
}

/// Tells the listener's client of the connections that wait there, while there is room for them.
void Forwards::offer(ListenerId listener) {
  const auto found = std::ranges::find(listening_, listener, &Listening::listener);
  if (found == listening_.end()) return;
  while (const auto id = engine_.stack().accept(listener)) {
    ConnectionInfo info;
    Session* const client = sessions_.find_session(found->session);
    if (client == nullptr || count() >= kMost || !engine_.stack().info(*id, info)) {
      (void)engine_.stack().abort(*id);
      continue;
    }
    const SessionId session = found->session;
    offered_.emplace(key_of(*id), session);
    client->send(notification_line(
        protocol::ForwardOffer::kName,
        protocol::to_json(protocol::ForwardOffer{to_string(*id), to_string(info.remote())})));
    // A client that does not read is disconnected by that, and listens no more.
    if (sessions_.find_session(session) == nullptr) return;
  }
}

void Forwards::take(CallOf<protocol::ForwardTake> call) {
  Descriptor socket = socket_of(call);
  if (!socket) return;
  const std::string text = call.parameters().id;
  const auto id = parse_id(text);
  const auto found = id ? offered_.find(key_of(*id)) : offered_.end();
  if (found == offered_.end() || found->second != call.session()) {
    return call.fail(Code::kNoSuchConnection,
                     fmt::format("no connection {} waits to be forwarded", text.substr(0, 40)));
  }
  offered_.erase(found);
  engine_.enter();
  call.reply({to_string(*id)});
  // Its answer has disconnected a client that does not read.
  if (sessions_.find_session(call.session()) == nullptr) return (void)engine_.stack().abort(*id);
  join(*id, call.session(), std::move(socket));
}

void Forwards::on_event(const Event& event) {
  if (event.has(Event::kAcceptable)) return offer(event.listener);
  const ConnectionKey key = key_of(event.connection);
  if (openings_.contains(key)) return opened(event);
  if (event.has(Event::kClosed)) offered_.erase(key);
  if (const auto found = joined_.find(key); found != joined_.end())
    found->second.relay->on_event(event);
}

void Forwards::opened(const Event& event) {
  if (!event.has(Event::kConnected) && !event.has(Event::kClosed)) return;
  auto [call, socket] = std::move(openings_.extract(key_of(event.connection)).mapped());
  ConnectionInfo info;
  if (event.has(Event::kClosed) || !engine_.stack().info(event.connection, info)) {
    const NotOpened why = why_not_opened(engine_, event);
    return call.fail(why.code, why.text);
  }
  call.keep_session();
  call.reply({to_string(info.id), to_string(info.local()), to_string(info.remote()),
              (info.established_at - info.opened_at).count()});
  if (sessions_.find_session(call.session()) == nullptr)
    return (void)engine_.stack().abort(info.id);
  join(info.id, call.session(), std::move(socket));
}

void Forwards::join(ConnectionId id, SessionId session, Descriptor socket) {
  // How the bytes come is the sender's choice already.
  (void)engine_.stack().set_no_delay(id, true);
  constexpr Relay::Way kWay{.to_peer = true, .to_client = true, .follow = true, .resets = true};
  auto relay = std::make_unique<Relay>(
      engine_, id, kWay, std::move(socket),
      [this](const Relay& over, const Relay::Ended& how) { ended(over, how); });
  Relay& made = *joined_.emplace(key_of(id), Joined{session, std::move(relay)}).first->second.relay;
  made.start();
}

void Forwards::ended(const Relay& relay, const Relay::Ended& how) {
  const auto found = joined_.find(key_of(relay.id()));
  const SessionId session = found->second.session;
  deferred_.add(std::move(found->second.relay));
  joined_.erase(found);
  const protocol::Forwarded forwarded{
      to_string(relay.id()), how.sent, how.received,
      how.failure.empty() ? std::nullopt : std::optional(how.failure)};
  if (Session* const client = sessions_.find_session(session))
    client->send(notification_line(protocol::Forwarded::kName, protocol::to_json(forwarded)));
}

void Forwards::on_gone(SessionId session) {
  engine_.enter();
  Stack& stack = engine_.stack();
  std::erase_if(listening_, [&](const Listening& one) {
    if (one.session != session) return false;
    (void)stack.unlisten(one.listener);
    return true;
  });
  std::erase_if(openings_, [&](const auto& one) {
    if (one.second.call.session() != session) return false;
    (void)stack.abort(id_of(one.first));
    return true;
  });
  std::erase_if(offered_, [&](const auto& one) {
    if (one.second != session) return false;
    (void)stack.abort(id_of(one.first));
    return true;
  });
  for (auto it = joined_.begin(); it != joined_.end();) {
    Joined& one = it++->second;  // the entry is erased by its end
    if (one.session == session) one.relay->cancel();
  }
}

}  // namespace conker::daemon
