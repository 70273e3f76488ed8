// Whether the tables of TCP agree with each other and with the counters.
#pragma once

#include <cstdint>

#include "stack/tcp/tables.hpp"

namespace conker {

/// What the walk over all tables found.
struct TcpAudit {
  std::uint64_t live = 0;
  std::uint64_t half_open = 0, time_wait = 0, listeners = 0;
  StateCounts in_state{};
  ChunkCounts chunks_held{};
  const char* fault = nullptr;
};

/// Changes nothing.
TcpAudit audit_of(const TcpTables& tables);

}  // namespace conker
