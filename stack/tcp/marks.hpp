// Time in 32 bits: what a connection remembers is brought forward before it looks newer than it is.
#pragma once

#include <cstdint>

#include "stack/tcp/held.hpp"
#include "stack/tcp/lifetime.hpp"
#include "stack/tcp/tables.hpp"

namespace conker {

class Marks {
 public:
  static void begin(TcpTables& t, Instant now);

 private:
  static void keep_marks(TcpTables& t, Instant now);
  static void forget_flights(TcpTables& t);
};

}  // namespace conker
