#include "stack/strike/strike.hpp"

#include <algorithm>
#include <memory>

namespace conker {
namespace {

constexpr Duration kMaxTimeout = 24h;
constexpr Duration kMaxDuration = 24h * 1000;
constexpr std::uint64_t kOfTheWays = 0x9e3779b97f4a7c15;  // makes a second seed of the first

bool within(Duration time, Duration most) {
  return Duration{0} <= time && time <= most;
}

bool sensible(const StrikeRequest& r, std::size_t slots) {
  const IpAddress& to = r.target.address;
  const bool a_host = !to.is_unspecified() && !to.is_multicast() && !to.is_limited_broadcast();
  return a_host && r.target.port.value != 0 && (r.cycles != 0 || r.duration != Duration{0}) &&
         within(r.duration, kMaxDuration) && r.concurrency != 0 && r.concurrency <= slots &&
         r.concurrency <= Strike::kMaxSlots && r.mix.total() != 0 && within(r.hold, kMaxTimeout) &&
         within(r.ramp, Pace::kMaxRamp) && within(r.connect_timeout - 1us, kMaxTimeout - 1us) &&
         within(r.close_timeout - 1us, kMaxTimeout - 1us);
}

/// What the cycle does next, and when.
const Behaviour::Step& next_step(const Strike::Slot& slot) {
  static constexpr Behaviour::Step kSay{Behaviour::When::kAckSent, Behaviour::What::kSend},
      kAwait{Behaviour::When::kAnswered, Behaviour::What::kSend},
      kLinger{Behaviour::When::kPeerFin, Behaviour::What::kClose};
  if (slot.lingers) return kLinger;
  if (slot.talk != 0) return slot.talk == 2 ? kSay : kAwait;
  return behaviour_of(slot.way).steps[slot.step];
}

}  // namespace

Strike::Strike(Stack& stack, std::span<Slot> slots, ClientId client, Observer* observer,
               Provoker* provoker, Dialogue* dialogue)
    : stack_(stack),
      slots_(slots),
      client_(client),
      observer_(observer),
      provoker_(provoker),
      dialogue_(dialogue) {}

// ---- Begin and end of the whole ----

Error Strike::start(const StrikeRequest& request) {
  if (running_) return Error::kAddressInUse;
  if (!sensible(request, slots_.size()) || !Origins::within(stack_.settings(), request.from_port))
    return Error::kInvalidArgument;
  if (request.mix.provokes() && provoker_ == nullptr) return Error::kInvalidArgument;
  if (request.expect != Expect::kNothing &&
      (dialogue_ == nullptr || !fits(request.expect, request.mix)))
    return Error::kInvalidArgument;
  if (request.mix.crosses() && (request.door == nullptr || !request.mix.sole()))
    return Error::kInvalidArgument;
  if (request.door != nullptr) {
    if (const Error error = request.door->open(request, client_); error != Error::kOk) return error;
  } else if (const auto source = stack_.network().source_for(request.target.address); !source) {
    return source.error();
  }

  const Instant now = stack_.now();
  request_ = request;
  std::construct_at(&report_);  // in place: it is large
  running_ = true;
  over_ = stopped_ = false;
  live_ = opening_ = given_up_ = 0;
  retransmits_ = 0;
  limit_ = request.concurrency;
  max_opening_ = request.max_opening == 0 ? request.concurrency : request.max_opening;
  free_ = kNone;
  lists_ = {};
  for (std::uint32_t i = request.concurrency; i-- > 0;) free_slot(i);

  started_ = retry_at_ = now;
  pace_ = Pace(request.rate, now, request.ramp);
  end_ = request.duration == Duration{0} ? kNever : now + request.duration;
  way_random_ = request.seed ^ kOfTheWays;
  shares_ = request.mix.total();
  origins_.begin(stack_.network(), request.target.address, request.seed, request.from_port);
  const Counters& counters = stack_.counters();
  evicted_before_ = counters[Count::time_wait_evicted];
  reused_before_ = counters[Count::time_wait_reused];
  return Error::kOk;
}

void Strike::step() {
  if (!running_) return;
  const Instant now = stack_.now();
  const List other = turn_ == List::kTurn ? List::kOtherTurn : List::kTurn;
  work_off(other, now);
  work_off(List::kHeld, now);
  give_up(now);
  poll(now);
  if (now >= end_ && !over_) {
    over_ = true;
    if (pace_.paced()) report_.missed += pace_.pass(end_);
    tell_missed(end_);
  }
  if (request_.door != nullptr) {
    accept_cycles(now);
    if (over_) request_.door->close();
  } else if (!over_) {
    begin_cycles(now);
  }
  turn_ = other;
  if (over_ && live_ == 0) finish(now);
}

void Strike::stop() {
  if (running_ && !over_) tell_missed(stack_.now());
  over_ = stopped_ = true;
}

void Strike::set_limit(std::uint32_t in_flight) {
  limit_ = std::clamp<std::uint32_t>(in_flight, 1, request_.concurrency);
}

void Strike::finish(Instant now) {
  static_cast<void>(report());
  report_.elapsed = now - started_;
  running_ = false;
}

Instant Strike::next_deadline() const {
  if (!running_) return kNever;
  // The last event of what was given up waits to be drained; and the end waits to be noticed.
  if (given_up_ != 0 || (over_ && live_ == 0)) return stack_.now();
  Instant deadline = kNever;
  if (!over_) {
    deadline = end_;
    if (request_.door == nullptr && has_room())
      deadline = std::min(deadline, std::max(pace_.due(), retry_at_));
  }
  for (std::size_t i = 0; i < lists_.size(); ++i)
    deadline = std::min(deadline, due_at(static_cast<List>(i)));
  return deadline;
}

const StrikeReport& Strike::report() const {
  if (!running_) return report_;
  report_.live = 0;
  report_.retransmits = retransmits_;
  for (const Slot& slot : slots_.first(request_.concurrency)) {
    if (slot.free) continue;
    ++report_.live;
    report_.retransmits += stack_.retransmits(slot.id);
  }
  report_.elapsed = stack_.now() - started_;
  const Counters& counters = stack_.counters();
  report_.time_wait_evicted = counters[Count::time_wait_evicted] - evicted_before_;
  report_.time_wait_reused = counters[Count::time_wait_reused] - reused_before_;
  return report_;
}

// ---- One cycle ----

void Strike::on_event(const Event& event) {
  const std::uint32_t index = event.token.value();
  if (!running_ || index >= request_.concurrency) return;
  Slot& slot = slots_[index];
  if (slot.free || slot.id != event.connection) return;

  const Instant now = stack_.now();
  if (event.has(Event::kConnected)) {
    if (slot.phase == StrikePhase::kConnecting) enter(slot, StrikePhase::kEstablished);
    report_.connect.add(now - slot.opened);
    if (observer_ != nullptr) {
      const auto late = pace_.paced() ? std::optional(Duration(slot.late)) : std::nullopt;
      observer_->on_connected(slot.id, now - slot.opened, late, now);
    }
  }
  if (event.has(Event::kClosed)) return end(index, event.reason, now);
  if (event.has(Event::kReadable)) slot.unread = true;
  if (event.has(Event::kPeerClosed)) slot.peer_closed = true;
  if (request_.expect != Expect::kNothing) hear(index);
  // The window stays open, but for a way that wants to leave something unread.
  if (event.has(Event::kReadable) && slot.way != WayToClose::kResetUnread) discard(slot.id);
  proceed(index, now);
}

void Strike::enter(Slot& slot, StrikePhase phase) {
  if (slot.phase == StrikePhase::kConnecting) --opening_;
  slot.phase = phase;
}

/// Does what the cycle's behaviour has next, as far as what it waits for has happened.
void Strike::proceed(std::uint32_t index, Instant now) {
  const Slot& slot = slots_[index];
  const auto happened = [&slot](Behaviour::When when) {
    return when == Behaviour::When::kBegun ||
           (when == Behaviour::When::kConnected && slot.phase == StrikePhase::kEstablished) ||
           (when == Behaviour::When::kData && slot.unread) ||
           (when == Behaviour::When::kAnswered && slot.answered) ||
           (when == Behaviour::When::kPeerFin && slot.peer_closed) ||
           (when == Behaviour::When::kPeerFinOrHeld && slot.peer_closed);
  };
  while (happened(next_step(slot).when)) act(index, now);
  wait(index, now);
}

/// Does the cycle's next step. Should the stack refuse, the close timeout finds out what is the
/// matter.
void Strike::act(std::uint32_t index, Instant now) {
  using What = Behaviour::What;
  Slot& slot = slots_[index];
  if (slot.talk != 0) return talk(index);
  What what = next_step(slot).what;
  if (slot.peer_closed && provokes(slot.way)) {
    // A peer that closes first is not provoked any more: it may have forgotten the connection.
    slot.step = Behaviour::kSteps - 1;
    what = What::kClose;
  }
  if (Behaviour::is_raw(what) && !provoker_->provoke(what, slot.id, pieces()))
    return push(index, turn_, now);
  what = close_passively(slot, what);
  if (!slot.lingers) ++slot.step;
  if (slot.phase != StrikePhase::kClosing) {
    unlink(index);
    if (!Behaviour::keeps_open(what)) {
      enter(slot, StrikePhase::kClosing);
      slot.since = now;
    }
  }
  send_or_close(slot, what);
}

/// What a step has the stack do.
void Strike::send_or_close(const Slot& slot, Behaviour::What what) {
  switch (what) {
    case Behaviour::What::kGreet:
      if (slot.unread) break;
      [[fallthrough]];
    case Behaviour::What::kSend:
      (void)stack_.send(slot.id, request_.payload);
      break;
    case Behaviour::What::kSmall:
    case Behaviour::What::kShut:
      (void)stack_.send(slot.id, at_least(StrikeRequest::kLonger));
      break;
    case Behaviour::What::kFinRest:
    case Behaviour::What::kFinOverlap:
      (void)stack_.send(slot.id, pieces());
      (void)stack_.shutdown(slot.id);
      break;
    case Behaviour::What::kLongFin:
      (void)stack_.send(slot.id, at_least(StrikeRequest::kSegments));
      (void)stack_.shutdown(slot.id);
      break;
    case Behaviour::What::kSendAndShutdown:
      (void)stack_.send(slot.id, request_.payload);
      [[fallthrough]];
    case Behaviour::What::kShutdown:
      (void)stack_.shutdown(slot.id);
      break;
    case Behaviour::What::kReset:
      (void)stack_.abort(slot.id);
      break;
    case Behaviour::What::kFillAndClose:
      (void)stack_.send(slot.id, request_.filling);
      [[fallthrough]];
    case Behaviour::What::kClose:
      discard(slot.id);
      [[fallthrough]];
    case Behaviour::What::kCloseUnread:
      (void)stack_.close(slot.id);
      break;
    default:  // has been sent
      break;
  }
}

/// The part of the payload that is sent in two pieces.
std::span<const std::byte> Strike::pieces() const {
  return request_.payload.first(std::min(request_.payload.size(), StrikeRequest::kMaxPieces));
}

/// The payload, or so much of the filling where it has less.
std::span<const std::byte> Strike::at_least(std::size_t bytes) const {
  const std::size_t least = std::min(request_.filling.size(), bytes);
  return request_.payload.size() < least ? request_.filling.first(least) : request_.payload;
}

/// Puts the cycle into the list in which it waits for its next step.
void Strike::wait(std::uint32_t index, Instant now) {
  const Slot& slot = slots_[index];
  switch (next_step(slot).when) {
    case Behaviour::When::kSynSent:
      return push(index, turn_, now);
    case Behaviour::When::kBegun:
    case Behaviour::When::kConnected:
      return;  // the stack gives up
    case Behaviour::When::kAckSent:
      if (slot.phase == StrikePhase::kEstablished) push(index, turn_, now);
      return;
    case Behaviour::When::kHeld:
    case Behaviour::When::kPeerFinOrHeld:
      if (slot.phase != StrikePhase::kConnecting) push(index, List::kHeld, now);
      return;
    case Behaviour::When::kAnswered:
      return push(index, request_.expect == Expect::kEcho ? List::kWaiting : List::kPolled, now);
    case Behaviour::When::kData:
    case Behaviour::When::kPeerFin:
    case Behaviour::When::kDone:
      if (slot.phase != StrikePhase::kConnecting) push(index, List::kWaiting, now);
  }
}

/// Reads what has arrived.
void Strike::discard(ConnectionId id) {
  if (const auto unread = stack_.unread(id); unread && unread->bytes != 0)
    (void)stack_.consume(id, unread->bytes);
}

// ---- What is due without an event ----

Duration Strike::delay(List list) const {
  if (list == List::kWaiting) return request_.close_timeout;
  return list == List::kHeld && !stopped_ ? request_.hold : Duration{0};
}

Instant Strike::due_at(List list) const {
  const std::uint32_t head = lists_[static_cast<std::size_t>(list)].head();
  if (head == kNone) return kNever;
  return list == List::kPolled ? poll_at_ : slots_[head].since + delay(list);
}

/// Takes the first slot out of a list if it is due; kNone if none is.
std::uint32_t Strike::take_due(List list, Instant now) {
  const std::uint32_t head = lists_[static_cast<std::size_t>(list)].head();
  if (head == kNone || now < due_at(list)) return kNone;
  unlink(head);
  return head;
}

void Strike::work_off(List list, Instant now) {
  for (std::uint32_t i = take_due(list, now); i != kNone; i = take_due(list, now)) {
    act(i, now);
    proceed(i, now);
  }
}

void Strike::give_up(Instant now) {
  for (std::uint32_t i = take_due(List::kWaiting, now); i != kNone;
       i = take_due(List::kWaiting, now))
    abandon(i, now);
}

/// Waits no longer for a cycle that is in no list.
void Strike::abandon(std::uint32_t index, Instant now) {
  slots_[index].given_up = true;
  ++given_up_;
  if (stack_.abort(slots_[index].id) == Error::kNoSuchId) end(index, CloseReason::kNotClosed, now);
}

void Strike::end(std::uint32_t index, CloseReason reason, Instant now) {
  Slot& slot = slots_[index];
  const Behaviour& behaviour = behaviour_of(slot.way);
  const bool closing = slot.phase == StrikePhase::kClosing;
  const bool aborted = reason == CloseReason::kAborted;
  std::optional<StrikeFailure> failure;
  std::optional<Duration> took;
  if (closing && !slot.given_up &&
      (aborted ? behaviour.resets : behaviour.closes && reason == CloseReason::kClosed)) {
    ++(aborted ? report_.aborted : report_.closed);
    took = now - slot.since;
    report_.close.add(*took);
    if (behaviour.reopens) remember(slot, now);
  } else if (kept(slot, reason)) {
    ++report_.aborted;
    ++report_.kept;
  } else if (behaviour.provokes_reset && slot.step != 0 && reason == CloseReason::kReset) {
    ++report_.aborted;
  } else {
    failure =
        failure_of(slot.phase, reason, slot.given_up, closing && stack_.fin_acknowledged(slot.id));
    if (slot.given_up && slot.talk == 1) failure = StrikeFailure::kPayloadUnanswered;
    ++report_.failures[static_cast<std::size_t>(*failure)];
  }
  if (observer_ != nullptr) {
    observer_->on_end({slot.id, cycle_of(slot), slot.way, failure, slot.opened, now,
                       slot.phase == StrikePhase::kConnecting, took});
  }
  retransmits_ += stack_.retransmits(slot.id);
  unlink(index);
  if (slot.phase == StrikePhase::kConnecting) --opening_;
  if (slot.given_up) --given_up_;
  free_slot(index);
  --live_;
}

// ---- Lists ----

void Strike::push(std::uint32_t index, List to, Instant now) {
  Slot& slot = slots_[index];
  if (slot.list != List::kUnlisted) return;
  slot.list = to;
  if (slot.phase != StrikePhase::kClosing) slot.since = now;
  lists_[static_cast<std::size_t>(to)].push(slots_, index);
}

void Strike::unlink(std::uint32_t index) {
  Slot& slot = slots_[index];
  if (slot.list != List::kUnlisted)
    lists_[static_cast<std::size_t>(slot.list)].remove(slots_, index);
  slot.list = List::kUnlisted;
}

void Strike::free_slot(std::uint32_t index) {
  slots_[index] = Slot();
  slots_[index].next = free_;
  free_ = index;
}

}  // namespace conker
