// What the control server has done, for `status`.
#pragma once

#include <cstdint>

namespace conker::daemon {

struct ControlCounters {
  std::uint64_t clients = 0;      // connected now
  std::uint64_t accepted = 0;     // of them, in all
  std::uint64_t turned_away = 0;  // at the cap
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;      // answers that were errors
  std::uint64_t bad_lines = 0;   // lines that were no request
  std::uint64_t long_lines = 0;  // clients disconnected for a line without end
  std::uint64_t cut_off = 0;     // clients disconnected because they did not read
};

}  // namespace conker::daemon
