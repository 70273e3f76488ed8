// What the parts of TCP share: the tables and lists of connections, half-open records, TIME-WAIT
// records and listeners, and references to what TCP uses. It has no behaviour of its own.
#pragma once

#include <array>
#include <cstdint>

#include "stack/base/arena.hpp"
#include "stack/base/chunk_pool.hpp"
#include "stack/base/counters.hpp"
#include "stack/base/index_list.hpp"
#include "stack/base/siphash.hpp"
#include "stack/base/timer_wheel.hpp"
#include "stack/net/network.hpp"
#include "stack/settings.hpp"
#include "stack/tcp/connection.hpp"
#include "stack/tcp/connection_table.hpp"
#include "stack/tcp/half_open.hpp"
#include "stack/tcp/listener.hpp"
#include "stack/tcp/recovery.hpp"
#include "stack/tcp/silence.hpp"
#include "stack/tcp/syn_cookies.hpp"
#include "stack/tcp/time_wait.hpp"
#include "stack/tcp/transitions.hpp"
#include "stack/tcp/types.hpp"
#include "stack/wire/tcp.hpp"

namespace conker {

struct TcpTables {
  TcpTables(Arena& arena, const Capacities& capacities, const Settings& settings,
            const Entropy& entropy, Counters& counters, ChunkPool& chunks, TimerWheel& wheel,
            Network& network);
  TcpTables(const TcpTables&) = delete;
  TcpTables& operator=(const TcpTables&) = delete;

  /// The connection that segments of this four-tuple are for; kNone when there is none.
  std::uint32_t find(std::uint32_t hash, const FourTuple& tuple) const {
    return index.find(hash, [&](std::uint32_t slot) { return connections.is(slot, tuple); });
  }
  /// Prefetches what find() will read first for this four-tuple. (Inline, since gcc 12 drops a call
  /// of a function that only prefetches.)
  [[gnu::always_inline]] void prefetch(const FourTuple& tuple) const {
    const std::uint32_t hash = hash_of(demux_key, tuple);
    index.prefetch(hash);
    if (time_wait.size() != 0) time_wait.prefetch(hash);
  }
  /// The number of a half-open record's timer in the wheel, behind those of the connections.
  std::uint32_t half_open_timer_id(std::uint32_t index_of_record) const {
    return connections.capacity() + index_of_record;
  }
  bool has_events() const { return !ready.empty() || !ready_listeners.empty(); }
  TcpTimestamps timestamps_now(std::uint32_t offset, std::uint32_t echo) const {
    return {Tick::floor(now).value() + offset, echo};
  }

  const Settings& settings;
  Counters& counters;
  ChunkPool& chunks;
  TimerWheel& wheel;
  Network& network;
  CongestionControls controls;
  const Recovery* sack_recovery = nullptr;
  Cookies* cookies = nullptr;
  Chain<Silence> silences;
  Instant now{};  // of this turn
  const Recovery::Context recovery_context{chunks, counters, settings, controls, now};

  ConnectionTable connections;
  TupleIndex index;
  HalfOpenTable half_open;
  TimeWaitTable time_wait;
  ListenerTable listeners;
  TransitionRing transitions;
  PacketOut::Pieces pieces;  // of the frame that is being sent

  IndexQueue<Connection, &Lists::dirty_next> dirty;
  IndexQueue<Connection, &Lists::ready_next> ready;
  IndexQueue<Connection, &Lists::reap_next> reap;
  IndexQueue<Connection, &Lists::active_next> active;
  IndexList<Connection, &Lists::holes_next, &Lists::holes_previous>
      holes;  // with data beyond a hole, the oldest first
  IndexQueue<Listener, &Listener::ready_next> ready_listeners;
  std::uint32_t written_this_turn = 0;  // bytes that applications have queued since output()
  bool write_budget_spent = false;      // next_event() has stopped before the last event
  bool fresh_dirty = false;             // something was marked dirty since the last output()
  bool waiting_for_slot = false;        // a connection was wanted and no slot was free
  bool pool_exhausted = false;          // a connection that holds nothing was refused a chunk
  Instant relieve_at{};                 // when stalled peers are looked for again
  std::uint32_t waiting_for_buffers =
      0;  // slots to look at: an application could not send for want of a chunk
  std::uint32_t wake_next = 0;   // the first of them
  const char* broken = nullptr;  // a rule of this code that was broken; for the audit

  Instant kept_at{};  // when all marks were brought forward

  SipKey demux_key;
  SipKey isn_key;
  SipKey port_key;
  std::array<std::uint16_t, 512> port_counters{};  // RFC 6056, 3.3.4
  AnswerBudget challenges;                         // of all records together
};

}  // namespace conker
