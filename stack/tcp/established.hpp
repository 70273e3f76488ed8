// The ACK field of an acceptable segment, from the ACK that establishes the connection on.
#pragma once

#include <cstdint>

#include "stack/tcp/deadlines.hpp"
#include "stack/tcp/held.hpp"
#include "stack/tcp/lifetime.hpp"
#include "stack/tcp/limits.hpp"
#include "stack/tcp/liveness.hpp"
#include "stack/tcp/pool.hpp"
#include "stack/tcp/tables.hpp"

namespace conker {

class Established {
 public:
  static void become_established(TcpTables& t, std::uint32_t slot, const TcpSegment& segment,
                                 Cause cause);
  static void process_ack(TcpTables& t, std::uint32_t slot, const TcpSegment& segment);
  static void on_ce(TcpTables& t, Connection& c, const TcpSegment& segment);
  static void on_acked(TcpTables& t, std::uint32_t slot, Seq ack, bool restart_timer);

 private:
  static void update_send_window(TcpTables& t, std::uint32_t slot, const TcpSegment& segment);
};

}  // namespace conker
