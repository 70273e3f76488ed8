// The calls of the application (RFC 9293, 3.10.1 to 3.10.6).
#include "stack/tcp/calls.hpp"

#include <algorithm>

#include "stack/tcp/diagram.hpp"

namespace conker {

Connection* Calls::find_live(ConnectionId id) {
  if (!t_.connections.holds(id)) return nullptr;
  Connection& c = t_.connections[id.slot];
  if (c.state == State::kDestroy) return nullptr;
  Lifetime::mark_active(t_, id.slot, c);
  return &c;
}

Result<ConnectionId> Calls::connect(const ConnectRequest& request) {
  const auto fail = [this](Error error) {
    t_.counters.add(Count::open_failed);
    return error;
  };
  const IpAddress& remote = request.remote.address;
  const bool mixed = !request.local.is_unspecified() && request.local.is_v4() != remote.is_v4();
  if (request.remote.port.value == 0 || mixed) return fail(Error::kInvalidArgument);
  FourTuple tuple{request.local, remote, request.local_port, request.remote.port};
  if (!t_.network.has_destination(tuple.local, remote)) {
    if (remote.is_unspecified() || remote.is_multicast() || remote.is_limited_broadcast() ||
        t_.network.is_local(remote)) {
      return fail(Error::kInvalidArgument);
    }
    const auto source = t_.network.source_for(remote);
    if (!source) return fail(source.error());
    if (tuple.local.is_unspecified()) tuple.local = *source;
    if (!t_.network.is_local(tuple.local)) return fail(Error::kNoSuchAddress);
  }
  const Ports::PortChoice choice =
      request.local_port.value != 0 ? Ports::check_port(t_, tuple) : Ports::choose_port(t_, tuple);
  if (choice.error != Error::kOk) return fail(choice.error);
  tuple.local_port = choice.port;

  const std::uint32_t slot = Lifetime::make_connection(t_, tuple, choice.hash);
  if (slot == kNone) return fail(Error::kTableFull);
  Connection& c = t_.connections[slot];
  const Ports::InitialSequence initial = Ports::initial_sequence(t_, tuple);
  c.snd.iss = initial.iss;
  c.timestamps.offset = initial.ts_offset;
  if (choice.time_wait != kNone) {
    // The ISN lies beyond all that the earlier connection sent, so that the peer cannot take one
    // for the other (RFC 9293, 3.4.1, 3.6.1).
    c.snd.iss = max(c.snd.iss, t_.time_wait[choice.time_wait].snd_nxt + 1);
    t_.time_wait.remove(choice.time_wait);
    t_.counters.add(Count::time_wait_reused);
  }
  c.snd.una = c.snd.nxt = c.snd.cursor = c.snd.iss;
  c.path.mss = Limits::our_mss(t_, tuple);
  c.application.token = request.token;
  c.application.congestion = request.congestion.value_or(t_.settings.congestion);
  Liveness::keep_alive(c, t_.settings.keepalive);
  t_.counters.add(Count::opened_active);
  Lifetime::change_state(t_, slot, State::kSynSent, Cause::kActiveOpen);
  Deadlines::arm(t_, slot, Timer::kConnect,
                 request.timeout.count() > 0 ? request.timeout : t_.settings.connect_timeout);
  Lifetime::mark_dirty(t_, slot);
  return t_.connections.id(slot);
}

Result<ListenerId> Calls::listen(const ListenRequest& request) {
  if (request.local.port.value == 0 || request.backlog == 0 || request.half_open == 0 ||
      (request.keepalive && !Liveness::valid(*request.keepalive))) {
    return Error::kInvalidArgument;
  }
  if (!request.local.address.is_unspecified() && !t_.network.is_local(request.local.address)) {
    return Error::kNoSuchAddress;
  }
  if (t_.listeners.find_exact(request.local) != kNone) return Error::kAddressInUse;
  const std::uint32_t slot = t_.listeners.add(request.local);
  if (slot == kNone) return Error::kTableFull;
  t_.listeners[slot].backlog = request.backlog;
  t_.listeners[slot].half_open_cap = request.half_open;
  t_.listeners[slot].token = request.token;
  t_.listeners[slot].congestion = request.congestion.value_or(t_.settings.congestion);
  t_.listeners[slot].keepalive = request.keepalive.value_or(t_.settings.keepalive);
  return t_.listeners.id(slot);
}

Error Calls::unlisten(ListenerId id) {
  Listener* listener = t_.listeners.find(id);
  if (listener == nullptr) return Error::kNoSuchId;
  while (!listener->half_open.empty())
    Handshake::drop_half_open(t_, listener->half_open.head(), Count::half_open_dropped);
  while (!listener->accept_queue.empty()) {
    Lifetime::reset_and_destroy(t_, listener->accept_queue.head(), CloseReason::kAborted,
                                Cause::kListenerClosed);
  }
  if (listener->on_ready) {
    for (auto all = t_.ready_listeners.take(); !all.empty();) {
      const std::uint32_t slot = all.pop(t_.listeners);
      if (slot != id.slot) t_.ready_listeners.push(t_.listeners, slot);
    }
  }
  t_.listeners.remove(id.slot);
  return Error::kOk;
}

Result<ConnectionId> Calls::accept(ListenerId id) {
  Listener* listener = t_.listeners.find(id);
  if (listener == nullptr || listener->accept_queue.empty()) return Error::kNoSuchId;
  const std::uint32_t slot = listener->accept_queue.head();
  listener->accept_queue.remove(t_.connections, slot);
  Connection& c = t_.connections[slot];
  c.listed.accept_queue = false;
  c.lists.listener = kNone;
  Lifetime::post(t_, slot, 0);  // tells the events of the time in the accept queue
  Lifetime::mark_active(t_, slot, c);
  return t_.connections.id(slot);
}

Result<std::uint32_t> Calls::send(ConnectionId id, std::span<const std::byte> bytes) {
  Connection* c = find_live(id);
  if (c == nullptr) return Error::kNoSuchId;
  if (c->fin.queued || c->application.closed) return Error::kClosing;
  if (!in_state(c->state, states(State::kSynSent, State::kSynReceived, State::kEstablished,
                                 State::kCloseWait))) {
    return Error::kNotConnected;
  }
  if (c->send_queue.empty()) c->recovery.advanced_at = Tick::floor(t_.now);
  std::uint32_t taken = 0;
  bool empty = false;  // the budget
  while (taken < bytes.size() && !empty) {
    const std::uint32_t limit = Limits::send_limit(t_, *c);  // falls with every chunk taken
    if (limit <= c->send_queue.size()) break;
    const std::uint32_t room = std::min(limit - c->send_queue.size(), t_.chunks.chunk_bytes());
    const auto offered = bytes.subspan(taken, std::min<std::size_t>(bytes.size() - taken, room));
    std::uint32_t n = c->send_queue.append(t_.chunks, offered, Use::kSend);
    if (n < offered.size() && PoolRelief::make_room(t_, Use::kSend)) {
      n += c->send_queue.append(t_.chunks, offered.subspan(n), Use::kSend);
    }
    taken += n;
    empty = n < offered.size();
  }
  if (taken < bytes.size()) {
    c->application.wants_writable = true;
    if (c->send_queue.empty()) {  // no ACK will come and make room
      t_.waiting_for_buffers = t_.connections.end();
      t_.pool_exhausted = true;
    }
  }
  c->accounting.bytes_sent += taken;
  t_.written_this_turn += taken;
  if (taken > 0) Lifetime::mark_dirty(t_, id.slot);
  return taken;
}

Result<Unread> Calls::unread(const TcpTables& t, ConnectionId id) {
  if (!t.connections.holds(id)) return Error::kNoSuchId;
  const Connection* c = t.connections.expanded(id.slot);
  if (c == nullptr) return Unread{};
  if (c->state == State::kDestroy) return Error::kNoSuchId;
  return Unread{.bytes = c->receive_queue.size(), .fin_received = in_state(c->state, kFinReceived)};
}

Result<std::uint32_t> Calls::peek(const TcpTables& t, ConnectionId id,
                                  std::span<std::span<const std::byte>> out) {
  if (!t.connections.holds(id)) return Error::kNoSuchId;
  const Connection* c = t.connections.expanded(id.slot);
  if (c == nullptr) return 0u;
  if (c->state == State::kDestroy) return Error::kNoSuchId;
  if (c->application.closed) return Error::kClosing;
  std::uint32_t length = c->receive_queue.size();
  return c->receive_queue.gather(t.chunks, 0, length, out);
}

bool Calls::fin_acknowledged(const TcpTables& t, ConnectionId id) {
  const Connection* c = t.connections.holds(id) ? t.connections.expanded(id.slot) : nullptr;
  return c != nullptr && c->fin.acked;
}

std::uint32_t Calls::retransmits(const TcpTables& t, ConnectionId id) {
  const Connection* c = t.connections.holds(id) ? t.connections.expanded(id.slot) : nullptr;
  return c == nullptr ? 0 : c->retransmits.total;
}

Error Calls::consume(ConnectionId id, std::uint32_t n) {
  Connection* c = find_live(id);
  if (c == nullptr) return Error::kNoSuchId;
  if (c->application.closed) return Error::kClosing;
  if (n > c->receive_queue.size()) return Error::kInvalidArgument;
  c->receive_queue.consume(t_.chunks, n);
  if (n > 0) Receiver::note_consumed(t_, id.slot, n);
  return Error::kOk;
}

Result<std::uint32_t> Calls::receive(ConnectionId id, std::span<std::byte> out) {
  Connection* c = find_live(id);
  if (c == nullptr) return Error::kNoSuchId;
  const std::uint32_t n = c->receive_queue.copy(t_.chunks, out);
  const Error error = consume(id, n);
  if (error != Error::kOk) return error;
  return n;
}

// Queues a FIN behind the data; the state changes at once (RFC 9293, 3.10.4).
void Calls::queue_fin(std::uint32_t slot, Cause cause) {
  Connection& c = t_.connections[slot];
  if (c.fin.queued) return;
  c.fin.queued = true;
  if (c.state == State::kEstablished) Lifetime::change_state(t_, slot, State::kFinWait1, cause);
  if (c.state == State::kCloseWait) Lifetime::change_state(t_, slot, State::kLastAck, cause);
  Lifetime::mark_dirty(t_, slot);
}

Error Calls::shutdown(ConnectionId id) {
  Connection* c = find_live(id);
  if (c == nullptr) return Error::kNoSuchId;
  if (c->fin.queued || c->application.closed) return Error::kClosing;
  queue_fin(id.slot, Cause::kShutdown);
  return Error::kOk;
}

Error Calls::close(ConnectionId id) {
  Connection* c = find_live(id);
  if (c == nullptr) return Error::kNoSuchId;
  if (c->application.closed) return Error::kClosing;
  leave_accept_queue(id.slot);
  // Unread data was acknowledged and is lost: the peer is sent a RST (RFC 2525, 2.17).
  const bool unread = !c->receive_queue.empty() || !c->out_of_order.empty();
  if (unread && in_state(c->state, kSynchronized)) return abort(id);
  c->application.closed = true;
  c->application.events = 0;
  switch (c->state) {
    case State::kSynSent:
      Lifetime::destroy(t_, id.slot, CloseReason::kAborted, Cause::kClose);
      break;
    case State::kTimeWait:
    case State::kClosed:
      Lifetime::destroy(t_, id.slot, CloseReason::kClosed, Cause::kClose);
      break;
    case State::kFinWait2:
      Deadlines::arm(t_, id.slot, Timer::kFinWait2, t_.settings.fin_wait_2);
      break;
    default:
      queue_fin(id.slot, Cause::kClose);
  }
  return Error::kOk;
}

Error Calls::close(ConnectionId id, Duration bound) {
  if (bound <= Duration(0)) return abort(id);
  if (const Error error = close(id); error != Error::kOk) return error;
  if (find_live(id) != nullptr)
    Deadlines::arm(t_, id.slot, Timer::kLinger, std::min(bound, Liveness::kLongestTimeout));
  return Error::kOk;
}

Error Calls::abort(ConnectionId id) {
  Connection* c = find_live(id);
  if (c == nullptr) return Error::kNoSuchId;
  leave_accept_queue(id.slot);
  const bool over = in_state(c->state, states(State::kTimeWait, State::kClosed));
  Lifetime::reset_and_destroy(t_, id.slot, over ? CloseReason::kClosed : CloseReason::kAborted,
                              Cause::kAbort);
  return Error::kOk;
}

Error Calls::forsake(ConnectionId id) {
  Connection* c = find_live(id);
  if (c == nullptr) return Error::kNoSuchId;
  if (!c->pending.ack) return Error::kInvalidArgument;
  c->pending = {};
  Lifetime::destroy(t_, id.slot, CloseReason::kAborted, Cause::kAbort);
  return Error::kOk;
}

// Takes a connection out of its accept queue, where it is closed or aborted by its id before
// accept().
void Calls::leave_accept_queue(std::uint32_t slot) {
  Connection& c = t_.connections[slot];
  if (!c.listed.accept_queue) return;
  t_.listeners[c.lists.listener].accept_queue.remove(t_.connections, slot);
  c.listed.accept_queue = false;
  c.lists.listener = kNone;
}

Error Calls::set_keepalive(ConnectionId id, const Keepalive& keepalive) {
  if (find_live(id) == nullptr) return Error::kNoSuchId;
  if (!Liveness::valid(keepalive)) return Error::kInvalidArgument;
  Liveness::change_keepalive(t_, id.slot, keepalive);
  return Error::kOk;
}

Error Calls::set_user_timeout(ConnectionId id, Duration timeout) {
  if (find_live(id) == nullptr) return Error::kNoSuchId;
  if (timeout < Duration(0) || timeout > Liveness::kLongestTimeout) return Error::kInvalidArgument;
  Liveness::change_user_timeout(t_, id.slot, timeout);
  return Error::kOk;
}

Error Calls::set_no_delay(ConnectionId id, bool no_delay) {
  Connection* c = find_live(id);
  if (c == nullptr) return Error::kNoSuchId;
  c->application.no_delay = no_delay;
  Lifetime::mark_dirty(t_, id.slot);
  return Error::kOk;
}

Error Calls::set_token(ConnectionId id, Token token) {
  Connection* c = find_live(id);
  if (c == nullptr) return Error::kNoSuchId;
  c->application.token = token;
  return Error::kOk;
}

}  // namespace conker
