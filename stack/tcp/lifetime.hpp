// Changes of state, the end of connections, and the lists that they are on. States change and slots
// are freed here only.
#pragma once

#include <cstdint>

#include "stack/tcp/held.hpp"
#include "stack/tcp/tables.hpp"

namespace conker {

class Lifetime {
 public:
  /// Takes a slot for a four-tuple and its hash; kNone when the table is full.
  static std::uint32_t make_connection(TcpTables& t, const FourTuple& tuple, std::uint32_t hash);
  /// False, and nothing changes, in Destroy and where the transition diagram does not allow it.
  static bool change_state(TcpTables& t, std::uint32_t slot, State to, Cause cause);
  /// To Destroy: timers, queues and the place in the index go at once, the slot with reap().
  static void destroy(TcpTables& t, std::uint32_t slot, CloseReason reason, Cause cause);
  /// As destroy(), and a RST leaves where the peer may have the connection.
  static void reset_and_destroy(TcpTables& t, std::uint32_t slot, CloseReason reason, Cause cause);
  static void enter_time_wait(TcpTables& t, std::uint32_t slot, Cause cause);
  static void finish_closed(TcpTables& t, std::uint32_t slot, Cause cause);
  /// Lists a connection that is used in this turn, for compact_idle() at its end.
  static void mark_active(TcpTables& t, std::uint32_t slot, Connection& c) {
    if (c.state != State::kEstablished || c.listed.active) return;
    c.listed.active = true;
    t.active.push(t.connections, slot);
  }
  /// Lists a connection for reap() once it is in Destroy, without events and segments pending.
  static void offer_to_reaper(TcpTables& t, std::uint32_t slot);
  /// Has output() look at the connection; refused in Destroy.
  static void mark_dirty(TcpTables& t, std::uint32_t slot);
  /// Adds bits of Event to those that next_event() will tell.
  static void post(TcpTables& t, std::uint32_t slot, std::uint8_t bits);
  static void post(TcpTables& t, Listener& listener, std::uint32_t slot);
  static bool next_event(TcpTables& t, Event& event);
  /// Ends the turn: makes idle connections compact, and frees those in Destroy.
  static void reap(TcpTables& t);

 private:
  static void unhash(TcpTables& t, std::uint32_t slot);
  static void compact_idle(TcpTables& t);
  static void free(TcpTables& t, std::uint32_t slot);
  static void count_end(TcpTables& t, CloseReason reason);
};

}  // namespace conker
