// Invariants that are checked after every action. The audit covers many of them; this checks them
// in a second, independent way.
#include "tests/explore/checks.hpp"

#include <algorithm>
#include <array>

#include "stack/tcp/diagram.hpp"
#include "stack/tcp/tcp.hpp"

namespace conker::explore {
namespace {

class Inspection {
 public:
  Inspection(World& world, Coverage& coverage)
      : world_(world), stack_(world.stack()), t_(stack_.tcp().tables()), coverage_(coverage) {}

  const char* run() {
    check_audit();
    check_lists();
    check_ids();
    check_transitions();
    for (std::uint32_t slot = 0; slot < t_.connections.end(); ++slot) {
      if (t_.connections.live(slot)) check_connection(slot, t_.connections[slot]);
    }
    check_records();
    check_deadline();
    coverage_.refusals =
        std::max(coverage_.refusals, stack_.counters()[Count::refused_transitions]);
    return fault_;
  }

 private:
  void check(bool good, const char* fault) {
    if (!good && fault_ == nullptr) fault_ = fault;
  }

  void check_audit() {
    const Audit audit = stack_.audit();
    if (!audit.balanced()) check(false, audit.fault);
  }

  // Each list holds exactly the records that are marked as its members, each once.
  template <auto Next, typename Table>
  std::uint32_t walk(const Table& table, std::uint32_t head) {
    std::uint32_t seen = 0;
    std::uint32_t at = head;
    for (std::uint32_t n = 0; at != kNone; at = link_of<Next>(table[at]), ++n) {
      if (n > kMostSlots) {
        check(false, "a list runs in a circle");
        return seen;
      }
      if (!table.live(at)) {
        check(false, "a list leads to a free slot");
        return seen;
      }
      check((seen >> at & 1) == 0, "a slot is in a list twice");
      seen |= 1u << at;
    }
    return seen;
  }

  void check_lists() {
    const std::uint32_t dirty = walk<&Lists::dirty_next>(t_.connections, t_.dirty.head());
    const std::uint32_t ready = walk<&Lists::ready_next>(t_.connections, t_.ready.head());
    const std::uint32_t reap = walk<&Lists::reap_next>(t_.connections, t_.reap.head());
    for (std::uint32_t slot = 0; slot < t_.connections.end(); ++slot) {
      if (!t_.connections.live(slot)) continue;
      const Connection& c = t_.connections[slot];
      check(c.listed.dirty == ((dirty >> slot & 1) != 0),
            "the dirty list and its members disagree");
      check(c.listed.ready == ((ready >> slot & 1) != 0),
            "the ready list and its members disagree");
      check(c.listed.reap == ((reap >> slot & 1) != 0),
            "the reaper's list and its members disagree");
      check(!c.listed.reap || (c.state == State::kDestroy && !c.listed.dirty && !c.listed.ready),
            "the reaper was offered a connection that is not done");
    }
    walk<&Listener::ready_next>(t_.listeners, t_.ready_listeners.head());
    std::uint32_t free = 0;
    t_.connections.for_each_free([&](std::uint32_t slot) {
      check(!t_.connections.live(slot), "a slot is taken and free at once");
      check((free >> slot & 1) == 0, "a slot is free twice");
      free |= 1u << slot;
      return fault_ == nullptr;
    });
  }

