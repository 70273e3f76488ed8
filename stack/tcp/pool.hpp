// The shared pool of chunks under pressure.
#pragma once

#include <cstdint>

#include "stack/tcp/held.hpp"
#include "stack/tcp/lifetime.hpp"
#include "stack/tcp/limits.hpp"
#include "stack/tcp/tables.hpp"

namespace conker {

class PoolRelief {
 public:
  static bool make_room(TcpTables& t, Use use);
  static bool discard_oldest_hole(TcpTables& t);
  static void relieve_pool(TcpTables& t);
  static void tell_of_room(TcpTables& t, std::uint32_t slot);
  static bool may_wake_waiting(const TcpTables& t);
  static void wake_waiting(TcpTables& t);

 private:
  static std::uint32_t stalled_for(const TcpTables& t, const Connection& c);
  static bool has_room(const TcpTables& t, const Connection& c);
};

}  // namespace conker
