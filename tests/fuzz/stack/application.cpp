#include "tests/fuzz/stack/application.hpp"

#include <algorithm>
#include <array>

#include "stack/tcp/diagram.hpp"

namespace conker::fuzz {
namespace {

constexpr std::size_t kMostBytes = 4096;
constexpr Token kListenerToken{7};
constexpr std::uint32_t kFirstToken = 100;
constexpr std::array<std::uint16_t, 8> kLengths{1, 10, 100, 128, 536, 1000, 2048, 4096};

Endpoint local_endpoint(std::uint8_t byte) {
  Endpoint local;
  local.port.value = (byte & 1) != 0 ? kOtherListenPort : kListenPort;
  if ((byte & 2) != 0) local.address = kOurs;
  return local;
}

}  // namespace

// ---- State ----

Application::Known* Application::find(ConnectionId id) {
  const auto at = std::ranges::find(known_, id, &Known::id);
  return at == known_.end() ? nullptr : &*at;
}

const Application::Known* Application::find(ConnectionId id) const {
  const auto at = std::ranges::find(known_, id, &Known::id);
  return at == known_.end() ? nullptr : &*at;
}

Application::Known* Application::choose(std::uint8_t byte) {
  if (known_.empty()) return nullptr;
  return &known_[known_.size() - 1 - byte % known_.size()];
}

void Application::know(ConnectionId id, Token token) {
  check(find(id) == nullptr, "an id was given out twice");
  known_.push_back({.id = id, .token = token});
  ConnectionInfo info;
  check(stack_.info(id, info), "an id finds nothing right after it was given out");
  peer_.opened(id, info);
}

// ---- Calls ----

void Application::connect(const Record& r) {
  ConnectRequest request;
  request.remote = {(r[1] & 1) != 0 ? kOtherPeer : kPeer,
                    Port{static_cast<std::uint16_t>(80 + (r[1] >> 1 & 1))}};
  if ((r[1] & 4) != 0) request.remote = {IpAddress::v4(r[4], 0, 0, r[5]), Port{r[6]}};
  if ((r[1] & 8) != 0) request.local = (r[1] & 16) != 0 ? kSecond : kOurs;
  if ((r[1] & 32) != 0) request.local_port.value = static_cast<std::uint16_t>(5000 + (r[2] & 7));
  if ((r[1] & 64) != 0) request.congestion = CongestionAlgorithm::kNewReno;
  request.timeout = Duration(std::int64_t{r[3]} * 100'000);
  request.token = Token(kFirstToken + static_cast<std::uint32_t>(known_.size()));
  if (const auto id = stack_.connect(request)) know(*id, request.token);
}

void Application::listen(const Record& r) {
  ListenRequest request;
  request.local = local_endpoint(r[1]);
  request.backlog = 1 + (r[2] & 3);
  request.half_open = 1 + (r[3] & 3);
  request.token = kListenerToken;
  if ((r[1] & 4) != 0) request.keepalive = Keepalive{2s, 1s, 2};
  if (const auto made = stack_.listen(request)) listeners_.push_back(*made);
}

void Application::unlisten(const Record& r) {
  if (listeners_.empty()) return;
  const auto at = listeners_.begin() + r[1] % static_cast<std::ptrdiff_t>(listeners_.size());
  check(stack_.unlisten(*at) == Error::kOk, "a listener is gone that nobody ended");
  gone_listeners_.push_back(*at);
  listeners_.erase(at);
}

void Application::accept(const Record& r) {
  if (listeners_.empty()) return;
  const ListenerId listener = listeners_[r[1] % listeners_.size()];
  if (const auto id = stack_.accept(listener)) know(*id, kListenerToken);
}

void Application::accept_all(bool close) {
  for (const ListenerId listener : listeners_) {
    while (const auto id = stack_.accept(listener)) {
      know(*id, kListenerToken);
      if (close) (void)stack_.close(*id);
    }
  }
}

void Application::send(const Record& r) {
  if (Known* known = choose(r[1]))
    send_some(*known, (r[2] & 128) != 0 ? r.word16(3) % 4096 : kLengths[r[2] & 7]);
}

void Application::send_some(Known& known, std::uint32_t length) {
  static std::array<std::byte, kMostBytes> bytes;
  const auto offered = std::span(bytes).first(std::min<std::size_t>(length, bytes.size()));
  // Data begins one behind the SYN.
  for (std::uint32_t i = 0; i < offered.size(); ++i) offered[i] = byte_of(1 + known.sent + i);
  const auto taken = stack_.send(known.id, offered);
  if (!taken) return;
  check(*taken <= offered.size(), "more was sent than was given");
  known.sent += *taken;
}

void Application::receive(const Record& r) {
  if (Known* known = choose(r[1]))
    receive_some(*known, (r[2] & 128) != 0 ? r.word16(3) : kLengths[7 - (r[2] & 7)],
                 (r[2] & 64) != 0);
}

void Application::receive_some(Known& known, std::uint32_t most, bool in_place) {
  static std::array<std::byte, kMostBytes> bytes;
  ConnectionInfo info;
  if (!stack_.info(known.id, info)) return;
  std::uint32_t expected = info.irs.value() + 1 + known.received;
  const auto look = [&](Input piece) {
    if (!peer_.honest()) return;
    for (const std::byte b : piece)
      check(b == byte_of(expected++), "other bytes are received than were sent");
  };
  if (in_place) {
    std::array<Input, 3> pieces;
    const auto count = stack_.peek(known.id, pieces);
    if (!count) return;
    std::uint32_t n = 0;
    for (std::uint32_t i = 0; i < *count; ++i) n += static_cast<std::uint32_t>(pieces[i].size());
    n = std::min(n, most);
    for (std::uint32_t i = 0, left = n; i < *count; ++i) {
      const auto piece = pieces[i].first(std::min<std::size_t>(left, pieces[i].size()));
      look(piece);
      left -= static_cast<std::uint32_t>(piece.size());
    }
    check(stack_.consume(known.id, n) == Error::kOk, "what was seen cannot be consumed");
    known.received += n;
  } else if (const auto n = stack_.receive(
                 known.id, std::span(bytes).first(std::min<std::size_t>(most, kMostBytes)))) {
    look(std::span(bytes).first(*n));
    known.received += *n;
  }
}

void Application::close(const Record& r) {
  Known* known = choose(r[1]);
  if (known == nullptr) return;
  switch (r[2] & 7) {
    case 4:
      (void)stack_.shutdown(known->id);
      break;
    case 5:
      (void)stack_.close(known->id, Duration(std::int64_t{r[3]} * 50'000));
      break;
    case 6:
    case 7:
      (void)stack_.abort(known->id);
      break;
    default:
      (void)stack_.close(known->id);
  }
}

void Application::tune(const Record& r) {
  Known* known = choose(r[1]);
  if (known == nullptr) return;
  switch (r[2] & 3) {
    case 0:
      (void)stack_.set_keepalive(known->id,
                                 {Duration(r[3] * 100'000), Duration(r[4] * 100'000), r[5]});
      break;
    case 1:
      (void)stack_.set_user_timeout(known->id, Duration(r[3] * 100'000));
      break;
    case 2:
      if (stack_.set_token(known->id, Token(r[3])) == Error::kOk) known->token = Token(r[3]);
      break;
    default:
      (void)stack_.set_no_delay(known->id, (r[3] & 1) != 0);
  }
}

// ---- Events ----

void Application::set_reactions(const Record& r) {
  for (std::size_t i = 0; i < reactions_.size(); ++i) reactions_[i] = r[i] & 15;
}

void Application::react(const Event& event, Known* known) {
  const std::uint8_t what = reactions_[events_++ % reactions_.size()];
  if (event.has(Event::kAcceptable)) {
    if (what != 15) accept_all(what == 14);
    return;
  }
  switch (what) {
    case 0:
    case 1:
      if (event.has(Event::kReadable)) receive_some(*known, kMostBytes, what == 1);
      if (event.has(Event::kPeerClosed)) (void)stack_.close(known->id);
      break;
    case 2:
      receive_some(*known, kMostBytes, false);
      break;
    case 3:
      send_some(*known, 100);
      break;
    case 4:
      (void)stack_.close(known->id);
      break;
    case 5:
      (void)stack_.abort(known->id);
      break;
    case 6:
      (void)stack_.shutdown(known->id);
      break;
    case 7:
      connect(Record{});
      break;
    case 8:
      send_some(*known, 2000);
      (void)stack_.close(known->id);
      break;
    case 9:
      unlisten(Record{});
      break;
    case 10:
      for (const Known& other : std::vector(known_)) (void)stack_.abort(other.id);
      break;
    default:
      break;
  }
}

void Application::on_event(const Event& event) {
  check(event.mask != 0, "an event without bits");
  if (event.has(Event::kAcceptable)) {
    check(std::ranges::find(listeners_, event.listener) != listeners_.end(),
          "an event of a listener that is gone");
    check(event.token == kListenerToken, "an event with another's token");
    if (!over_) react(event, nullptr);
    return;
  }
  Known* known = find(event.connection);
  check(known != nullptr, "an event of a connection that nobody opened or accepted");
  check(!known->ended, "an event after the last one");
  check(event.token == known->token, "an event with another's token");
  if (event.has(Event::kConnected)) {
    check(!known->connected, "a connection is established twice");
    known->connected = true;
  }
  if (event.has(Event::kClosed)) {
    check(event.reason != CloseReason::kNotClosed, "a connection has ended without a reason");
    known->ended = true;
    last_ended_ = known->id;
  }
  if (over_) return;
  react(event, known);
}

// ---- Checks ----

void Application::check_ended() const {
  if (last_ended_.generation != 0) {
    ConnectionInfo info;
    if (stack_.info(last_ended_, info))
      check(info.state == State::kDestroy, "a connection lives after its last event");
    check(stack_.send(last_ended_, {}).error() == Error::kNoSuchId &&
              stack_.close(last_ended_) == Error::kNoSuchId &&
              stack_.abort(last_ended_) == Error::kNoSuchId &&
              stack_.consume(last_ended_, 0) == Error::kNoSuchId &&
              stack_.shutdown(last_ended_) == Error::kNoSuchId,
          "the id of a connection that has ended finds something");
  }
  if (!gone_listeners_.empty()) {
    check(stack_.unlisten(gone_listeners_.back()) == Error::kNoSuchId &&
              stack_.accept(gone_listeners_.back()).error() == Error::kNoSuchId,
          "the id of a listener that is gone finds something");
  }
}

void Application::check_sent_segment(const Flow& flow, const test::WireSegment& segment) const {
  ConnectionInfo info;
  if ((segment.flags & test::kRst) != 0 || !stack_.info(flow.id, info) ||
      !in_state(info.state, kSynchronized))
    return;
  const Known* known = find(flow.id);
  if (known == nullptr) return;
  if ((segment.flags & test::kAck) != 0) {
    const std::uint32_t acknowledged = segment.ack - info.irs.value();
    check(acknowledged >= 1 && acknowledged <= info.rcv_nxt.value() - info.irs.value(),
          "what has not arrived is acknowledged");
  }
  const std::uint32_t at =
      segment.seq - info.iss.value() + ((segment.flags & test::kSyn) != 0 ? 1 : 0);
  if (segment.data.empty()) return;
  // A closed window is probed with one byte; retransmitted data may lie beyond a window that has
  // shrunk.
  const std::uint32_t end = segment.seq + static_cast<std::uint32_t>(segment.data.size());
  if (Seq(segment.seq) >= Seq(flow.seen)) {
    check(end - info.snd_una.value() <= std::max<std::uint32_t>(info.snd_wnd, 1),
          "new data is sent beyond the window");
  }
  check(at >= 1 && at + segment.data.size() <= 1 + known->sent, "data is sent that nobody gave");
  for (std::uint32_t i = 0; i < segment.data.size(); ++i) {
    check(std::byte(segment.data[i]) == byte_of(at + i), "other bytes are sent than were given");
  }
}

void Application::quiesce(bool abort) {
  over_ = true;
  for (const ListenerId listener : listeners_)
    check(stack_.unlisten(listener) == Error::kOk, "a listener is gone");
  listeners_.clear();
  for (const Known& known : known_) {
    if (abort) {
      (void)stack_.abort(known.id);
    } else {
      (void)stack_.close(known.id);
    }
  }
}

void Application::check_told(std::uint64_t lost) const {
  std::uint64_t silent = 0;
  for (const Known& known : known_) {
    silent += known.ended ? 0 : 1;
    ConnectionInfo info;
    check(!stack_.info(known.id, info), "an id finds something when everything is over");
  }
  check(silent <= lost, "a connection has ended of which nobody was told");
}

}  // namespace conker::fuzz