  // Ids of the application, the table and the queues agree, and a stale id finds nothing.
  void check_ids() {
    const Ledger& ledger = world_.ledger();
    for (std::uint32_t slot = 0; slot < t_.connections.end(); ++slot) {
      const Ledger::Held& held = ledger.held[slot];
      const bool live = t_.connections.live(slot);
      const ConnectionId now = t_.connections.id(slot);
      check(!held.open || (live && held.id == now),
            "an id names nothing before its last event was taken");
      if (live) {
        const Connection& c = t_.connections[slot];
        const bool waits = c.listed.accept_queue || c.state == State::kDestroy;
        check(waits || held.open, "a connection lives that no application has and none can get");
        check(!held.open || !c.listed.accept_queue,
              "a connection that was given out still waits for accept()");
      }
      const std::uint32_t last = live ? now.generation - 1 : now.generation;
      for (std::uint32_t generation = 0; generation <= last && generation <= 3; ++generation) {
        check(stale({slot, generation}), "an id whose connection is over still finds something");
      }
      check(stale({slot, last}), "an id whose connection is over still finds something");
      check(stale({slot, now.generation + 1}), "an id that was never given out finds something");
      if (live && t_.connections[slot].state == State::kDestroy) {
        check(deaf(now), "a connection in Destroy takes calls");
      }
    }
    check(ledger.listening || stack_.unlisten(ledger.listener) == Error::kNoSuchId,
          "a listener that has ended can be ended again");
  }

  bool stale(ConnectionId id) {
    ConnectionInfo info;
    return !stack_.info(id, info) && deaf(id);
  }

  // Whether every call refuses the id. A call that does not has changed the world, which ends the
  // search.
  bool deaf(ConnectionId id) {
    const auto none = [](Error error) { return error == Error::kNoSuchId; };
    return none(stack_.send(id, {}).error()) && none(stack_.receive(id, {}).error()) &&
           none(stack_.consume(id, 0)) && none(stack_.set_token(id, Token(0))) &&
           none(stack_.set_no_delay(id, false)) && none(stack_.shutdown(id)) &&
           none(stack_.close(id)) && none(stack_.abort(id));
  }

  // The trace of state changes agrees with the diagram, with itself, and with the present states.
  void check_transitions() {
    std::array<ConnectionId, kMostSlots> last_id{};
    std::array<State, kMostSlots> last{};
    stack_.tcp().for_each_transition([&](const Transition& change) {
      const std::uint32_t slot = change.id.slot;
      if (slot >= kMostSlots) return check(false, "a state change of a slot that there is not");
      check(change.from != State::kDestroy, "a state follows Destroy");
      check(may_follow(change.from, change.to), "a state change that the diagram does not have");
      check(last_id[slot] != change.id || last[slot] == change.from,
            "a state changed, and not by the one function that changes states");
      last_id[slot] = change.id;
      last[slot] = change.to;
      coverage_.transitions[static_cast<unsigned>(change.from)] |= state_bit(change.to);
    });
    for (std::uint32_t slot = 0; slot < t_.connections.end(); ++slot) {
      if (!t_.connections.live(slot) || last_id[slot] != t_.connections.id(slot)) continue;
      check(t_.connections[slot].state == last[slot],
            "a state changed, and not by the one function that changes states");
    }
  }

  void check_connection(std::uint32_t slot, const Connection& c) {
    coverage_.states |= state_bit(c.state);
    std::uint32_t& most = coverage_.generations[slot];
    most = std::max(most, t_.connections.id(slot).generation);
    if (c.state == State::kDestroy) return;

    const bool connecting = in_state(c.state, states(State::kSynSent, State::kSynReceived));
    check(
        c.timers.is_armed(Timer::kConnect) == connecting,
        "the connect timer is armed on a connection that is not connecting, or not on one that is");
    const bool waits_for_fin = c.state == State::kFinWait2 && c.application.closed;
    check(c.timers.is_armed(Timer::kFinWait2) == waits_for_fin,
          "the FIN-WAIT-2 timer is armed where it should not be, or not where it should");
    const bool over = in_state(c.state, states(State::kTimeWait, State::kClosed));
    check(c.liveness.sent <= c.liveness.count, "a silent peer is not given up");
    check(!over || c.timers.armed == 0, "a connection that is over has a timer armed");
    check(over || c.state != State::kClosed,
          "a connection was left in the state in which it is made");
    const bool out = c.snd.nxt != c.snd.una || (connecting && !c.listed.dirty);
    check(c.listed.dirty || !out || c.timers.is_armed(Timer::kRetransmit) ||
              c.timers.is_armed(Timer::kPersist),
          "something is out, and no timer is armed for it");
    check(c.out_of_order.empty() || in_state(c.state, kReceiving),
          "bytes are kept that can never be read");
    check(!c.fin.acked || c.snd.una == c.snd.nxt,
          "our FIN is acknowledged, and something is still out");
    check(c.fin.queued == (in_state(c.state, kFinishing) || c.state == State::kClosed ||
                           (connecting && c.fin.queued)),
          "our FIN and the state disagree");
    if (c.listed.accept_queue) {
      check(in_state(c.state, states(State::kEstablished, State::kCloseWait)),
            "a connection waits for accept() that is not established");
      check(c.lists.listener != kNone && t_.listeners.live(c.lists.listener),
            "a connection waits for accept() of a listener that is gone");
    }
    for (std::uint32_t other = slot + 1; other < t_.connections.end(); ++other) {
      const bool same = c.listed.index && t_.connections.live(other) &&
                        t_.connections[other].listed.index &&
                        t_.connections[other].tuple == c.tuple;
      check(!same, "two connections have one four-tuple");
    }
  }

