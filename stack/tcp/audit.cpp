// Compares the tables, lists and counters of TCP with each other, and changes nothing.
#include "stack/tcp/audit.hpp"

#include <array>

#include "stack/tcp/diagram.hpp"

namespace conker {
namespace {

/// The states in which each timer may be armed, in the order of Timer.
constexpr std::uint16_t kOpening = states(State::kSynSent, State::kSynReceived);
constexpr std::array<std::uint16_t, kTimerCount> kTimed{{
    /* kRetransmit  */ kOpening | (kSynchronized & ~states(State::kFinWait2)),
    /* kPersist     */ kSynchronized & ~states(State::kFinWait2),
    /* kConnect     */ kOpening,
    /* kFinWait2    */ states(State::kFinWait2),
    /* kDelayedAck  */ kSynchronized,
    /* kKeepalive   */ kSynchronized,
    /* kUserTimeout */ kSynchronized,
    /* kLinger      */ kSynchronized | states(State::kSynReceived),
}};

/// The timer that ends the connection in its state if the peer stays silent; none where the peer or
/// the application may take any time.
bool has_its_end(const Connection& c) {
  if (in_state(c.state, kOpening)) return c.timers.is_armed(Timer::kConnect);
  return c.state != State::kFinWait2 || !c.application.closed ||
         c.timers.is_armed(Timer::kFinWait2);
}

class Auditor {
 public:
  explicit Auditor(const TcpTables& tables) : t_(tables) {}

  TcpAudit run() {
    result_.fault = t_.broken;
    for (std::uint32_t slot = 0; slot < t_.connections.end(); ++slot) {
      if (t_.connections.live(slot)) {
        connection(slot, t_.connections[slot]);
      } else {
        check(!t_.wheel.armed(slot), "a timer is armed on a free slot");
      }
    }
    lists();
    listeners();
    half_open();
    time_wait();
    count_of(State::kSynReceived) += result_.half_open;
    count_of(State::kTimeWait) += result_.time_wait;
    count_of(State::kListen) = result_.listeners;
    ledger();
    return result_;
  }

 private:
  void check(bool good, const char* fault) {
    if (!good && result_.fault == nullptr) result_.fault = fault;
  }
  std::uint64_t& count_of(State state) { return result_.in_state[static_cast<std::size_t>(state)]; }
  void hold(Use use, std::uint64_t chunks) {
    result_.chunks_held[static_cast<std::size_t>(use)] += chunks;
  }
  std::uint64_t n(Count count) const { return t_.counters[count]; }

  void connection(std::uint32_t slot, const Connection& c) {
    ++taken_;
    ++count_of(c.state);
    check(!t_.connections.is_compact(slot) || may_compact(c, Tick::floor(t_.now)),
          "a connection rests that may not");
    hashed_ += c.listed.index ? 1 : 0;
    queued_ += c.listed.accept_queue ? 1 : 0;
    dirty_ += c.listed.dirty ? 1 : 0;
    ready_ += c.listed.ready ? 1 : 0;
    reaping_ += c.listed.reap ? 1 : 0;
    timers_ += t_.wheel.armed(slot) ? 1 : 0;
    hold(Use::kReceive, c.receive_queue.chunks(t_.chunks));
    hold(Use::kSend, c.send_queue.chunks(t_.chunks));
    hold(Use::kOutOfOrder, c.out_of_order.chunks());
    hold(Use::kScoreboard, Scoreboard::chunks(t_.chunks, c.recovery.scoreboard));
    holes_ += c.listed.holes ? 1 : 0;
    check(c.listed.holes == !c.out_of_order.empty(),
          "data lies beyond a hole, or none, and a list says otherwise");
    if (c.state == State::kDestroy) return in_destroy(slot, c);
    alive(slot, c);
  }

  void in_destroy(std::uint32_t slot, const Connection& c) {
    check(!t_.wheel.armed(slot) && c.timers.armed == 0,
          "a timer is armed on a connection in Destroy");
    check(!c.listed.index, "segments find a connection in Destroy");
    check(c.send_queue.empty() && c.receive_queue.empty() && c.out_of_order.empty() &&
              c.recovery.scoreboard == 0,
          "a connection in Destroy holds bytes");
    check(c.listed.dirty || c.listed.ready || c.listed.reap,
          "a connection in Destroy waits for nothing and is not reaped");
  }

  void alive(std::uint32_t slot, const Connection& c) {
    ++result_.live;
    const bool over = in_state(c.state, states(State::kTimeWait, State::kClosed));
    check(c.listed.index != over,
          "segments find a connection that is over, or not one that is alive");
    check(!c.application.closed || !over,
          "a connection that is over and closed by its application is still there");
    if (c.listed.index) {
      check(t_.find(c.hash, c.tuple) == slot, "a four-tuple leads to another connection");
      check(t_.half_open.find(c.hash, c.tuple) == kNone,
            "a four-tuple is half open and connected at once");
      check(t_.time_wait.find(c.hash, c.tuple) == kNone,
            "a four-tuple is in TIME-WAIT and connected at once");
    }
    check(has_its_end(c), "no timer ends a connection whose peer is silent");
    for (unsigned i = 0; i < kTimerCount; ++i) {
      check(!c.timers.is_armed(static_cast<Timer>(i)) || in_state(c.state, kTimed[i]),
            "a timer is armed in a state that has no use for it");
      const bool late = c.timers.is_armed(static_cast<Timer>(i)) &&
                        (!t_.wheel.armed(slot) || t_.wheel.deadline(slot) > c.timers.deadlines[i]);
      check(!late, "the wheel comes by after a connection's deadline");
    }
    check(c.snd.una <= c.snd.nxt && c.snd.una <= c.snd.cursor && c.snd.cursor <= c.snd.nxt,
          "the send sequence space is out of order");
    check(c.recovery.scoreboard == 0 || c.snd.una < c.snd.nxt, "a scoreboard, and nothing is out");
    check(c.rcv.adv >= c.rcv.nxt || c.state == State::kSynSent,
          "the receive window has a negative size");
    check(!c.out_of_order.empty() || c.sack.blocks().empty(),
          "blocks are told of that are not there");
    if (!c.listed.dirty && in_state(c.state, kSynchronized)) {
      const bool timed =
          c.timers.is_armed(Timer::kRetransmit) || c.timers.is_armed(Timer::kPersist);
      check(timed || (c.snd.nxt == c.snd.una && c.send_queue.empty()),
            "data waits and no timer is armed for it");
    }
  }

