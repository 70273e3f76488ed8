#include "tests/unit/script.hpp"

#include <algorithm>
#include <cstring>

#include "tests/support/segmentation.hpp"

namespace conker::test {
namespace {

// Timers count in ticks of 1024 us and round up, here and there twice.
constexpr Duration kLate = 4ms;
constexpr int kMaxTurns = 1000;

std::string at(const Where& where) {
  return std::string(where.file) + ":" + std::to_string(where.line) + ": ";
}

std::pair<std::uint32_t, std::uint32_t> key(ConnectionId id) {
  return {id.slot, id.generation};
}

Entropy fixed_entropy() {
  Entropy entropy;
  for (std::size_t i = 0; i < entropy.words.size(); ++i)
    entropy.words[i] = 0x9e3779b97f4a7c15u * (i + 1);
  return entropy;
}

bool matches(const Segment& wanted, const Segment& seen) {
  if (((wanted.flags ^ seen.flags) & ~kPsh) != 0 || wanted.data != seen.data) return false;
  if (wanted.sequence && wanted.sequence != seen.sequence) return false;
  if (wanted.acknowledgment && wanted.acknowledgment != seen.acknowledgment) return false;
  if (wanted.announced && wanted.announced != seen.announced) return false;
  if (wanted.segment_size && wanted.segment_size != seen.segment_size) return false;
  const Options &want = wanted.options, &have = seen.options;
  if (want.window_scale && want.window_scale != have.window_scale) return false;
  if (want.sack_permitted && want.sack_permitted != have.sack_permitted) return false;
  if (want.timestamps && want.timestamps != have.timestamps) return false;
  if (want.ecn && want.ecn != have.ecn) return false;
  if (want.user_timeout && want.user_timeout != have.user_timeout) return false;
  return !wanted.compare_sack || want.sack == have.sack;
}

}  // namespace

Capacities small_capacities() {
  return {.connections = 8,
          .half_open = 8,
          .time_wait = 8,
          .listeners = 4,
          .neighbours = 8,
          .addresses = 8,
          .interfaces = 2,
          .chunks = 256,
          .chunk_bytes = 2048,
          .transitions = 64,
          .routes = 4};
}

Settings plain_settings() {
  Settings settings;
  settings.rto_min = 1s;
  settings.send_buffer = 65535;
  settings.delayed_ack = Duration(0);
  return settings;
}

bool FakeLink::send(const FrameOut& frame, Instant) {
  if (busy) return false;
  Bytes bytes;
  for (const auto part : frame.parts) {
    bytes.insert(bytes.end(), part.begin(), part.end());
  }
  if (frame.segment != 0) {
    cut_sizes.push_back(frame.segment);
    complete_checksum(bytes);
  }
  sent.push_back(std::move(bytes));
  return true;
}

Script::Script(const Capacities& capacities, const Settings& settings, const Parts& parts,
               Family family)
    : family_(family), storage_(Stack::storage_bytes(capacities)) {
  stack_ = std::make_unique<Stack>(storage_.bytes(), capacities, settings, fixed_entropy(), parts);
  const bool v4 = family == Family::kIpv4;
  if (v4) ipv4_.emplace(stack_->parts(), fixed_entropy());
  if (!v4) ipv6_.emplace(stack_->parts(), fixed_entropy());
  stack_->begin(now_);
  const auto interface = stack_->add_interface(link_, kStackMac, 1500);
  EXPECT_TRUE(interface);
  EXPECT_EQ(stack_->add_address(*interface, Prefix{stack_address(), std::uint8_t(v4 ? 24 : 64)}),
            Error::kOk);
}

Script::~Script() {
  // A script must expect every segment that was sent.
  for (const auto& [segment, frame] : line_) {
    ADD_FAILURE() << "the script ends, but the stack had sent one more segment: flags "
                  << int{segment.flags} << ", data " << segment.data.size();
  }
}

// ---- Calls of the application ----

ConnectionId Script::connect(std::uint16_t port, Duration timeout) {
  ConnectRequest request;
  request.remote = {peer_address(), Port{port}};
  request.timeout = timeout;
  return connect(request);
}

ConnectionId Script::connect(const ConnectRequest& request) {
  const auto id = stack().connect(request);
  EXPECT_TRUE(id) << to_string(id.error());
  ConnectionInfo opened;
  EXPECT_TRUE(stack_->info(*id, opened));
  flow_ = peer(request.remote.port.value, opened.tuple.local_port.value, request.remote.address);
  flow().local = opened.tuple.local;
  turn();
  return *id;
}

ListenerId Script::listen(std::uint16_t port, std::uint32_t backlog, std::uint32_t half_open) {
  ListenRequest request;
  request.local.port = Port{port};
  request.backlog = backlog;
  request.half_open = half_open;
  const auto id = stack().listen(request);
  EXPECT_TRUE(id) << to_string(id.error());
  turn();
  return *id;
}

ConnectionId Script::accept(ListenerId listener, Where where) {
  const auto id = stack().accept(listener);
  EXPECT_TRUE(id) << at(where) << to_string(id.error());
  turn();
  return id ? *id : ConnectionId{};
}

std::uint32_t Script::send(ConnectionId id, std::string_view text) {
  const auto taken = stack().send(id, std::as_bytes(std::span(text)));
  turn();
  return taken ? *taken : 0;
}

std::string Script::receive(ConnectionId id, std::size_t most) {
  std::string text(most, '\0');
  const auto got = stack().receive(id, std::as_writable_bytes(std::span(text)));
  text.resize(got ? *got : 0);
  turn();
  return text;
}

// ---- The peer ----

std::size_t Script::peer(std::uint16_t peer_port, std::uint16_t local_port,
                         std::optional<IpAddress> peer) {
  Flow flow;
  flow.peer = peer.value_or(peer_address());
  flow.local = stack_address();
  flow.peer_port = peer_port;
  flow.local_port = local_port;
  flows_.push_back(flow);
  flow_ = flows_.size() - 1;
  return flow_;
}

Bytes Script::to_frame(const Segment& s) {
  Flow& f = flow();
  const std::uint32_t sequence = s.sequence.value_or(f.next);
  if (!s.sequence) f.next += s.length();
  WireSegment wire;
  wire.source = f.peer;
  wire.destination = f.local;
  wire.source_port = f.peer_port;
  wire.destination_port = f.local_port;
  wire.seq = f.peer_iss + sequence;
  if (s.flags & kAck) wire.ack = f.iss.value_or(0) + s.acknowledgment.value_or(f.seen);
  wire.flags = s.flags;
  wire.window = static_cast<std::uint16_t>(s.announced.value_or(65535));
  wire.mss = s.segment_size;
  wire.data = s.data;
  wire.options = s.options;
  if (!wire.options.timestamps && f.timestamp) {
    wire.options.timestamps = std::pair(*f.timestamp, f.timestamp_seen);
  }
  for (auto& [left, right] : wire.options.sack) {
    left += f.iss.value_or(0);
    right += f.iss.value_or(0);
  }
  return encode(wire, kPeerMac, kStackMac);
}

void Script::inject(const std::vector<Segment>& segments) {
  std::vector<Bytes> frames;
  frames.reserve(segments.size());
  for (const Segment& segment : segments) frames.push_back(to_frame(segment));
  inject_frames(frames);
}

void Script::inject_frames(const std::vector<Bytes>& frames) {
  one_turn(frames);
  settle();
}

void Script::inject_unreachable(std::uint8_t code, std::uint16_t mtu, std::uint8_t type) {
  inject_frames({encode_unreachable(last_expected_, code, kPeerAddress, mtu, type)});
}

// ---- Expectations ----

std::optional<Segment> Script::next_sent(const Where& where) {
  if (line_.empty()) return {};
  auto [wire, frame] = std::move(line_.front());
  line_.pop_front();
  last_expected_ = std::move(frame);

  Flow& f = flow();
  EXPECT_EQ(wire.destination, f.peer) << at(where) << "sent to another peer";
  EXPECT_EQ(wire.source_port, f.local_port)
      << at(where) << "sent from another port than the script speaks to";
  EXPECT_EQ(wire.destination_port, f.peer_port)
      << at(where) << "sent to another port than the script speaks for";
  if (wire.flags & kSyn) f.iss = wire.seq;
  Segment s(wire.flags, std::move(wire.data));
  s.sequence = wire.seq - f.iss.value_or(0);
  if (wire.flags & kAck) s.acknowledgment = wire.ack - f.peer_iss;
  s.announced = wire.window;
  s.segment_size = wire.mss;
  s.options = wire.options;
  s.options.sack_permitted = wire.options.sack_permitted.value_or(false);
  for (auto& [left, right] : s.options.sack) {
    left -= f.peer_iss;
    right -= f.peer_iss;
  }
  if (wire.options.timestamps) f.timestamp_seen = wire.options.timestamps->first;
  const std::uint32_t end = *s.sequence + s.length();
  if (!(s.flags & kRst) && static_cast<std::int32_t>(end - f.seen) > 0) f.seen = end;
  return s;
}

void Script::expect(const Segment& wanted, Where where) {
  const auto seen = next_sent(where);
  if (!seen) {
    ADD_FAILURE() << at(where) << "expected " << wanted << ", but nothing was sent";
  } else if (!matches(wanted, *seen)) {
    ADD_FAILURE() << at(where) << "expected " << wanted << ", but this was sent: " << *seen;
  }
}

void Script::expect_after(Duration later, const Segment& wanted, Where where) {
  expect_nothing_for(later - 1us, where);
  const Instant latest = now_ + 1us + kLate;
  while (line_.empty() && now_ < latest) {
    advance(std::clamp<Duration>(stack_->next_deadline() - now_, 1us, latest - now_));
  }
  expect(wanted, where);
}

void Script::expect_nothing(Where where) {
  while (const auto seen = next_sent(where)) {
    ADD_FAILURE() << at(where) << "expected nothing, but this was sent: " << *seen;
  }
}

void Script::expect_nothing_for(Duration duration, Where where) {
  expect_nothing(where);
  const Instant begin = now_, end = now_ + duration;
  while (now_ < end && line_.empty()) {
    advance(std::clamp<Duration>(stack_->next_deadline() - now_, 1us, end - now_));
  }
  while (const auto seen = next_sent(where)) {
    ADD_FAILURE() << at(where) << "expected nothing for " << duration.count() << " us, but after "
                  << (now_ - begin).count() << " us this was sent: " << *seen;
  }
  if (now_ < end) advance(end - now_);
}

std::vector<Segment> Script::take_all() {
  std::vector<Segment> all;
  while (auto seen = next_sent(Where::current())) all.push_back(std::move(*seen));
  return all;
}

std::vector<WireSegment> Script::take_frames() {
  std::vector<WireSegment> all;
  all.reserve(line_.size());
  for (auto& [segment, frame] : line_) all.push_back(std::move(segment));
  line_.clear();
  return all;
}

void Script::expect_events(ConnectionId id, int mask, Where where) {
  Pending& pending = pending_[key(id)];
  EXPECT_EQ(pending.mask, mask) << at(where);
  pending.mask = 0;
}

void Script::expect_ended(ConnectionId id, CloseReason reason, Where where) {
  Pending& pending = pending_[key(id)];
  EXPECT_TRUE(pending.ended) << at(where) << "its last event has not come";
  EXPECT_STREQ(to_string(pending.reason), to_string(reason)) << at(where);
  pending.mask = 0;
  ConnectionInfo gone;
  EXPECT_FALSE(stack_->info(id, gone)) << at(where) << "the reaper has not been there";
}

void Script::expect_state(ConnectionId id, State state, Where where) {
  ConnectionInfo i;
  if (!stack_->info(id, i)) {
    ADD_FAILURE() << at(where) << "the id names nothing any more, expected " << to_string(state);
  } else {
    EXPECT_STREQ(to_string(i.state), to_string(state)) << at(where);
  }
}

bool Script::acceptable(ListenerId listener) {
  return std::exchange(acceptable_[{listener.slot, listener.generation}], false);
}

ConnectionInfo Script::info(ConnectionId id) {
  ConnectionInfo i;
  EXPECT_TRUE(stack_->info(id, i)) << "the id names nothing";
  return i;
}

// ---- Handshakes ----

ConnectionId Script::established(std::uint16_t port, std::uint16_t peer_mss,
                                 std::uint32_t peer_window) {
  const ConnectionId id = connect(port);
  expect(Syn().seq(0));
  inject(SynAck().mss(peer_mss).win(peer_window));
  expect(Ack().seq(1).ack(1));
  expect_events(id, Event::kConnected);
  return id;
}

void Script::handshake(std::uint16_t peer_port, std::uint16_t local_port) {
  peer(peer_port, local_port);
  inject(Syn().mss(1460));
  expect(SynAck().seq(0).ack(1));
  inject(Ack());
}

ConnectionId Script::accepted(ListenerId listener, std::uint16_t peer_port,
                              std::uint16_t local_port) {
  handshake(peer_port, local_port);
  EXPECT_TRUE(acceptable(listener));
  return accept(listener);
}

// ---- Turns and time ----

void Script::drain() {
  Event event;
  for (int n = 0; stack_->next_event(event); ++n) {
    if (n > kMaxTurns) {
      ADD_FAILURE() << "events without end";
      return;
    }
    if (event.has(Event::kAcceptable)) {
      acceptable_[{event.listener.slot, event.listener.generation}] = true;
    } else {
      Pending& pending = pending_[key(event.connection)];
      EXPECT_FALSE(pending.ended) << "an event after the last event";
      pending.mask |= event.mask;
      if (event.has(Event::kClosed)) {
        pending.ended = true;
        pending.reason = event.reason;
        EXPECT_NE(event.reason, CloseReason{}) << "the last event gives no reason";
      }
    }
    if (on_event) on_event(event);
  }
}

void Script::collect() {
  for (Bytes& frame : link_.sent) {
    const auto is_at = [&frame](const MacAddress& mac) {
      return std::memcmp(frame.data(), mac.bytes.data(), mac.bytes.size()) == 0;
    };
    const bool to_group = (frame[0] & std::byte{1}) != std::byte{0};
    if (!is_at(peer_mac) && !to_group) continue;
    auto answer = answer_arp(frame, peer_mac);
    if (!answer) answer = answer_solicitation(frame, peer_mac);
    if (answer) {
      neighbour_answers_.push_back(std::move(*answer));
    } else if (auto segment = decode(frame)) {
      line_.emplace_back(std::move(*segment), std::move(frame));
    }
  }
  link_.sent.clear();
}

void Script::one_turn(std::span<const Bytes> frames) {
  std::vector<FrameIn> batch;
  batch.reserve(frames.size());
  for (const Bytes& frame : frames) batch.push_back({frame, ChecksumState::kUnknown});
  stack_->begin(now_);
  stack_->input(InterfaceId{0}, batch);
  stack_->timers();
  drain();
  stack_->output();
  stack_->reap();
  collect();
  if (const Audit audit = stack_->audit(); !audit.balanced())
    ADD_FAILURE() << "audit: " << audit.fault;
}

void Script::settle() {
  for (int n = 0; !neighbour_answers_.empty() || (stack_->wants_turn() && !link_.busy); ++n) {
    if (n > kMaxTurns) {
      ADD_FAILURE() << "the stack always wants another turn";
      return;
    }
    one_turn(std::exchange(neighbour_answers_, {}));
  }
}

void Script::turn() {
  one_turn({});
  settle();
}

void Script::advance(Duration duration) {
  const Instant end = now_ + duration;
  for (int still = 0; now_ < end;) {
    const Instant next = std::clamp(stack_->next_deadline(), now_, end);
    still = next == now_ ? still + 1 : 0;
    if (still > kMaxTurns) {
      ADD_FAILURE() << "time stands still: next_deadline() is always now";
      return;
    }
    now_ = next;
    turn();
  }
}

}  // namespace conker::test
