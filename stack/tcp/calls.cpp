// The calls of the application (RFC 9293, 3.10.1 to 3.10.6).
#include <algorithm>

#include "stack/tcp/diagram.hpp"
#include "stack/tcp/tcp.hpp"

namespace conker {

Tcp::Tcp(Arena& arena, const Capacities& capacities, const Settings& settings,
         const Entropy& entropy, Counters& counters, ChunkPool& chunks, TimerWheel& wheel,
         Network& network)
    : settings_(settings),
      counters_(counters),
      chunks_(chunks),
      wheel_(wheel),
      network_(network),
      connections_(arena, capacities),
      index_(arena, capacities.connections),
      half_open_(arena, capacities.half_open),
      time_wait_(arena, capacities.time_wait, SipKey{entropy.words[0], entropy.words[1]}),
      listeners_(arena, capacities.listeners),
      transitions_(arena, capacities.transitions),
      pieces_(arena.take<std::span<const std::byte>>(std::max<std::size_t>(capacities.pieces, 3))),
      demux_key_{entropy.words[0], entropy.words[1]},
      isn_key_{entropy.words[2], entropy.words[3]},
      port_key_{entropy.words[4], entropy.words[5]} {
  for (const Use use : {Use::kReceive, Use::kSend, Use::kOutOfOrder}) chunks_.open(use);
}

Connection* Tcp::find_live(ConnectionId id) {
  if (!connections_.holds(id)) return nullptr;
  Connection& c = connections_[id.slot];
  if (c.state == State::kDestroy) return nullptr;
  mark_active(id.slot, c);
  return &c;
}

Result<ConnectionId> Tcp::connect(const ConnectRequest& request) {
  const auto fail = [this](Error error) {
    counters_.add(Count::open_failed);
    return error;
  };
  const IpAddress& remote = request.remote.address;
  if (request.remote.port.value == 0) return fail(Error::kInvalidArgument);
  FourTuple tuple{request.local, remote, request.local_port, request.remote.port};
  if (!network_.knows_way(tuple.local, remote)) {
    if (remote.is_unspecified() || remote.is_multicast() || remote.is_limited_broadcast() ||
        network_.is_local(remote)) {
      return fail(Error::kInvalidArgument);
    }
    const auto source = network_.source_for(remote);
    if (!source) return fail(source.error());
    if (tuple.local.is_unspecified()) tuple.local = *source;
    if (!network_.is_local(tuple.local)) return fail(Error::kNoSuchAddress);
  }
  const Choice choice = request.local_port.value != 0 ? check_port(tuple) : choose_port(tuple);
  if (choice.error != Error::kOk) return fail(choice.error);
  tuple.local_port = choice.port;

  const std::uint32_t slot = make_connection(tuple, choice.hash);
  if (slot == kNone) return fail(Error::kTableFull);
  Connection& c = connections_[slot];
  const Beginning beginning = beginning_of(tuple);
  c.snd.iss = beginning.iss;
  c.timestamps.offset = beginning.ts_offset;
  if (choice.time_wait != kNone) {
    // Beyond all that the old connection sent, the new one cannot be mistaken for it (RFC
    // 9293, 3.4.1, 3.6.1).
    c.snd.iss = max(c.snd.iss, time_wait_[choice.time_wait].snd_nxt + 1);
    time_wait_.remove(choice.time_wait);
    counters_.add(Count::time_wait_reused);
  }
  c.snd.una = c.snd.nxt = c.snd.cursor = c.snd.iss;
  c.path.mss = our_mss(tuple);
  c.application.token = request.token;
  c.application.congestion = request.congestion.value_or(settings_.congestion);
  keep_alive(c, settings_.keepalive);
  counters_.add(Count::opened_active);
  change_state(slot, State::kSynSent, Cause::kActiveOpen);
  arm(slot, Timer::kConnect,
      request.timeout.count() > 0 ? request.timeout : settings_.connect_timeout);
  mark_dirty(slot);
  return connections_.id(slot);
}

Result<ListenerId> Tcp::listen(const ListenRequest& request) {
  if (request.local.port.value == 0 || request.backlog == 0 || request.half_open == 0 ||
      (request.keepalive && !valid(*request.keepalive))) {
    return Error::kInvalidArgument;
  }
  if (!request.local.address.is_unspecified() && !network_.is_local(request.local.address)) {
    return Error::kNoSuchAddress;
  }
  if (listeners_.find_exact(request.local) != kNone) return Error::kAddressInUse;
  const std::uint32_t slot = listeners_.add(request.local);
  if (slot == kNone) return Error::kTableFull;
  listeners_[slot].backlog = request.backlog;
  listeners_[slot].half_open_cap = request.half_open;
  listeners_[slot].token = request.token;
  listeners_[slot].congestion = request.congestion.value_or(settings_.congestion);
  listeners_[slot].keepalive = request.keepalive.value_or(settings_.keepalive);
  return listeners_.id(slot);
}

Error Tcp::unlisten(ListenerId id) {
  Listener* listener = listeners_.find(id);
  if (listener == nullptr) return Error::kNoSuchId;
  while (!listener->half_open.empty())
    drop_half_open(listener->half_open.head(), Count::half_open_dropped);
  while (!listener->accept_queue.empty()) {
    reset_and_destroy(listener->accept_queue.head(), CloseReason::kAborted, Cause::kListenerClosed);
  }
  if (listener->on_ready) {
    for (auto all = ready_listeners_.take(); !all.empty();) {
      const std::uint32_t slot = all.pop(listeners_);
      if (slot != id.slot) ready_listeners_.push(listeners_, slot);
    }
  }
  listeners_.remove(id.slot);
  return Error::kOk;
}

Result<ConnectionId> Tcp::accept(ListenerId id) {
  Listener* listener = listeners_.find(id);
  if (listener == nullptr || listener->accept_queue.empty()) return Error::kNoSuchId;
  const std::uint32_t slot = listener->accept_queue.head();
  listener->accept_queue.remove(connections_, slot);
  Connection& c = connections_[slot];
  c.listed.accept_queue = false;
  c.lists.listener = kNone;
  post(slot, 0);  // what happened while it waited
  mark_active(slot, c);
  return connections_.id(slot);
}

Result<std::uint32_t> Tcp::send(ConnectionId id, std::span<const std::byte> bytes) {
  Connection* c = find_live(id);
  if (c == nullptr) return Error::kNoSuchId;
  if (c->fin.queued || c->application.closed) return Error::kClosing;
  if (!in_state(c->state, states(State::kSynSent, State::kSynReceived, State::kEstablished,
                                 State::kCloseWait))) {
    return Error::kNotConnected;
  }
  if (c->send_queue.empty()) c->recovery.advanced_at = Tick::floor(now_);
  std::uint32_t taken = 0;
  bool empty = false;  // the budget
  while (taken < bytes.size() && !empty) {
    const std::uint32_t limit = send_limit(*c);  // every chunk makes it less
    if (limit <= c->send_queue.size()) break;
    const std::uint32_t room = std::min(limit - c->send_queue.size(), chunks_.chunk_bytes());
    const auto offered = bytes.subspan(taken, std::min<std::size_t>(bytes.size() - taken, room));
    std::uint32_t n = c->send_queue.append(chunks_, offered, Use::kSend);
    if (n < offered.size() && make_room(Use::kSend)) {
      n += c->send_queue.append(chunks_, offered.subspan(n), Use::kSend);
    }
    taken += n;
    empty = n < offered.size();
  }
  if (taken < bytes.size()) {
    c->application.wants_writable = true;
    if (c->send_queue.empty()) {  // no ACK of its own will make room
      starved_ = connections_.end();
      pool_exhausted_ = true;
    }
  }
  c->accounting.bytes_sent += taken;
  written_ += taken;
  if (taken > 0) mark_dirty(id.slot);
  return taken;
}

Result<std::uint32_t> Tcp::peek(ConnectionId id, std::span<std::span<const std::byte>> out) const {
  if (!connections_.holds(id)) return Error::kNoSuchId;
  const Connection* c = connections_.expanded(id.slot);
  if (c == nullptr) return 0u;
  if (c->state == State::kDestroy) return Error::kNoSuchId;
  if (c->application.closed) return Error::kClosing;
  std::uint32_t length = c->receive_queue.size();
  return c->receive_queue.gather(chunks_, 0, length, out);
}

Error Tcp::consume(ConnectionId id, std::uint32_t n) {
  Connection* c = find_live(id);
  if (c == nullptr) return Error::kNoSuchId;
  if (c->application.closed) return Error::kClosing;
  if (n > c->receive_queue.size()) return Error::kInvalidArgument;
  c->receive_queue.consume(chunks_, n);
  if (n > 0) note_consumed(id.slot, n);
  return Error::kOk;
}

Result<std::uint32_t> Tcp::receive(ConnectionId id, std::span<std::byte> out) {
  Connection* c = find_live(id);
  if (c == nullptr) return Error::kNoSuchId;
  const std::uint32_t n = c->receive_queue.copy(chunks_, out);
  const Error error = consume(id, n);
  if (error != Error::kOk) return error;
  return n;
}

// The FIN goes out behind what is queued; the state says at once that it will (RFC 9293, 3.10.4).
void Tcp::queue_fin(std::uint32_t slot, Cause cause) {
  Connection& c = connections_[slot];
  if (c.fin.queued) return;
  c.fin.queued = true;
  if (c.state == State::kEstablished) change_state(slot, State::kFinWait1, cause);
  if (c.state == State::kCloseWait) change_state(slot, State::kLastAck, cause);
  mark_dirty(slot);
}

Error Tcp::shutdown(ConnectionId id) {
  Connection* c = find_live(id);
  if (c == nullptr) return Error::kNoSuchId;
  if (c->fin.queued || c->application.closed) return Error::kClosing;
  queue_fin(id.slot, Cause::kShutdown);
  return Error::kOk;
}

Error Tcp::close(ConnectionId id) {
  Connection* c = find_live(id);
  if (c == nullptr) return Error::kNoSuchId;
  if (c->application.closed) return Error::kClosing;
  leave_accept_queue(id.slot);
  // Data that nobody will read was acknowledged as if somebody would: a reset tells the truth (RFC
  // 2525, 2.17).
  const bool unread = !c->receive_queue.empty() || !c->out_of_order.empty();
  if (unread && in_state(c->state, kSynchronized)) return abort(id);
  c->application.closed = true;
  c->application.events = 0;
  switch (c->state) {
    case State::kSynSent:
      destroy(id.slot, CloseReason::kAborted, Cause::kClose);
      break;
    case State::kTimeWait:
    case State::kClosed:
      destroy(id.slot, CloseReason::kClosed, Cause::kClose);
      break;
    case State::kFinWait2:
      arm(id.slot, Timer::kFinWait2, settings_.fin_wait_2);
      break;
    default:
      queue_fin(id.slot, Cause::kClose);
  }
  return Error::kOk;
}

Error Tcp::close(ConnectionId id, Duration bound) {
  if (bound <= Duration(0)) return abort(id);
  if (const Error error = close(id); error != Error::kOk) return error;
  if (find_live(id) != nullptr) arm(id.slot, Timer::kLinger, std::min(bound, kLongestTimeout));
  return Error::kOk;
}

Error Tcp::abort(ConnectionId id) {
  Connection* c = find_live(id);
  if (c == nullptr) return Error::kNoSuchId;
  leave_accept_queue(id.slot);
  const bool over = in_state(c->state, states(State::kTimeWait, State::kClosed));
  reset_and_destroy(id.slot, over ? CloseReason::kClosed : CloseReason::kAborted, Cause::kAbort);
  return Error::kOk;
}

// Somebody who found the id elsewhere decides about it before its listener's application has seen
// it.
void Tcp::leave_accept_queue(std::uint32_t slot) {
  Connection& c = connections_[slot];
  if (!c.listed.accept_queue) return;
  listeners_[c.lists.listener].accept_queue.remove(connections_, slot);
  c.listed.accept_queue = false;
  c.lists.listener = kNone;
}

Error Tcp::set_keepalive(ConnectionId id, const Keepalive& keepalive) {
  if (find_live(id) == nullptr) return Error::kNoSuchId;
  if (!valid(keepalive)) return Error::kInvalidArgument;
  change_keepalive(id.slot, keepalive);
  return Error::kOk;
}

Error Tcp::set_user_timeout(ConnectionId id, Duration timeout) {
  if (find_live(id) == nullptr) return Error::kNoSuchId;
  if (timeout < Duration(0) || timeout > kLongestTimeout) return Error::kInvalidArgument;
  change_user_timeout(id.slot, timeout);
  return Error::kOk;
}

Error Tcp::set_no_delay(ConnectionId id, bool no_delay) {
  Connection* c = find_live(id);
  if (c == nullptr) return Error::kNoSuchId;
  c->application.no_delay = no_delay;
  mark_dirty(id.slot);
  return Error::kOk;
}

Error Tcp::set_token(ConnectionId id, Token token) {
  Connection* c = find_live(id);
  if (c == nullptr) return Error::kNoSuchId;
  c->application.token = token;
  return Error::kOk;
}

}  // namespace conker