  void lists() {
    check(t_.index.size() == hashed_, "the connection index and the connection table disagree");
    check(t_.connections.balanced(), "expanded and compact connections do not make up the table");
    check(t_.connections.size() == taken_ &&
              n(Count::opened_active) + n(Count::opened_passive) == n(Count::reaped) + taken_,
          "connections opened do not equal those freed and those in the table");

    // A record is on a list if, and only if, it is live and its bit for the list is set.
    const auto live = [this](std::uint32_t slot) { return t_.connections.live(slot); };
    check(t_.dirty.count(
              t_.connections,
              [&](auto slot) { return live(slot) && t_.connections[slot].listed.dirty; }) == dirty_,
          "the list of connections with something to send and the table disagree");
    check(t_.ready.count(
              t_.connections,
              [&](auto slot) { return live(slot) && t_.connections[slot].listed.ready; }) == ready_,
          "the list of connections with events and the table disagree");
    check(t_.reap.count(t_.connections,
                        [&](auto slot) {
                          return live(slot) && t_.connections[slot].listed.reap;
                        }) == reaping_,
          "the list of connections to be freed and the table disagree");

    check(t_.holes.size() == holes_,
          "the list of connections with data beyond a hole and the table disagree");
  }

  void listeners() {
    std::uint32_t accept_queues = 0;
    std::uint32_t listeners_ready = 0;
    for (std::uint32_t slot = 0; slot < t_.listeners.end(); ++slot) {
      if (!t_.listeners.live(slot)) continue;
      ++result_.listeners;
      accept_queues += t_.listeners[slot].accept_queue.size();
      half_open_lists_ += t_.listeners[slot].half_open.size();
      listeners_ready += t_.listeners[slot].on_ready ? 1 : 0;
      check(t_.listeners[slot].accept_queue.size() <= t_.listeners[slot].backlog,
            "an accept queue is over its backlog");
      check(t_.listeners[slot].half_open.size() <= t_.listeners[slot].half_open_cap,
            "a listener has more half-open records than it may");
    }
    check(t_.ready_listeners.count(t_.listeners,
                                   [this](auto slot) {
                                     return t_.listeners.live(slot) && t_.listeners[slot].on_ready;
                                   }) == listeners_ready,
          "the list of listeners with events and the table disagree");
    check(accept_queues == queued_, "accept queues and connections disagree");
  }

  void half_open() {
    t_.half_open.for_each([&](std::uint32_t index, const HalfOpen& record) {
      ++result_.half_open;
      check(t_.listeners.live(record.listener), "a half-open record outlived its listener");
      check(t_.wheel.armed(t_.half_open_timer_id(index)), "a half-open record has no timer");
      check(record.reopens || t_.time_wait.find(record.hash, record.tuple) == kNone,
            "a four-tuple is in TIME-WAIT and half open at once");
    });
    check(half_open_lists_ == result_.half_open && t_.half_open.size() == result_.half_open &&
              t_.half_open.indexed() == result_.half_open,
          "half-open records, their index and their listeners' lists disagree");
    check(t_.wheel.armed_count() == timers_ + result_.half_open, "a timer is armed for nobody");
  }

  void time_wait() {
    bool ordered = true;
    Tick last{};
    t_.time_wait.for_each([&](const TimeWait& record) {
      ordered = ordered && (result_.time_wait == 0 || last <= record.ends);
      last = record.ends;
      ++result_.time_wait;
    });
    check(ordered, "TIME-WAIT records are out of order");
    check(t_.time_wait.indexed() == result_.time_wait,
          "TIME-WAIT records and their index disagree");
  }

  void ledger() {
    check(n(Count::half_open_created) == n(Count::half_open_promoted) + n(Count::half_open_reset) +
                                             n(Count::half_open_timed_out) +
                                             n(Count::half_open_dropped) +
                                             n(Count::half_open_replaced) + result_.half_open,
          "half-open records created do not equal those that ended and those there are");
    check(n(Count::time_wait_created) == n(Count::time_wait_expired) + n(Count::time_wait_evicted) +
                                             n(Count::time_wait_reused) +
                                             n(Count::time_wait_reset) + result_.time_wait,
          "TIME-WAIT records created do not equal those that ended and those there are");
  }

  const TcpTables& t_;
  TcpAudit result_;
  // Counted by walking.
  std::uint32_t taken_ = 0, hashed_ = 0, queued_ = 0, dirty_ = 0, ready_ = 0, reaping_ = 0,
                holes_ = 0, timers_ = 0, half_open_lists_ = 0;
};

}  // namespace

TcpAudit audit_of(const TcpTables& tables) {
  return Auditor(tables).run();
}

}  // namespace conker
