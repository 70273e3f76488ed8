// Holds the tables against each other. Finds what is wrong, changes nothing.
#include <array>

#include "stack/tcp/diagram.hpp"
#include "stack/tcp/tcp.hpp"

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

/// The timer without which nothing would ever end the connection; none for those that wait for
/// somebody else.
bool has_its_end(const Connection& c) {
  if (in_state(c.state, kOpening)) return c.timers.is_armed(Timer::kConnect);
  return c.state != State::kFinWait2 || !c.application.closed ||
         c.timers.is_armed(Timer::kFinWait2);
}

}  // namespace

TcpAudit Tcp::audit() const {
  TcpAudit result;
  result.fault = broken_;
  const auto check = [&result](bool good, const char* fault) {
    if (!good && result.fault == nullptr) result.fault = fault;
  };

  const auto hold = [&result](Use use, std::uint64_t chunks) {
    result.chunks_held[static_cast<std::size_t>(use)] += chunks;
  };
  std::uint32_t holes = 0;
  std::uint32_t taken = 0, hashed = 0, queued = 0, dirty = 0, ready = 0, reaping = 0, timers = 0;
  for (std::uint32_t slot = 0; slot < connections_.end(); ++slot) {
    if (!connections_.live(slot)) {
      check(!wheel_.armed(slot), "a timer is armed on a free slot");
      continue;
    }
    const Connection& c = connections_[slot];
    ++taken;
    check(!connections_.is_compact(slot) || may_compact(c, Tick::floor(now_)),
          "a connection rests that may not");
    hashed += c.listed.index ? 1 : 0;
    queued += c.listed.accept_queue ? 1 : 0;
    dirty += c.listed.dirty ? 1 : 0;
    ready += c.listed.ready ? 1 : 0;
    reaping += c.listed.reap ? 1 : 0;
    timers += wheel_.armed(slot) ? 1 : 0;
    hold(Use::kReceive, c.receive_queue.chunks(chunks_));
    hold(Use::kSend, c.send_queue.chunks(chunks_));
    hold(Use::kOutOfOrder, c.out_of_order.chunks());
    hold(Use::kScoreboard, SentLog::chunks(chunks_, c.recovery.scoreboard));
    holes += c.listed.holes ? 1 : 0;
    check(c.listed.holes == !c.out_of_order.empty(),
          "data lies beyond a hole, or none, and a list says otherwise");
    if (c.state == State::kDestroy) {
      check(!wheel_.armed(slot) && c.timers.armed == 0,
            "a timer is armed on a connection in Destroy");
      check(!c.listed.index, "segments find a connection in Destroy");
      check(c.send_queue.empty() && c.receive_queue.empty() && c.out_of_order.empty() &&
                c.recovery.scoreboard == 0,
            "a connection in Destroy holds bytes");
      check(c.listed.dirty || c.listed.ready || c.listed.reap,
            "a connection in Destroy waits for nothing and is not reaped");
      continue;
    }
    ++result.live;
    const bool over = in_state(c.state, states(State::kTimeWait, State::kClosed));
    check(c.listed.index != over,
          "segments find a connection that is over, or not one that is alive");
    check(!c.application.closed || !over,
          "a connection that is over and closed by its application is still there");
    if (c.listed.index) {
      check(find(c.hash, c.tuple) == slot, "a four-tuple leads to another connection");
      check(half_open_.find(c.hash, c.tuple) == kNone,
            "a four-tuple is half open and connected at once");
      check(time_wait_.find(c.hash, c.tuple) == kNone,
            "a four-tuple is in TIME-WAIT and connected at once");
    }
    check(has_its_end(c), "no timer ends a connection whose peer is silent");
    for (unsigned i = 0; i < kTimerCount; ++i) {
      check(!c.timers.is_armed(static_cast<Timer>(i)) || in_state(c.state, kTimed[i]),
            "a timer is armed in a state that has no use for it");
      const bool late = c.timers.is_armed(static_cast<Timer>(i)) &&
                        (!wheel_.armed(slot) || wheel_.deadline(slot) > c.timers.deadlines[i]);
      check(!late, "the wheel comes by after a connection's deadline");
    }
    check(c.snd.una <= c.snd.nxt && c.snd.una <= c.snd.cursor && c.snd.cursor <= c.snd.nxt,
          "the send sequence space is out of order");
    check(c.recovery.scoreboard == 0 || c.snd.una < c.snd.nxt,
          "a log of what is out, and nothing is out");
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
  check(index_.size() == hashed, "the connection index and the connection table disagree");
  const auto n = [this](Count count) { return counters_[count]; };
  check(connections_.balanced(), "connections at work and at rest do not make up the table");
  check(connections_.size() == taken &&
            n(Count::opened_active) + n(Count::opened_passive) == n(Count::reaped) + taken,
        "connections opened do not equal those freed and those in the table");

  // Whoever is on a list is a live record that says so, and whoever says so is on the list.
  const auto live = [this](std::uint32_t slot) { return connections_.live(slot); };
  check(dirty_.count(connections_,
                     [&](auto slot) { return live(slot) && connections_[slot].listed.dirty; }) ==
            dirty,
        "the list of connections with something to send and the table disagree");
  check(ready_.count(connections_,
                     [&](auto slot) { return live(slot) && connections_[slot].listed.ready; }) ==
            ready,
        "the list of connections with news and the table disagree");
  check(reap_.count(connections_,
                    [&](auto slot) { return live(slot) && connections_[slot].listed.reap; }) ==
            reaping,
        "the list of connections to be freed and the table disagree");

  check(holes_.size() == holes,
        "the list of connections with data beyond a hole and the table disagree");

  std::uint32_t accept_queues = 0;
  std::uint32_t half_open_lists = 0;
  std::uint32_t listeners_ready = 0;
  for (std::uint32_t slot = 0; slot < listeners_.end(); ++slot) {
    if (!listeners_.live(slot)) continue;
    ++result.listeners;
    accept_queues += listeners_[slot].accept_queue.size();
    half_open_lists += listeners_[slot].half_open.size();
    listeners_ready += listeners_[slot].on_ready ? 1 : 0;
    check(listeners_[slot].accept_queue.size() <= listeners_[slot].backlog,
          "an accept queue is over its backlog");
    check(listeners_[slot].half_open.size() <= listeners_[slot].half_open_cap,
          "a listener has more half-open records than it may");
  }
  check(ready_listeners_.count(listeners_,
                               [this](auto slot) {
                                 return listeners_.live(slot) && listeners_[slot].on_ready;
                               }) == listeners_ready,
        "the list of listeners with news and the table disagree");
  check(accept_queues == queued, "accept queues and connections disagree");

  half_open_.for_each([&](std::uint32_t index, const HalfOpen& record) {
    ++result.half_open;
    check(listeners_.live(record.listener), "a half-open record outlived its listener");
    check(wheel_.armed(half_open_timer_id(index)), "a half-open record has no timer");
    check(record.reopens || time_wait_.find(record.hash, record.tuple) == kNone,
          "a four-tuple is in TIME-WAIT and half open at once");
  });
  check(half_open_lists == result.half_open && half_open_.size() == result.half_open &&
            half_open_.indexed() == result.half_open,
        "half-open records, their index and their listeners' lists disagree");
  check(wheel_.armed_count() == timers + result.half_open, "a timer is armed for nobody");

  bool ordered = true;
  Tick last{};
  time_wait_.for_each([&](const TimeWait& record) {
    ordered = ordered && (result.time_wait == 0 || last <= record.ends);
    last = record.ends;
    ++result.time_wait;
  });
  check(ordered, "TIME-WAIT records are out of order");
  check(time_wait_.indexed() == result.time_wait, "TIME-WAIT records and their index disagree");

  check(n(Count::half_open_created) == n(Count::half_open_promoted) + n(Count::half_open_reset) +
                                           n(Count::half_open_timed_out) +
                                           n(Count::half_open_dropped) +
                                           n(Count::half_open_replaced) + result.half_open,
        "half-open records created do not equal those that ended and those there are");
  check(n(Count::time_wait_created) == n(Count::time_wait_expired) + n(Count::time_wait_evicted) +
                                           n(Count::time_wait_reused) + n(Count::time_wait_reset) +
                                           result.time_wait,
        "TIME-WAIT records created do not equal those that ended and those there are");
  return result;
}

}  // namespace conker
