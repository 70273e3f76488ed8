// Challenge ACKs, which answer refused segments, and their limits (RFC 5961).
#pragma once

#include <cstdint>

#include "stack/tcp/emit.hpp"
#include "stack/tcp/lifetime.hpp"
#include "stack/tcp/limits.hpp"
#include "stack/tcp/tables.hpp"

namespace conker {

class Challenges {
 public:
  static bool challenge(TcpTables& t, std::uint32_t slot);
  static void challenge(TcpTables& t, HalfOpen& record);
  static bool may_answer(TcpTables& t, HalfOpen& record);
  static bool allowed(const TcpTables& t, AnswerBudget& budget);
};

}  // namespace conker
