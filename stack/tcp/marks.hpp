// Time in 32 bits: the times that a connection keeps are brought forward before they wrap.
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
