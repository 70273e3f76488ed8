// Arms the timers of connections, and refuses to in Destroy; deadlines.cpp lists them.
#pragma once

#include <cstdint>

#include "stack/tcp/tables.hpp"

namespace conker {

class Deadlines {
 public:
  static void arm(TcpTables& t, std::uint32_t slot, Timer timer, Duration in);
  static Duration rto(const TcpTables& t, const Connection& c) { return c.rto(t.settings); }
};

}  // namespace conker
