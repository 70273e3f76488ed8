// Performs actions, and checks what the stack's answer alone can tell of each.
#include "tests/explore/world.hpp"

#include <algorithm>
#include <new>

#include "stack/ip4/ipv4.hpp"
#include "stack/tcp/diagram.hpp"
#include "stack/tcp/tcp.hpp"
#include "stack/wire/arp.hpp"
#include "stack/wire/ethernet.hpp"

namespace conker::explore {
namespace {

constexpr Duration kBound = Tick::duration(4);  // time limit of kCloseSoon
constexpr Instant kBeginning = Instant(Duration(1 << 20));
constexpr int kMostEvents = 16;

Entropy fixed_entropy() {
  Entropy entropy;
  for (std::size_t i = 0; i < entropy.words.size(); ++i)
    entropy.words[i] = 0x9e3779b97f4a7c15u * (i + 1);
  return entropy;
}

/// The effect that a segment must have, where RFC 9293 leaves no choice.
enum class Fate : std::uint8_t { kOpen, kEnds, kMovesOn };

Fate fate(Kind kind, const Counterpart& c) {
  const bool acks_all = kind == Kind::kAck || kind == Kind::kZeroWindow || kind == Kind::kFin;
  // A FIN at another place than the peer's first one is ignored.
  const bool fin = (kind == Kind::kFin || kind == Kind::kFinCross) && !c.peer_fin_seen;
  const bool syn_out = c.snd_nxt != c.snd_una;
  // Data that no application will read must be answered by a reset.
  const bool in_vain =
      (kind == Kind::kData || kind == Kind::kFinData) && c.application_closed && c.window > 0;
  switch (c.state) {
    case State::kSynSent:
      if (kind == Kind::kRst && syn_out) return Fate::kEnds;
      return kind == Kind::kSyn || (kind == Kind::kSynAck && syn_out) ? Fate::kMovesOn
                                                                      : Fate::kOpen;
    case State::kSynReceived:
      if (kind == Kind::kRst) return Fate::kEnds;
      return acks_all && syn_out ? Fate::kMovesOn : Fate::kOpen;
    case State::kEstablished:
    case State::kFinWait2:
      if (kind == Kind::kRst || in_vain) return Fate::kEnds;
      return fin && c.window > 0 ? Fate::kMovesOn : Fate::kOpen;
    case State::kFinWait1:
    case State::kClosing:
    case State::kLastAck:
      if (kind == Kind::kRst || (in_vain && c.state == State::kFinWait1)) return Fate::kEnds;
      return acks_all && c.fin_sent ? Fate::kMovesOn : Fate::kOpen;
    case State::kCloseWait:
      return kind == Kind::kRst ? Fate::kEnds : Fate::kOpen;
    default:
      return Fate::kOpen;
  }
}

}  // namespace

bool Wire::send(const FrameOut& frame, Instant) {
  constexpr std::size_t kProtocolAt = 23, kFlagsAt = 47;
  const auto head = frame.parts[0];
  const auto ethernet = parse_ethernet(head);
  if (ethernet && ethernet->type == kEtherTypeArp) {
    arp = true;
    return true;
  }
  if (busy) return false;
  if (head.size() <= kFlagsAt || head[kProtocolAt] != std::byte{kProtocolTcp}) return true;
  ++segments;
  if ((head[kFlagsAt] & std::byte{TcpFlags::kRst}) != std::byte{0}) ++resets;
  return true;
}

// ---- Initial state ----

World::World(const Scene& scene) : scene_(scene) {
  for (std::uint32_t i = 0; i < scene.tuples; ++i) peers_.emplace_back(i);
  const auto lines = [](std::size_t n) { return (n + sizeof(Line) - 1) / sizeof(Line); };
  const std::size_t storage = Stack::storage_bytes(scene.capacities);
  const std::size_t ipv4_at = lines(sizeof(Stack));
  const std::size_t storage_at = ipv4_at + lines(sizeof(Ipv4));
  const std::size_t ledger_at = storage_at + lines(storage);
  block_.resize(ledger_at + lines(sizeof(Ledger)));
  size_ = ledger_at * sizeof(Line) + sizeof(Ledger);
  stack_ = new (&block_[0])
      Stack(std::span(block_[storage_at].bytes.data(), storage), scene.capacities, scene.settings,
            fixed_entropy(), {.recovery = scene.settings.sack ? &recovery_ : nullptr});
  new (&block_[ipv4_at]) Ipv4(stack_->parts(), fixed_entropy());
  ledger_ = new (&block_[ledger_at]) Ledger();
  set_up();
}

World::~World() {
  stack_->~Stack();
}

void World::set_up() {
  ledger_->now = kBeginning;
  stack_->begin(ledger_->now);
  const auto interface = stack_->add_interface(wire_, kStackMac, 1500);
  static_cast<void>(stack_->add_address(*interface, {kStackAddress, 24}));
  hear_from_neighbour();
  while (stack_->next_deadline() != kNever) go_on();
  // Time begins at the beginning of a tick, as all deadlines do: the time left to them is always a
  // whole number of ticks.
  ledger_->now = Tick::ceil(ledger_->now).instant(ledger_->now);
  stack_->begin(ledger_->now);
}

// An ARP request for the host's address tells the peers' link address.
void World::hear_from_neighbour() {
  std::array<std::byte, kEthernetHeader + kArpLength> frame{};
  const ArpPacket question{ArpPacket::Operation::kRequest, kPeerMac, kPeerAddress, MacAddress(),
                           kStackAddress};
  emit_ethernet({kStackMac, kPeerMac, kEtherTypeArp, {}}, frame);
  emit_arp(question, std::span(frame).subspan(kEthernetHeader));
  const FrameIn in{frame};
  stack_->input(InterfaceId{0}, std::span(&in, 1));
}

// ---- Possible actions ----

bool World::possible(const Action& action) const {
  const TcpTables& t = stack_->tcp().tables();
  const auto lives = [&](std::uint32_t slot) {
    return t.connections.live(slot) && t.connections[slot].state != State::kDestroy;
  };
  switch (action.verb) {
    case Verb::kSegment:
    case Verb::kConnect:
      return action.subject <= ledger_->peers_met;
    case Verb::kUnreachable: {
      if (action.subject >= ledger_->peers_met) return false;
      const Counterpart c = look(*stack_, action.subject);
      return c.what == Counterpart::What::kConnection && c.state == State::kSynSent;
    }
    case Verb::kClose:
    case Verb::kCloseSoon:
    case Verb::kAbort:
    case Verb::kShutdown:
    case Verb::kSend:
      return ledger_->held[action.subject].open && lives(action.subject);
    case Verb::kReceive:
      return ledger_->held[action.subject].open && lives(action.subject) &&
             !t.connections[action.subject].receive_queue.empty();
    case Verb::kAbortWaiting:
    case Verb::kCloseWaiting:
      return lives(action.subject) && t.connections[action.subject].listed.accept_queue;
    case Verb::kListen:
      return !ledger_->listening;
    case Verb::kUnlisten:
    case Verb::kAccept:
      return ledger_->listening;
    case Verb::kTime:
      return stack_->next_deadline() != kNever;
    case Verb::kEvent:
      return t.ready.head() != kNone || t.ready_listeners.head() != kNone;
    case Verb::kOutput:
      return t.dirty.head() != kNone || t.fresh_dirty;
    case Verb::kReap:
      return t.reap.head() != kNone || t.waiting_for_slot;
    default:
      return true;
  }
}

const char* World::run(const Action& action) {
  complaint_ = nullptr;
  wire_.busy = ledger_->link_busy;
  wire_.segments = wire_.resets = 0;
  const std::uint32_t connections = stack_->tcp().connection_count();
  const std::uint64_t reaped = stack_->counters()[Count::reaped];
  act(action);
  if (action.verb < Verb::kReap && (stack_->tcp().connection_count() < connections ||
                                    stack_->counters()[Count::reaped] != reaped)) {
    complain("a connection was freed, and not by reap()");
  }
  if (scene_.whole_turns && action.verb < Verb::kTurn && complaint_ == nullptr)
    act({.verb = Verb::kTurn});
  return complaint_;
}

void World::act(const Action& action) {
  switch (action.verb) {
    case Verb::kSegment:
    case Verb::kUnreachable:
      return arrive(action);
    case Verb::kConnect:
      return connect(action.subject);
    case Verb::kClose:
    case Verb::kCloseSoon:
    case Verb::kAbort:
    case Verb::kShutdown:
    case Verb::kSend:
    case Verb::kReceive:
      return call(action, ledger_->held[action.subject].id);
    case Verb::kAbortWaiting:
    case Verb::kCloseWaiting:
      return meet_waiting(action);
    case Verb::kListen:
      return listen();
    case Verb::kUnlisten:
      if (stack_->unlisten(ledger_->listener) != Error::kOk) complain("a listener cannot be ended");
      ledger_->listening = false;
      ledger_->last_listener = ledger_->listener;
      return;
    case Verb::kAccept:
      return accept();
    case Verb::kTime:
      return go_on();
    case Verb::kEvent:
      take_event();
      return;
    case Verb::kOutput:
      return output();
    case Verb::kReap:
      return reap();
    case Verb::kTurn:
      take_all_events();
      output();
      return reap();
    case Verb::kLink:
      ledger_->link_busy = !ledger_->link_busy;
      wire_.busy = ledger_->link_busy;
      return;
    case Verb::kQuiesceByAbort:
    case Verb::kQuiesceByClosing:
      return quiesce(action);
  }
}

void World::arrive(const Action& action) {
  const std::uint32_t peer = action.subject;
  ledger_->peers_met =
      static_cast<std::uint8_t>(std::max<std::uint32_t>(ledger_->peers_met, peer + 1));
  const Counterpart to = look(*stack_, peer);
  if (action.verb == Verb::kUnreachable) {
    const test::Bytes frame = peers_[peer].unreachable(to.snd_una);
    const FrameIn in{frame, ChecksumState::kVouched};
    return stack_->input(InterfaceId{0}, std::span(&in, 1));
  }
  const FrameIn in{peers_[peer].segment(action.kind, to), ChecksumState::kVouched};
  stack_->input(InterfaceId{0}, std::span(&in, 1));

  const bool reset = action.kind >= Kind::kRst && action.kind <= Kind::kRstOutside;
  if (wire_.segments > 1) complain("one segment was answered at once by more than one");
  if (reset && wire_.resets > 0) complain("a reset was answered by a reset");
  if (to.what == Counterpart::What::kNothing) {
    if (reset && wire_.segments > 0) complain("a reset to nobody was answered");
    return;
  }
  if (to.what == Counterpart::What::kConnection) {
    const Connection& c = stack_->tcp().tables().connections[to.slot];
    const Fate expected = fate(action.kind, to);
    if (expected == Fate::kEnds && c.state != State::kDestroy) {
      complain("a segment that must end a connection did not");
    }
    if (expected == Fate::kMovesOn && c.state == to.state) {
      complain("a segment that must move a connection on did not");
    }
    const bool forged = action.kind == Kind::kRstInside || action.kind == Kind::kRstOutside;
    if (forged && c.state != to.state) complain("a reset was believed that must not be");
    return;
  }
  const Counterpart::What left = look(*stack_, peer).what;
  if (action.kind == Kind::kRst && left == to.what)
    complain("a reset was not believed by a record");
  if (action.kind != Kind::kRst && left == Counterpart::What::kNothing) {
    complain("a record went, and nothing took its place");
  }
}

// ---- The application ----

void World::give(ConnectionId id) {
  if (id.slot >= kMostSlots) return complain("an id with a slot that there is not");
  Ledger::Held& held = ledger_->held[id.slot];
  if (held.open) complain("a slot was given out again before its application was told of the end");
  if (id.generation <= ledger_->newest[id.slot]) complain("an id was given out twice");
  held = {id, true};
  ledger_->newest[id.slot] = id.generation;
}

void World::connect(std::uint32_t peer) {
  ledger_->peers_met =
      static_cast<std::uint8_t>(std::max<std::uint32_t>(ledger_->peers_met, peer + 1));
  const Counterpart before = look(*stack_, peer);
  const bool full = stack_->tcp().connection_count() == scene_.capacities.connections;
  ConnectRequest request;
  request.remote = {kPeerAddress, tuple_of(peer).remote_port};
  request.local_port = kStackPort;
  const auto id = stack_->connect(request);
  const bool taken =
      before.what == Counterpart::What::kConnection || before.what == Counterpart::What::kHalfOpen;
  if (id) {
    if (taken) complain("an open was given a four-tuple that is taken");
    return give(*id);
  }
  if (!taken && !full) complain("an open failed though there was room for it");
}

void World::call(const Action& action, ConnectionId id) {
  static constexpr std::array<std::byte, kPiece> kBytes{};
  std::array<std::byte, 4 * kPiece> room;
  switch (action.verb) {
    case Verb::kClose:
      return static_cast<void>(stack_->close(id));
    case Verb::kCloseSoon:
      if (stack_->close(id, kBound) == Error::kOk) {
        const Connection& c = stack_->tcp().tables().connections[id.slot];
        if (c.state != State::kDestroy && !c.timers.is_armed(Timer::kLinger))
          complain("a close with a bound has none");
      }
      return;
    case Verb::kAbort:
      if (stack_->abort(id) != Error::kOk) complain("a connection cannot be aborted");
      return;
    case Verb::kShutdown:
      return static_cast<void>(stack_->shutdown(id));
    case Verb::kSend:
      return static_cast<void>(stack_->send(id, kBytes));
    default:
      return static_cast<void>(stack_->receive(id, room));
  }
}

// Aborts a connection that waits for accept, whose id an application can only know from the list of
// connections.
void World::meet_waiting(const Action& action) {
  const ConnectionId id = stack_->tcp().tables().connections.id(action.subject);
  give(id);
  const Error error = action.verb == Verb::kAbortWaiting ? stack_->abort(id) : stack_->close(id);
  if (error != Error::kOk) complain("a connection that waits to be accepted cannot be ended");
}

void World::listen() {
  ListenRequest request;
  request.local.port = kStackPort;
  request.backlog = scene_.backlog;
  request.half_open = scene_.half_open;
  const auto id = stack_->listen(request);
  if (!id) return complain("a listener cannot be made");
  if (*id == ledger_->last_listener) complain("the id of a listener was given out twice");
  ledger_->listener = *id;
  ledger_->listening = true;
}

void World::accept() {
  const TcpTables& t = stack_->tcp().tables();
  const bool waiting = !t.listeners[ledger_->listener.slot].accept_queue.empty();
  const auto id = stack_->accept(ledger_->listener);
  if (!id) {
    if (waiting) complain("a connection waits and accept() does not give it");
    return;
  }
  if (!waiting) return complain("accept() gave a connection that did not wait");
  if (!t.connections.holds(*id)) return complain("accept() gave an id that names nothing");
  const Connection& c = t.connections[id->slot];
  if (!in_state(c.state, states(State::kEstablished, State::kCloseWait))) {
    complain("accept() gave a connection that is not established");
  }
  if (c.listed.accept_queue) complain("accept() gave a connection and left it in the queue");
  give(*id);
}

// ---- The turn ----

void World::go_on() {
  ledger_->now = std::max(ledger_->now, stack_->next_deadline());
  stack_->begin(ledger_->now);
  wire_.arp = false;
  stack_->timers();
  // After a timeout TCP has the neighbour verified. Its reply comes at once, so that ARP is no part
  // of any state.
  if (wire_.arp) hear_from_neighbour();
  if (stack_->next_deadline() <= ledger_->now) complain("timers() left something that is due");
  stack_->tcp().for_each_time_wait([this](const TimeWaitInfo& record) {
    if (record.remaining <= Duration(0)) complain("timers() left a TIME-WAIT that is over");
  });
}

bool World::take_event() {
  Event event;
  const bool given = stack_->next_event(event);
  const TcpTables& t = stack_->tcp().tables();
  if (!given) {
    if (t.ready.head() != kNone || t.ready_listeners.head() != kNone)
      complain("an event waits and is not given");
    return false;
  }
  if (event.has(Event::kAcceptable)) {
    if (!ledger_->listening || event.listener != ledger_->listener)
      complain("an event of a listener that is gone");
    return true;
  }
  const ConnectionId id = event.connection;
  if (id.slot >= kMostSlots || !ledger_->held[id.slot].open || ledger_->held[id.slot].id != id) {
    complain(id.slot < kMostSlots && id.generation <= ledger_->newest[id.slot]
                 ? "an event for an id that has ended"
                 : "an event for an id that nobody was given");
    return true;
  }
  if (!t.connections.holds(id)) {
    complain("an event for an id that names nothing");
    return true;
  }
  if (event.mask == 0) complain("an event without bits");
  const Connection& c = t.connections[id.slot];
  const bool ended = c.state == State::kDestroy;
  if (c.application.closed && (event.mask & ~Event::kClosed) != 0) {
    complain("an application that has closed is told of more than the end");
  }
  if (event.has(Event::kClosed) != ended) complain("the last event does not fit the state");
  if (ended != (event.reason != CloseReason::kNotClosed))
    complain("an event gives the wrong reason");
  if (ended) ledger_->held[id.slot].open = false;
  return true;
}

void World::take_all_events() {
  for (int i = 0; take_event(); ++i) {
    if (i > kMostEvents) return complain("events without end");
  }
}

void World::output() {
  stack_->output();
  if (stack_->wants_output() && !wire_.busy) complain("output() left something to do");
}

void World::reap() {
  const std::uint64_t lost_before = stack_->counters()[Count::events_lost];
  const std::uint32_t segments = wire_.segments;
  const TcpTables& t = stack_->tcp().tables();
  const bool slot_wanted = t.waiting_for_slot;
  stack_->reap();
  if (wire_.segments != segments) complain("reap() sent something");
  std::uint64_t gone = 0;
  for (Ledger::Held& held : ledger_->held) {
    if (!held.open || t.connections.holds(held.id)) continue;
    held.open = false;
    ++gone;
  }
  const bool wanted = slot_wanted && gone == stack_->counters()[Count::events_lost] - lost_before;
  if (gone > 0 && !wanted) {
    complain("a connection was freed before its application was told of the end");
  }
}

}  // namespace conker::explore
