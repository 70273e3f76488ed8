// When something of a connection is due. One place arms, and refuses in Destroy; deadlines.cpp
// tells which timers there are.
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
