// What a connection holds of the pool of chunks beside its queues; which recovery it has.
#pragma once

#include <cstdint>

#include "stack/tcp/deadlines.hpp"
#include "stack/tcp/tables.hpp"

namespace conker {

class Held {
 public:
  /// The recovery of the flight, and the context of its calls.
  static const Recovery& recovery(const TcpTables& t, const Connection& c);
  static const Recovery::Context& context(const TcpTables& t) { return t.recovery_context; }
  static void begin_flight(TcpTables& t, Connection& c);
  static bool end_flight(TcpTables& t, Connection& c);
  static std::uint32_t usable_window(const TcpTables& t, const Connection& c, std::uint32_t offset);
  static void forget_out_of_order(TcpTables& t, std::uint32_t slot);
  static void list_hole(TcpTables& t, std::uint32_t slot);
  static std::uint32_t gather(TcpTables& t, Connection& c, Seq sequence, std::uint32_t& length);
};

}  // namespace conker
