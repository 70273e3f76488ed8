// What the system says of this process.
#pragma once

#include <cstdint>

namespace conker::daemon {

struct ProcessFacts {
  std::uint64_t resident_bytes = 0, most_descriptors = 0;
  int descriptors = 0;
  double cpu_seconds = 0;
};

/// Whatever the system does not say is 0.
ProcessFacts process_facts();

}  // namespace conker::daemon
