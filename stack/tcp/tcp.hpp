// TCP (RFC 9293) as the stack sees it: the tables, and the parts that work on them, in seven
// storeys (README.md). The functions of a part are given the tables, and call parts below it only.
#pragma once

#include <cstdint>

#include "stack/tcp/arrival.hpp"
#include "stack/tcp/audit.hpp"
#include "stack/tcp/calls.hpp"
#include "stack/tcp/challenge.hpp"
#include "stack/tcp/deadlines.hpp"
#include "stack/tcp/emit.hpp"
#include "stack/tcp/established.hpp"
#include "stack/tcp/expiry.hpp"
#include "stack/tcp/handshake.hpp"
#include "stack/tcp/held.hpp"
#include "stack/tcp/info.hpp"
#include "stack/tcp/lifetime.hpp"
#include "stack/tcp/limits.hpp"
#include "stack/tcp/liveness.hpp"
#include "stack/tcp/marks.hpp"
#include "stack/tcp/path_mtu.hpp"
#include "stack/tcp/pool.hpp"
#include "stack/tcp/ports.hpp"
#include "stack/tcp/receive.hpp"
#include "stack/tcp/tables.hpp"
#include "stack/tcp/transmit.hpp"

namespace conker {

class Tcp {
 public:
  Tcp(Arena& arena, const Capacities& capacities, const Settings& settings, const Entropy& entropy,
      Counters& counters, ChunkPool& chunks, TimerWheel& wheel, Network& network)
      : t_(arena, capacities, settings, entropy, counters, chunks, wheel, network) {}

  /// Timers that the wheel must have room for.
  static std::uint32_t timer_count(const Capacities& capacities) {
    return capacities.connections + capacities.half_open;
  }

  void use(CongestionAlgorithm algorithm, const CongestionControl& control) {
    t_.controls.use(algorithm, control);
  }
  void use(const Recovery& recovery) {
    t_.sack_recovery = &recovery;
    t_.chunks.open(Use::kScoreboard);
  }
  void use(Cookies& cookies) { t_.cookies = &cookies; }
  Chain<Silence>& silences() { return t_.silences; }

  // ---- A turn ----
  void begin(Instant now) { Marks::begin(t_, now); }
  void segment_arrives(const PacketIn& packet) { Arrival::segment_arrives(t_, packet); }
  [[gnu::always_inline]] void prefetch(const FourTuple& tuple) const { t_.prefetch(tuple); }
  void error_arrives(const IcmpErrorIn& message) { Arrival::error_arrives(t_, message); }
  void timers() { Expiry::timers(t_); }
  bool next_event(Event& event) { return Lifetime::next_event(t_, event); }
  void output() { Transmitter::output(t_); }
  void reap() { Lifetime::reap(t_); }
  Instant next_deadline() const { return Expiry::next_deadline(t_); }
  bool wants_output() const { return t_.fresh_dirty; }
  bool has_events() const { return t_.has_events(); }

  /// The calls of the application (RFC 9293, 3.10.1 to 3.10.6).
  Calls calls() { return Calls(t_); }
  bool fin_acknowledged(ConnectionId id) const { return Calls::fin_acknowledged(t_, id); }
  std::uint32_t retransmits(ConnectionId id) const { return Calls::retransmits(t_, id); }
  Result<Unread> unread(ConnectionId id) const { return Calls::unread(t_, id); }
  Result<std::uint32_t> peek(ConnectionId id, std::span<std::span<const std::byte>> out) const {
    return Calls::peek(t_, id, out);
  }

  // ---- Questions ----
  bool info(ConnectionId id, ConnectionInfo& out) const {
    if (!t_.connections.holds(id)) return false;
    out = Info(t_).of(id.slot);
    return true;
  }
  TcpAudit audit() const { return audit_of(t_); }
  /// The tables and lists, for audits and tests.
  const TcpTables& tables() const { return t_; }
  std::uint32_t connection_count() const { return t_.connections.size(); }
  std::uint32_t half_open_count() const { return t_.half_open.size(); }
  std::uint32_t time_wait_count() const { return t_.time_wait.size(); }
  std::uint32_t listener_count() const { return t_.listeners.size(); }

  /// Each calls f(info) for every record; f must not call the stack.
  template <typename F>
  void for_each_connection(F&& f) const {
    for (std::uint32_t slot = 0; slot < t_.connections.end(); ++slot) {
      if (t_.connections.live(slot)) f(Info(t_).of(slot));
    }
  }
  template <typename F>
  void for_each_half_open(F&& f) const {
    t_.half_open.for_each([&](std::uint32_t, const HalfOpen& r) {
      f(HalfOpenInfo{r.tuple, t_.now - r.created, r.retransmits});
    });
  }
  template <typename F>
  void for_each_time_wait(F&& f) const {
    t_.time_wait.for_each([&](const TimeWait& r) {
      f(TimeWaitInfo{r.tuple, r.ends.instant(t_.now) - t_.now});
    });
  }
  template <typename F>
  void for_each_listener(F&& f) const {
    for (std::uint32_t slot = 0; slot < t_.listeners.end(); ++slot) {
      if (!t_.listeners.live(slot)) continue;
      const Listener& l = t_.listeners[slot];
      f(ListenerInfo{t_.listeners.id(slot), l.local, l.half_open.size(), l.accept_queue.size(),
                     l.half_open_cap, l.backlog, l.token});
    }
  }
  /// The last state changes of all connections, oldest first.
  template <typename F>
  void for_each_transition(F&& f) const {
    t_.transitions.for_each(f);
  }
  /// How many there were so far.
  std::uint64_t transitions_recorded() const { return t_.transitions.recorded(); }
  /// Those after the first `seen`; returns how many of them are overwritten.
  template <typename F>
  std::uint64_t for_each_transition_since(std::uint64_t seen, F&& f) const {
    return t_.transitions.for_each_since(seen, f);
  }

 private:
  TcpTables t_;
};

}  // namespace conker
