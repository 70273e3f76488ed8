// Output, once a turn: every dirty connection sends what its windows and timers allow.
#pragma once

#include <cstdint>

#include "stack/tcp/deadlines.hpp"
#include "stack/tcp/emit.hpp"
#include "stack/tcp/held.hpp"
#include "stack/tcp/lifetime.hpp"
#include "stack/tcp/limits.hpp"
#include "stack/tcp/liveness.hpp"
#include "stack/tcp/path_mtu.hpp"
#include "stack/tcp/pool.hpp"
#include "stack/tcp/tables.hpp"

namespace conker {

class Transmitter {
 public:
  static void output(TcpTables& t);

 private:
  static Sent transmit(TcpTables& t, std::uint32_t slot);
  static Sent transmit_final(TcpTables& t, Connection& c);
  static Sent transmit_syn(TcpTables& t, std::uint32_t slot);
  static Sent transmit_data(TcpTables& t, std::uint32_t slot);
  static Sent retransmit_or_probe(TcpTables& t, std::uint32_t slot);
  static Sent transmit_tail_probe(TcpTables& t, std::uint32_t slot);
  static Sent transmit_lost(TcpTables& t, std::uint32_t slot);
  static Sent transmit_again(TcpTables& t, std::uint32_t slot, Seq begin, Seq end, Resend why);
  static Sent transmit_range(TcpTables& t, std::uint32_t slot, Seq sequence, std::uint32_t length,
                             bool fin_next, Resend why, Seq& end);
  static std::uint32_t frame_data(const TcpTables& t, const Connection& c, std::uint32_t left);
  static std::uint32_t sendable(const TcpTables& t, const Connection& c, std::uint32_t offset);
  static bool waits_for_small(const Connection& c, std::uint32_t length);
  static void rearm_after_output(TcpTables& t, std::uint32_t slot);
};

}  // namespace conker
