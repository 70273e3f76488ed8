#include "tests/sim/host.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "stack/tcp/cubic.hpp"
#include "stack/tcp/diagram.hpp"
#include "stack/tcp/sack_recovery.hpp"
#include "stack/tcp/tcp.hpp"
#include "tests/sim/floors.hpp"
#include "tests/sim/segment_text.hpp"
#include "tests/sim/stations.hpp"

namespace conker::sim {
namespace {

const Cubic kCubic;
const SackRecovery kRecovery;

constexpr Duration kTick = Tick::duration(1);

/// `need` bytes of zeroed memory, aligned to 16.
std::span<std::byte> zeroed(std::vector<std::uint64_t>& storage, std::size_t need) {
  storage.assign(need / sizeof(std::uint64_t) + 4, 0);
  const auto bytes = std::as_writable_bytes(std::span(storage));
  return bytes.subspan(reinterpret_cast<std::uintptr_t>(bytes.data()) % 16 == 0 ? 0 : 8);
}

}  // namespace

Host::Host(Context& context, std::uint32_t number)
    : context_(context),
      number_(number),
      config_(context.config.host[number]),
      application_(context, number),
      answers_(context, number) {
  build();
}

void Host::build() {
  const auto bytes = zeroed(storage_, Stack::storage_bytes(config_.capacities));
  Dice dice(context_.config.seed * 64 + number_ * 16 + lives_++);
  Entropy entropy;
  for (std::uint64_t& word : entropy.words) word = dice();
  if (config_.cookies) cookies_ = std::make_unique<SynCookies>(SipKey{dice(), dice()});
  udp_.reset();
  stack_ = std::make_unique<Stack>(bytes, config_.capacities, config_.settings, entropy, parts());
  ipv4_.emplace(stack_->parts(), entropy);
  if (config_.datagrams) {
    udp_ = std::make_unique<Udp>(zeroed(udp_storage_, Udp::storage_bytes(config_.capacities)),
                                 *stack_, entropy);
  }
  stack_->begin(context_.now);
  const MacAddress mac{{2, 0, 0, 0, 0, static_cast<std::uint8_t>(number_ + 1)}};
  const auto interface = stack_->add_interface(*this, mac, config_.mtu);
  const IpAddress address = IpAddress::v4(10, 0, 0, static_cast<std::uint8_t>(number_ + 1));
  expect(interface && stack_->add_address(*interface, {address, 24}) == Error::kOk,
         "an interface is refused");
  if (context_.config.siege) {
    expect(stack_->set_gateway(address_of_station(kRouter)) == Error::kOk, "a gateway is refused");
  }
  application_.run_on(*stack_);
  known_.assign(config_.capacities.connections, Known{});
  ring_.clear();
  time_wait_expired_ = 0;
  time_waits_ = 0;
  first_time_wait_end_ = kNever;
  last_turn_ = kNever;
}

Parts Host::parts() {
  Parts parts;
  if (config_.cubic) parts.cubic = &kCubic;
  if (config_.recovery) parts.recovery = &kRecovery;
  if (config_.cookies) parts.cookies = cookies_.get();
  reassembly_.reset();
  if (config_.fragments) {
    fragmented_ = {};
    reassembly_.emplace(fragmented_, whole_, config_.capacities.chunks);
    parts.reassembler = &*reassembly_;
  }
  return parts;
}

void Host::crash() {
  context_.tell("       host %u crashes", number_);
  ++context_.figures.crashes;
  context_.figures.opened +=
      stack_->counters()[Count::opened_active] + stack_->counters()[Count::opened_passive];
  application_.crash();
  context_.conversations.forget(address_of_host(number_));
  in_event_.clear();
  last_segment_.clear();
  build();
}

// ---- The link ----

bool Host::send(const FrameOut& frame, Instant now) {
  if (now < busy_until_) return false;
  std::array<std::byte, Wire::kFrameBytes> bytes;
  const std::size_t length = frame.size();
  if (length > bytes.size() || length > config_.mtu + 14u) {
    expect(false, "a frame larger than the link carries");
    return true;
  }
  std::byte* at = bytes.data();
  for (const auto part : frame.parts) {
    at = std::copy(part.begin(), part.end(), at);
  }
  const auto whole = std::span<const std::byte>(bytes).first(length);
  ++frames_sent_;
  verdict::Segment segment;
  const verdict::Parsed parsed = verdict::parse(whole, segment);
  expect(!verdict::malformed(parsed), "a frame with a wrong length or checksum");
  const Fate fate = context_.wire.send(number_, whole, now);
  if (parsed == verdict::Parsed::kTcp) {
    ++context_.figures.segments;
    expect(segment.source.address == address_of_host(number_),
           "a segment from an address that is not its own");
    judge(segment);
    if (context_.config.siege) answers_.said(segment, *stack_);
    last_segment_.assign(whole.begin(), whole.end());
  }
  if (context_.trace != nullptr) {
    context_.tell("  %u -> %s%s", number_,
                  parsed == verdict::Parsed::kTcp ? to_string(segment).c_str() : "ARP or ICMP",
                  to_string(fate));
  }
  if (context_.capture != nullptr) context_.capture->on_frame({frame.parts, Direction::kOut}, now);
  return true;
}

void Host::judge(const verdict::Segment& segment) {
  const verdict::Excuses excuses{.unseen_segments = drops_unseen(), .syn_cookies = gave_cookies()};
  if (context_.config.siege && Answers::of_time_wait(segment, *stack_)) return;
  const auto finding = context_.conversations.on_sent(segment, excuses);
  if (!finding) return;
  const char* fault = verdict::info_of(finding->rule).text;
  context_.tell("       the next is wrong: %s", fault);
  expect(false, fault);
}

bool Host::drops_unseen() const {
  const Counters& n = stack_->counters();
  return n[Count::drop_neighbour_queue] + n[Count::neighbours_failed] +
             n[Count::neighbours_evicted] + n[Count::frames_refused] >
         0;
}

void Host::hear(std::span<const FrameIn> frames) {
  for (const FrameIn& frame : frames) {
    verdict::Segment segment;
    if (verdict::parse(frame.bytes, segment) != verdict::Parsed::kTcp) continue;
    // The judge gets no forged segments, except SYNs, any of which may open a connection.
    const bool forged =
        std::ranges::equal(frame.bytes.subspan(6, 6), std::as_bytes(std::span(kRouterMac.bytes)));
    if (!forged || segment.opens()) context_.conversations.on_received(segment);
    if (context_.config.siege) answers_.heard(segment, forged);
    if (context_.trace != nullptr)
      context_.tell("  %u <- %s%s", number_, to_string(segment).c_str(), forged ? " (forged)" : "");
    if (!context_.config.alter_payload || segment.data.size() < 64) continue;
    // Swaps two words, which does not change the checksum.
    auto* data = const_cast<std::byte*>(segment.data.data());
    std::swap_ranges(data + 8, data + 10, data + 12);
  }
}

// ---- A turn ----

Instant Host::next() const {
  Instant next = std::min(context_.wire.next(number_), stack_->next_deadline());
  // An application that ignores its events leaves them queued.
  const bool wants = deaf_ ? stack_->wants_output() : stack_->wants_turn();
  if (wants || called_) next = context_.now;
  // A turn is due when the link takes frames again: the stack's deadlines do not cover it.
  if (busy_until_ > context_.now) next = std::min(next, busy_until_);
  if (last_turn_ == kNever || (last_turn_ < busy_until_ && busy_until_ <= context_.now))
    next = context_.now;
  return next;
}

bool Host::wants_turn() const {
  return next() <= context_.now;
}

std::optional<Op> Host::take_op_for_event() {
  if (in_event_.empty()) return std::nullopt;
  const Op op = in_event_.front();
  in_event_.pop_front();
  return op;
}

void Host::turn() {
  ++context_.figures.turns;
  if (context_.heartbeat != nullptr) *context_.heartbeat = *context_.heartbeat + 1;
  last_turn_ = context_.now;
  called_ = false;
  stack_->begin(context_.now);
  const auto frames = context_.wire.arrived(number_, context_.now);
  hear(frames);
  stack_->input(InterfaceId{0}, frames);
  stack_->timers();
  check_records();
  if (context_.config.siege) answers_.check(*stack_);
  if (!deaf_) drain();
  stack_->output();
  check_transitions();
  stack_->reap();
  check_connections();
}

void Host::drain() {
  Event event;
  // A call while an event is handled may cause another event, but not without end.
  for (int i = 0; stack_->next_event(event); ++i) {
    if (i == 10'000) return expect(false, "events without end in one turn");
    if (context_.trace != nullptr) {
      context_.tell("       host %u: event %u.%u mask %u %s", number_, event.connection.slot,
                    event.connection.generation, event.mask,
                    event.has(Event::kClosed) ? to_string(event.reason) : "");
    }
    application_.on_event(event);
    if (context_.fault != nullptr) return;
    if (auto op = take_op_for_event()) on_event_op(world, number_, *op);
  }
}

// ---- Checks after every turn ----

// Entries of the ring have no numbers: new ones follow the last entry of the previous check. No two
// entries are alike, since a connection enters each state once.
void Host::check_transitions() {
  scratch_.clear();
  stack_->tcp().for_each_transition([this](const Transition& t) { scratch_.push_back(t); });
  std::size_t fresh = 0;
  if (!ring_.empty()) {
    const Transition& last = ring_.back();
    for (std::size_t i = scratch_.size(); i-- > 0;) {
      if (scratch_[i].id == last.id && scratch_[i].to == last.to && scratch_[i].at == last.at) {
        fresh = i + 1;
        break;
      }
    }
  }
  for (; fresh < scratch_.size(); ++fresh) check_transition(scratch_[fresh]);
  std::swap(ring_, scratch_);
  expect(time_waits_ == stack_->counters()[Count::time_wait_created],
         "a connection went into TIME-WAIT and left no record");
}

void Host::check_transition(const Transition& t) {
  ++context_.figures.transitions;
  context_.tell("       host %u: %u.%u %s -> %s (%s)", number_, t.id.slot, t.id.generation,
                to_string(t.from), to_string(t.to), to_string(t.cause));
  const Edge* edge = find_edge(t.from, t.to);
  expect(edge != nullptr, "a change of state that the diagram does not have");
  expect(edge == nullptr || (edge->causes >> static_cast<unsigned>(t.cause) & 1) != 0,
         "a change of state for a cause that cannot be");
  context_.taken.add(t.from, t.to, t.cause);
  Known& known = known_[t.id.slot];
  const State before = known.generation == t.id.generation ? known.state : State::kClosed;
  expect(t.from == before, "a state that changed without a transition");
  expect(t.id.generation >= known.generation, "a generation that goes back");
  known = {t.id.generation, t.to};
  time_waits_ += t.to == State::kTimeWait ? 1 : 0;
  if (t.cause != Cause::kSegmentReset) return;
  ConnectionInfo info;
  if (!stack_->info(t.id, info)) return;
  const verdict::Conversation& side = context_.conversations.side(info.tuple);
  const bool heard =
      t.from == State::kSynSent ? side.refused(info.iss) : side.reset_at(info.rcv_nxt);
  expect(heard, "reset, and no RST with the right number came");
}

void Host::check_records() {
  Instant first = kNever;
  const Instant now = context_.now;
  stack_->tcp().for_each_time_wait([&](const TimeWaitInfo& info) {
    expect(info.remaining > Duration(0), "a TIME-WAIT record is past its end");
    expect(info.remaining <= config_.settings.time_wait + kTick,
           "a TIME-WAIT record that lasts too long");
    first = std::min(first, now + info.remaining);
  });
  const std::uint64_t expired = stack_->counters()[Count::time_wait_expired];
  expect(expired == time_wait_expired_ || first_time_wait_end_ <= now,
         "a TIME-WAIT record ended early");
  time_wait_expired_ = expired;

  Duration longest{0};
  for (int i = 0; i <= config_.settings.syn_ack_retransmits; ++i) {
    longest += std::min(config_.settings.rto_initial * (1 << i), config_.settings.rto_max) + kTick;
  }
  stack_->tcp().for_each_half_open([&](const HalfOpenInfo& info) {
    expect(info.age <= longest, "a half-open record that lasts too long");
  });
}

void Host::check_connections() {
  const Audit audit = stack_->audit();
  ++context_.figures.audits;
  expect(audit.balanced(), audit.fault);
  check_floors();
  const Instant next = stack_->next_deadline();
  stack_->tcp().for_each_connection(
      [&](const ConnectionInfo& info) { check_connection(info, next); });
  first_time_wait_end_ = kNever;
  stack_->tcp().for_each_time_wait([&](const TimeWaitInfo& info) {
    first_time_wait_end_ = std::min(first_time_wait_end_, context_.now + info.remaining);
  });
  expect(next <= first_time_wait_end_, "nobody will come for a TIME-WAIT record");
}

void Host::check_floors() {
  const auto check = [this](bool is_there, std::initializer_list<Use> uses) {
    for (const Use use : uses) {
      const char* fault = is_there ? check_floor(stack_->chunks(), use) : nullptr;
      expect(fault == nullptr, fault);
    }
  };
  check(true, {Use::kReceive, Use::kSend, Use::kOutOfOrder, Use::kNeighbours});
  check(config_.recovery, {Use::kScoreboard});
  check(config_.fragments, {Use::kFragments});
  check(config_.datagrams, {Use::kDatagrams});
}

void Host::check_connection(const ConnectionInfo& info, Instant next) {
  const Known& known = known_[info.id.slot];
  expect(known.generation == info.id.generation && known.state == info.state,
         "a state that changed without a transition");
  const Talk* talk = std::as_const(application_).find(info.id);
  const bool listed = info.passive && talk == nullptr;  // may wait for accept()
  expect(talk != nullptr || listed, "a connection that nobody opened");
  if (info.state == State::kDestroy) {
    const bool may_stay = deaf_ || context_.now < busy_until_;
    expect(may_stay, "a connection in Destroy was not reaped");
    return;
  }
  expect(talk == nullptr || !talk->ended, "a connection lives after its last event");
  Instant first = kNever;
  for (const Instant at :
       {info.retransmit_at, info.persist_at, info.connect_timeout_at, info.fin_wait_2_at,
        info.delayed_ack_at, info.keepalive_at, info.user_timeout_at, info.linger_at}) {
    first = std::min(first, at);
  }
  expect(first > context_.now - kTick, "a timer of a connection did not fire");
  expect(next <= std::max(first, context_.now), "the next deadline is later than a timer");
  if (in_state(info.state, kSynchronized) && context_.now >= busy_until_) check_said(info);
  if (in_state(info.state, states(State::kSynSent, State::kSynReceived))) {
    expect(info.connect_timeout_at != kNever, "a connect without a timeout");
  }
  if (info.state == State::kFinWait2 && info.application_closed) {
    expect(info.fin_wait_2_at != kNever,
           "a closed connection waits for the peer's FIN without a bound");
  }
}

// Received data must have been acknowledged, or the delayed ACK timer be set; and the window must
// be open when all data was read.
void Host::check_said(const ConnectionInfo& info) {
  const auto ack = context_.conversations.side(info.tuple).last_ack(info.iss);
  const bool told = !ack || *ack == info.rcv_nxt || drops_unseen() || gave_cookies();
  expect(told || info.delayed_ack_at != kNever,
         "what has arrived is not acknowledged, and no timer will do it");
  const std::uint32_t little = std::min<std::uint32_t>(info.receive_limit / 2, 500);
  const bool empty = info.receive_queue == 0 && info.out_of_order == 0 && !info.application_closed;
  expect(!empty || !in_state(info.state, kReceiving) || info.rcv_wnd >= little,
         "the window stays closed although everything has been read");
}

// ---- The end ----

void Host::note_progress() {
  progress_.clear();
  stack_->tcp().for_each_connection([this](const ConnectionInfo& info) {
    progress_.push_back({info.id, info.snd_una});
  });
}

void Host::check_nothing_waits(const Host& peer) {
  stack_->tcp().for_each_connection([&](const ConnectionInfo& mine) {
    if (!in_state(mine.state, kSynchronized) || mine.send_queue == 0) return;
    const bool stands = std::any_of(progress_.begin(), progress_.end(), [&](const Progress& p) {
      return p.id == mine.id && p.snd_una == mine.snd_una;
    });
    if (!stands) return;
    peer.stack_->tcp().for_each_connection([&](const ConnectionInfo& theirs) {
      const bool pair = theirs.tuple.local == mine.tuple.remote &&
                        theirs.tuple.remote == mine.tuple.local &&
                        theirs.tuple.local_port == mine.tuple.remote_port &&
                        theirs.tuple.remote_port == mine.tuple.local_port &&
                        theirs.irs == mine.iss && mine.irs == theirs.iss;
      const bool reads = in_state(theirs.state, kReceiving) && theirs.receive_queue == 0;
      expect(!pair || !reads, "data waits for ever on a clean wire");
    });
  });
}

void Host::check_nothing_left() {
  const Audit audit = stack_->audit();
  expect(audit.live == 0, "a connection is left over");
  expect(audit.half_open == 0, "a half-open record is left over");
  expect(audit.time_wait == 0, "a TIME-WAIT record is left over");
  expect(audit.listeners == 0, "a listener is left over");
  expect(audit.chunks_held == 0, "a chunk is left over");
  expect(stack_->counters()[Count::reaped] == audit.opened,
         "opened connections and reaped ones differ");
  std::uint64_t untold = 0;
  for (const Talk& talk : application_.talks()) untold += talk.over() ? 0 : 1;
  expect(untold <= stack_->counters()[Count::events_lost],
         "a connection whose end nobody was told of");
  context_.figures.opened += audit.opened;
}

}  // namespace conker::sim
