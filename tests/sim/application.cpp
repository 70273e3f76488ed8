#include "tests/sim/application.hpp"

#include <algorithm>
#include <array>

#include "stack/tcp/diagram.hpp"
#include "stack/tcp/tcp.hpp"
#include "tests/sim/stations.hpp"

namespace conker::sim {
namespace {

// The shortest timeout of all settings drawn here, except the timeout of a connect request.
constexpr Duration kLeastPatience = 200ms;
constexpr std::uint32_t kAtOnce = 8192;  // bytes

}  // namespace

Application::Application(Context& context, std::uint32_t host)
    : context_(context), host_(host), habits_(context.config.host[host].habits) {}

void Application::run_on(Stack& stack) {
  stack_ = &stack;
  by_slot_.assign(stack.capacities().connections, 0);
}

void Application::crash() {
  for (Talk& talk : talks_) talk.crashed = true;
  live_.clear();
  listeners_.clear();
}

// ---- Finding ----

const Talk* Application::find(ConnectionId id) const {
  if (id.slot >= by_slot_.size() || by_slot_[id.slot] == 0) return nullptr;
  const Talk& talk = talks_[by_slot_[id.slot] - 1];
  return talk.id == id && !talk.crashed ? &talk : nullptr;
}

Talk* Application::live(std::uint32_t which) {
  return live_.empty() ? nullptr : &talks_[live_[which % live_.size()]];
}

const Talk* Application::some_live(std::uint32_t which) const {
  return live_.empty() ? nullptr : &talks_[live_[which % live_.size()]];
}

void Application::add(Talk talk) {
  const Talk* before = find(talk.id);
  expect(before == nullptr, "an id is given out twice");
  talk.opened = context_.now;
  by_slot_[talk.id.slot] = static_cast<std::uint32_t>(talks_.size()) + 1;
  live_.push_back(static_cast<std::uint32_t>(talks_.size()));
  // Two connections of a four-tuple may have the same ISN: within 4 us (RFC 6528), or by a SYN
  // cookie whose ACK is received twice. The end of such a stream is not checked.
  const bool known =
      context_.streams.contains(Context::stream_key(talk.iss, talk.local_port, talk.remote_port));
  stream_of(talk) = Stream{.twice = talk.passive && known};
  talks_.push_back(talk);
}

// ---- Opening ----

void Application::open(std::uint32_t remote_host, std::uint16_t port, std::uint16_t local_port,
                       Duration timeout) {
  ConnectRequest request;
  request.remote = {IpAddress::v4(10, 0, 0, static_cast<std::uint8_t>(remote_host + 1)),
                    Port{port}};
  request.local_port = Port{local_port};
  request.timeout = timeout;
  request.token = Token(static_cast<std::uint32_t>(talks_.size()));
  if (timeout.count() % 3 == 1) request.congestion = CongestionAlgorithm::kCubic;
  const std::uint32_t remote = request.remote.address.v4_bits();
  bool waited = false;
  stack_->tcp().for_each_time_wait([&](const TimeWaitInfo& t) {
    waited |= t.tuple.remote.v4_bits() == remote && t.tuple.remote_port.value == port &&
              t.tuple.local_port.value == local_port;
  });
  const FourTuple tuple{address_of_host(host_), request.remote.address, Port{local_port},
                        Port{port}};
  const auto end = context_.conversations.side(tuple).end();
  const auto id = stack_->connect(request);
  if (!id) return;
  ConnectionInfo info;
  expect(stack_->info(*id, info) && info.state == State::kSynSent,
         "a new connection is not in SYN-SENT");
  expect(!waited || !end || info.iss > *end,
         "a connection that takes the place of one in TIME-WAIT begins among its numbers");
  expect(local_port == 0 || info.tuple.local_port.value == local_port,
         "another local port than asked for");
  context_.tell("       host %u: %u.%u is %u -> %u", host_, id->slot, id->generation,
                info.tuple.local_port.value, info.tuple.remote_port.value);
  add({.id = *id,
       .remote = info.tuple.remote.v4_bits(),
       .local_port = info.tuple.local_port.value,
       .remote_port = port,
       .iss = info.iss.value(),
       .token = request.token,
       .patience = timeout > Duration(0) ? std::min(timeout, kLeastPatience) : kLeastPatience});
}

// Opens the four-tuple of one of the last four connections again, at once.
void Application::reopen(std::uint32_t which) {
  if (talks_.empty()) return;
  const std::size_t back = which % std::min<std::size_t>(talks_.size(), 4);
  const Talk& old = talks_[talks_.size() - 1 - back];
  if (old.passive) return;
  open((old.remote & 0xff) - 1, old.remote_port, old.local_port, Duration(0));
}

void Application::listen(std::uint16_t port, std::uint32_t backlog, std::uint32_t half_open) {
  ListenRequest request;
  request.local.port = Port{port};
  request.backlog = backlog;
  request.half_open = half_open;
  request.token = Token(port);
  if (const auto id = stack_->listen(request)) listeners_.push_back({*id, port});
}

void Application::unlisten(std::uint32_t which) {
  if (listeners_.empty()) return;
  const auto at = listeners_.begin() + which % static_cast<std::uint32_t>(listeners_.size());
  expect(stack_->unlisten(at->id) == Error::kOk, "a listener that does not go");
  expect(stack_->unlisten(at->id) == Error::kNoSuchId, "a listener that goes twice");
  listeners_.erase(at);
}

void Application::unlisten_all() {
  while (!listeners_.empty()) unlisten(0);
}

void Application::accept(std::uint32_t which) {
  if (listeners_.empty()) return;
  const Listening& l = listeners_[which % listeners_.size()];
  accept_from(l.id, l.port);
}

void Application::accept_everything() {
  for (const Listening& l : listeners_) {
    for (int i = 0; i < 64; ++i) accept_from(l.id, l.port);
  }
}

void Application::accept_from(ListenerId listener, std::uint16_t port) {
  const auto id = stack_->accept(listener);
  if (!id) return;
  ConnectionInfo info;
  if (!stack_->info(*id, info)) return expect(false, "accept() gives an id that finds nothing");
  expect(info.passive && in_state(info.state, states(State::kEstablished, State::kCloseWait)),
         "accept() gives a connection that is not established");
  expect(info.tuple.local_port.value == port && info.token == Token(port),
         "accept() gives another listener's");
  context_.tell("       host %u: %u.%u accepted, %u <- %u", host_, id->slot, id->generation, port,
                info.tuple.remote_port.value);
  add({.id = *id,
       .remote = info.tuple.remote.v4_bits(),
       .local_port = port,
       .remote_port = info.tuple.remote_port.value,
       .iss = info.iss.value(),
       .token = Token(port),
       .passive = true,
       .connected = true});
  Talk& talk = talks_.back();
  if ((habits_ & kGreets) != 0) send(talk, 700);
  if ((habits_ & kHangsUp) != 0) close(talk, Duration(0));
}

// ---- Talking ----

void Application::send(std::uint32_t which, std::uint32_t bytes) {
  Talk* talk = live(which);
  for (; talk != nullptr && bytes > 0; bytes -= std::min(bytes, kAtOnce))
    send(*talk, std::min(bytes, kAtOnce));
}

void Application::send_on(std::size_t talk, std::uint32_t bytes) {
  for (std::uint64_t before = talks_[talk].sent; bytes > 0; before = talks_[talk].sent) {
    send(talks_[talk], std::min(bytes, kAtOnce));
    const auto taken = static_cast<std::uint32_t>(talks_[talk].sent - before);
    if (taken == 0) return;
    bytes -= taken;
  }
}

void Application::send(Talk& talk, std::uint32_t bytes) {
  std::array<std::byte, kAtOnce> data;
  Stream& stream = stream_of(talk);
  const std::size_t n = std::min<std::size_t>(bytes, data.size());
  for (std::size_t i = 0; i < n; ++i) {
    data[i] = byte_of_stream(talk.iss, static_cast<std::uint32_t>(talk.sent + i));
  }
  const auto taken = stack_->send(talk.id, std::span(data).first(n));
  if (!taken) return;
  expect(!talk.closed && !talk.half_closed, "bytes are taken behind the end of the stream");
  talk.sent += *taken;
  stream.sent = talk.sent;
}

void Application::read(std::uint32_t which, std::uint32_t bytes) {
  if (Talk* talk = live(which)) read(*talk, bytes);
}

void Application::read(Talk& talk, std::uint32_t bytes) {
  std::array<std::byte, 4096> data;
  for (std::uint32_t left = bytes; left > 0;) {
    const auto got =
        stack_->receive(talk.id, std::span(data).first(std::min<std::size_t>(left, data.size())));
    if (!got || *got == 0) break;
    expect(!talk.closed, "bytes for an application that has closed");
    if (talk.received == 0) {
      ConnectionInfo info;
      if (stack_->info(talk.id, info)) talk.peer_iss = info.irs.value();
    }
    for (std::uint32_t i = 0; i < *got; ++i) {
      if (data[i] != byte_of_stream(talk.peer_iss, static_cast<std::uint32_t>(talk.received + i))) {
        return expect(false, "a byte was delivered that was not sent at that place");
      }
    }
    talk.received += *got;
    context_.figures.bytes += *got;
    left -= *got;
  }
  check_end_of_stream(talk);
}

// At the peer's FIN, all bytes that its application sent were received, and no others.
void Application::check_end_of_stream(Talk& talk) {
  if (!talk.peer_closed || talk.closed) return;
  ConnectionInfo info;
  if (!stack_->info(talk.id, info) || info.state == State::kDestroy || info.receive_queue > 0)
    return;
  const auto found = context_.streams.find(
      Context::stream_key(info.irs.value(), talk.remote_port, talk.local_port));
  if (found == context_.streams.end())
    return expect(false, "a FIN from a connection that nobody opened");
  if (found->second.twice) return;
  expect(found->second.ended, "a FIN that nobody asked for");
  expect(found->second.sent == talk.received, "the stream ends with fewer bytes than were sent");
}

void Application::read_everything() {
  for (const std::uint32_t index : std::vector(live_)) {
    if (!talks_[index].over()) read(talks_[index], 1u << 20);
  }
}

void Application::shutdown(std::uint32_t which) {
  Talk* talk = live(which);
  if (talk == nullptr) return;
  stream_of(*talk).ended = true;  // before the call, which may send the FIN
  if (stack_->shutdown(talk->id) == Error::kOk) {
    expect(!talk->half_closed && !talk->closed, "a stream that is ended twice");
    talk->half_closed = true;
  }
}

void Application::close(std::uint32_t which, Duration bound) {
  if (Talk* talk = live(which)) close(*talk, bound);
}

void Application::close(Talk& talk, Duration bound) {
  stream_of(talk).ended = true;
  const Error error = bound > Duration(0) ? stack_->close(talk.id, bound) : stack_->close(talk.id);
  if (error == Error::kOk) {
    expect(!talk.closed, "a connection that is closed twice");
    talk.closed = true;
  } else {
    expect(error == Error::kClosing || error == Error::kNoSuchId,
           "close() fails for no good reason");
  }
}

void Application::abort(std::uint32_t which) {
  Talk* talk = live(which);
  if (talk == nullptr) return;
  if (stack_->abort(talk->id) == Error::kOk) talk->closed = talk->aborted = true;
}

void Application::tune(std::uint32_t which, std::uint32_t what, std::uint32_t value) {
  const Talk* talk = live(which);
  if (talk == nullptr) return;
  const Duration time(std::int64_t{200 + value % 3000} * 1000);
  switch (what % 3) {
    case 0:
      (void)stack_->set_no_delay(talk->id, value % 2 == 0);
      break;
    case 1:
      (void)stack_->set_keepalive(talk->id, {.idle = time, .interval = 300ms, .count = 2});
      break;
    default:
      (void)stack_->set_user_timeout(talk->id, time);
  }
}

// An id is stale after its last event, whatever connection has its slot now.
void Application::probe_stale(std::uint32_t which) {
  if (talks_.empty()) return;
  const Talk& talk = talks_[which % talks_.size()];
  if (!talk.ended || talk.crashed) return;
  ConnectionInfo info;
  std::array<std::byte, 1> data{};
  // Until its final segments are sent, info() knows the id, and no other call does.
  const bool known = stack_->info(talk.id, info) && info.state != State::kDestroy;
  const bool found = known || stack_->close(talk.id) != Error::kNoSuchId ||
                     stack_->abort(talk.id) != Error::kNoSuchId ||
                     stack_->shutdown(talk.id) != Error::kNoSuchId || stack_->send(talk.id, data) ||
                     stack_->receive(talk.id, data);
  expect(!found, "a stale id finds something");
}

void Application::quiesce() {
  for (const std::uint32_t index : std::vector(live_)) {
    Talk& talk = talks_[index];
    if (talk.over()) continue;
    if (index % 2 == 0) {
      close(talk, Duration(0));
    } else if (stack_->abort(talk.id) == Error::kOk) {
      talk.closed = talk.aborted = true;
    }
  }
}

// ---- Events ----

void Application::on_event(const Event& event) {
  if (event.has(Event::kAcceptable)) {
    const auto listening = std::find_if(listeners_.begin(), listeners_.end(),
                                        [&](const Listening& l) { return l.id == event.listener; });
    if (listening == listeners_.end())
      return expect(false, "an event of a listener that has been ended");
    expect(event.token == Token(listening->port), "an event of a listener with another's token");
    if ((habits_ & kAccepts) == 0) return;
    const Listening l = *listening;
    for (int i = 0; i < 64; ++i) accept_from(l.id, l.port);
    return;
  }
  Talk* talk = find(event.connection);
  if (talk == nullptr) return expect(false, "an event of a connection that nobody knows");
  expect(!talk->ended, "an event of a connection after its last event");
  expect(event.mask != 0, "an event without bits");
  expect(event.token == talk->token, "an event with another connection's token");
  // The last event after an abort may carry earlier bits, too.
  expect(!talk->closed || event.has(Event::kClosed), "an event for an application that has closed");
  if (event.has(Event::kClosed)) return check_last_event(*talk, event);
  if (event.has(Event::kConnected)) {
    expect(!talk->passive && !talk->connected, "connected twice");
    talk->connected = true;
  }
  if (event.has(Event::kPeerClosed)) {
    expect(!talk->peer_closed, "the peer closes twice");
    talk->peer_closed = true;
  }
  const std::size_t index = static_cast<std::size_t>(talk - talks_.data());
  if (event.has(Event::kConnected) && (habits_ & kGreets) != 0) send(talks_[index], 900);
  if (event.has(Event::kConnected) && (habits_ & kHangsUp) != 0) close(talks_[index], Duration(0));
  if ((habits_ & kReads) != 0 && !talks_[index].closed) read(talks_[index], 1u << 20);
  if (talks_[index].peer_closed && (habits_ & kClosesBack) != 0 && !talks_[index].closed) {
    close(talks_[index], Duration(0));
  }
}

void Application::check_last_event(Talk& talk, const Event& event) {
  talk.ended = true;
  talk.reason = event.reason;
  ++told_;
  ++context_.figures.ended;
  std::erase(live_, static_cast<std::uint32_t>(&talk - talks_.data()));
  ConnectionInfo info;
  expect(stack_->info(talk.id, info) && info.state == State::kDestroy,
         "a last event of a connection that is not in Destroy");
  switch (event.reason) {
    case CloseReason::kNotClosed:
      return expect(false, "a last event without a reason");
    case CloseReason::kClosed:
      return expect(talk.closed, "closed, and its application has not closed it");
    case CloseReason::kAborted:
      return expect(talk.closed, "reset by our side, and its application did not ask for it");
    case CloseReason::kRefused:
      return expect(!talk.passive && !talk.connected, "refused after it was connected");
    case CloseReason::kTimedOut:
      return expect(context_.now - talk.opened >= talk.patience,
                    "timed out as soon as it was opened");
    case CloseReason::kUnreachable:
      return expect(context_.icmp_forged && !talk.connected, "unreachable, and nobody said so");
    case CloseReason::kReset:
    case CloseReason::kNoResources:
      return;
  }
}

}  // namespace conker::sim
