// The only place where the states of connections change and where they are freed; the lists that
// they are on.
#pragma once

#include <cstdint>

#include "stack/tcp/held.hpp"
#include "stack/tcp/tables.hpp"

namespace conker {

class Lifetime {
 public:
  static std::uint32_t make_connection(TcpTables& t, const FourTuple& tuple, std::uint32_t hash);
  static bool change_state(TcpTables& t, std::uint32_t slot, State to, Cause cause);
  static void destroy(TcpTables& t, std::uint32_t slot, CloseReason reason, Cause cause);
  static void reset_and_destroy(TcpTables& t, std::uint32_t slot, CloseReason reason, Cause cause);
  static void enter_time_wait(TcpTables& t, std::uint32_t slot, Cause cause);
  static void finish_closed(TcpTables& t, std::uint32_t slot, Cause cause);
  // Whatever happens to a connection may leave it with nothing to do; that is looked at when the
  // turn ends.
  static void mark_active(TcpTables& t, std::uint32_t slot, Connection& c) {
    if (c.state != State::kEstablished || c.listed.active) return;
    c.listed.active = true;
    t.active.push(t.connections, slot);
  }
  static void offer_to_reaper(TcpTables& t, std::uint32_t slot);
  static void mark_dirty(TcpTables& t, std::uint32_t slot);
  static void post(TcpTables& t, std::uint32_t slot, std::uint8_t bits);
  static void post(TcpTables& t, Listener& listener, std::uint32_t slot);
  static bool next_event(TcpTables& t, Event& event);
  static void reap(TcpTables& t);

 private:
  static void unhash(TcpTables& t, std::uint32_t slot);
  static void compact_idle(TcpTables& t);
  static void free(TcpTables& t, std::uint32_t slot);
  static void count_end(TcpTables& t, CloseReason reason);
};

}  // namespace conker