  void check_records() {
    const std::uint32_t base = t_.connections.capacity();
    std::uint32_t armed = 0, timed = 0;
    for (std::uint32_t i = 0; i < t_.half_open.capacity(); ++i)
      armed += t_.wheel.armed(base + i) ? 1 : 0;
    t_.half_open.for_each([&](std::uint32_t index, const HalfOpen& record) {
      check(record.retransmits <= stack_.settings().syn_ack_retransmits,
            "a handshake that nobody finishes is not given up");
      timed += t_.wheel.armed(base + index) ? 1 : 0;
    });
    check(armed == timed, "a timer is armed for a half-open record that is gone");
    stack_.tcp().for_each_listener([this](const ListenerInfo& listener) {
      check(listener.half_open <= listener.half_open_cap,
            "a listener has more half-open records than it may");
      check(listener.accept_queue <= listener.backlog, "an accept queue is over its backlog");
    });
    check(t_.time_wait.size() <= t_.time_wait.capacity(),
          "there are more TIME-WAIT records than fit");
  }

  // next_deadline() is not later than any deadline.
  void check_deadline() {
    const Instant next = stack_.next_deadline();
    const Instant now = stack_.now();
    for (std::uint32_t slot = 0; slot < t_.connections.end(); ++slot) {
      if (!t_.connections.live(slot)) continue;
      const Connection& c = t_.connections[slot];
      for (unsigned i = 0; i < kTimerCount; ++i) {
        if (!c.timers.is_armed(static_cast<Timer>(i))) continue;
        check(next <= c.timers.deadlines[i].instant(now),
              "next_deadline() is after a deadline of a connection");
      }
    }
    t_.half_open.for_each([&](std::uint32_t index, const HalfOpen&) {
      const std::uint32_t timer = t_.connections.capacity() + index;
      check(next <= t_.wheel.deadline(timer).instant(now),
            "next_deadline() is after that of a half-open record");
    });
    t_.time_wait.for_each([&](const TimeWait& record) {
      check(next <= record.ends.instant(now), "next_deadline() is after the end of a TIME-WAIT");
    });
  }

  World& world_;
  Stack& stack_;
  const TcpTables& t_;
  Coverage& coverage_;
  const char* fault_ = nullptr;
};

}  // namespace

void Coverage::join(const Coverage& other) {
  for (std::size_t i = 0; i < transitions.size(); ++i) transitions[i] |= other.transitions[i];
  for (std::size_t i = 0; i < generations.size(); ++i) {
    generations[i] = std::max(generations[i], other.generations[i]);
  }
  states |= other.states;
  refusals = std::max(refusals, other.refusals);
}

const char* inspect(World& world, Coverage& coverage) {
  return Inspection(world, coverage).run();
}

}  // namespace conker::explore
