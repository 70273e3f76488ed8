// Keepalive and the user timeout: how long a connection lives while its peer is silent.
#pragma once

#include <cstdint>

#include "stack/tcp/deadlines.hpp"
#include "stack/tcp/emit.hpp"
#include "stack/tcp/lifetime.hpp"
#include "stack/tcp/tables.hpp"

namespace conker {

class Liveness {
 public:
  static constexpr Duration kLongestTimeout = 24h * 7;  // well within what ticks can tell apart
  static bool valid(const Keepalive& keepalive);
  static void keep_alive(Connection& c, const Keepalive& keepalive);
  static void change_keepalive(TcpTables& t, std::uint32_t slot, const Keepalive& keepalive);
  static void change_user_timeout(TcpTables& t, std::uint32_t slot, Duration timeout);
  static void start_liveness(TcpTables& t, std::uint32_t slot);
  static void keepalive_expired(TcpTables& t, std::uint32_t slot);
  static Sent transmit_keepalive(TcpTables& t, Connection& c);
  static void adopt_user_timeout(TcpTables& t, Connection& c, std::uint16_t option);
  static void guard_user_timeout(TcpTables& t, std::uint32_t slot);
  static bool retransmits_used_up(const TcpTables& t, const Connection& c);

 private:
  static bool waits_for_peer(const Connection& c);
};

}  // namespace conker
