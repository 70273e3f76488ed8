// Expired timers (RFC 9293, 3.10.8).
#pragma once

#include <cstdint>

#include "stack/tcp/handshake.hpp"
#include "stack/tcp/held.hpp"
#include "stack/tcp/lifetime.hpp"
#include "stack/tcp/liveness.hpp"
#include "stack/tcp/path_mtu.hpp"
#include "stack/tcp/pool.hpp"
#include "stack/tcp/tables.hpp"

namespace conker {

class Expiry {
 public:
  static void timers(TcpTables& t);
  static Instant next_deadline(const TcpTables& t);

 private:
  static void connection_timer(TcpTables& t, std::uint32_t slot);
  static void expired(TcpTables& t, std::uint32_t slot, Timer timer);
  static void retransmission_timer(TcpTables& t, std::uint32_t slot);
  static void expire_time_wait(TcpTables& t);
};

}  // namespace conker
